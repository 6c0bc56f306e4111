import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import fc from 'fast-check'
import { t } from '../../tap.ts'
import { Barrier } from '../../../lib/stage/barrier.ts'
import type { Document } from '../../../lib/document.ts'
import type { RecordSource } from '../../../lib/records/source.ts'
import type { SourceOptions, SourceState, SourceStats } from '../../../lib/records/source-options.ts'
import { csv } from '../../../sources/csv.ts'
import { ndjson } from '../../../sources/ndjson.ts'
import { parquet } from '../../../sources/parquet.ts'
import { text } from '../../../sources/text.ts'
import { dedup } from '../../../transforms/dedup.ts'
import { length } from '../../../transforms/length.ts'
import { normalize } from '../../../transforms/normalize.ts'
import { compressions } from '../../formats.ts'
import { docs, failure, folderInMemory, ndjsonOf, put } from '../../helpers.ts'
import { writeParquet } from '../../parquet-writer.ts'

type MakeSource = (options: SourceOptions & { maxBad: string }) => RecordSource

interface Read {
  readonly documents: Document[]
  readonly stats: SourceStats
  /** The state at the cut; null if it reached the end. */
  readonly state: SourceState | null
}

/** Resumes from a state until there are a number of documents in total, at a barrier, or to the end. */
async function readOn (
  make: MakeSource,
  state: SourceState | null,
  cut = Infinity,
  end: 'stop' | 'destroy' = 'stop'
): Promise<Read> {
  const documents: Document[] = []
  let saved: SourceState | null = null
  const source = make({ maxBad: '100%' })
  source.sendBarriers({
    isDue: () => source.stats.out === cut,
    arrived: async () => {
      saved = JSON.parse(JSON.stringify(source.save())) as SourceState
      source[end]()
    }
  })
  if (state !== null) source.restore(state)
  await pipeline(source, barrierSink(documents))
    .catch((error: unknown) => { if (saved === null || end === 'stop') throw error })
  return { documents, stats: source.stats, state: saved }
}

/** Collects documents, and lets barriers arrive. */
function barrierSink (documents: Document[]): Writable {
  return new Writable({
    objectMode: true,
    write (item: Document | Barrier, _encoding, done) {
      if (!(item instanceof Barrier)) {
        documents.push(item)
        done()
      } else item.arrive().then(() => { done() }, done)
    }
  })
}

/**
 * Two files each, so that a position can be in the second one; with records of every fault, and lines that are no
 * records.
 */
const contents: Readonly<Record<string, {
  make: (files: string[], options: SourceOptions & { maxBad: string }) => RecordSource,
  ending: string,
  files: ReadonlyArray<string | Buffer>
}>> = {
  lines: {
    make: ndjson,
    ending: '.ndjson',
    files: [
      '\ufeff{"id":"a","text":"one"}\r\n\n{"text":"zwölf 語"}\nno ' +
        'json\n{"id":"c","text":null}\n[1]\n{"id":"d","text":"four"}\n\n',
      Buffer.concat([
        Buffer.from('{"text":5}\n{"text":"five"}\n'), Buffer.of(0xff, 0x0a), Buffer.from('{"text":"the last"}')
      ])
    ]
  },
  array: {
    make: ndjson,
    ending: '.json',
    files: [
      '\ufeff [ {"id":"a","text":"o\\"n],e"} ,\n{"text":"two"}, 5,, {"text":null},{"text":"four", ' +
        '"x":[{"y":"}"}]}\n, ]\n\0\0',
      '[{"text":"five"},{"text":"six"}\n]\n'
    ]
  },
  csv: {
    make: csv,
    ending: '.csv',
    files: [
      '\ufeff\nid,text,url\r\na,one,x\r\n\r\nb,"two ""2""\n, still two",y\r\nc,three\r\nd,"four" d,z\r\ne,five,\r\n',
      'text\nsix\n\n"seven"'
    ]
  },
  text: {
    make: text,
    ending: '.txt',
    files: ['one\r\n\nthree\n', Buffer.concat([Buffer.of(0xfe, 0x0a), Buffer.from('vier ü\nfive')])]
  }
}

const kinds: Record<string, (folder: string) => Promise<MakeSource>> = {
  parquet: async folder => {
    const column = (name: string, data: unknown[]): { name: string, data: unknown[], type: 'STRING' } => ({
      name, data, type: 'STRING'
    })
    const files: string[] = []
    for (const part of [texts.slice(0, 7), texts.slice(7)]) { // one at a time
      files.push(put(folder, `${files.length}.parquet`, await writeParquet([
        column('id', part.map(String)), column('text', part)
      ], { codec: 'SNAPPY', pageSize: 40, rowGroupSize: [2, 3] })))
    }
    return options => parquet(files, options)
  }
}
const texts = Array.from({ length: 12 }, (_, i) => i === 5 ? null : `text ${i} `.repeat(i + 1))

for (const [kind, { make, ending, files }] of Object.entries(contents)) {
  for (const [compression, compress] of Object.entries(compressions)) {
    kinds[kind + compression] = async folder => {
      const paths = files.map((file, i) => put(folder, `${i}${ending}${compression}`, compress(Buffer.from(file))))
      return options => make(paths, options)
    }
  }
}

for (const [kind, prepare] of Object.entries(kinds)) {
  t.test(`${kind}: resumed from any documents, the rest and the stats equal those of one pass`, async t => {
    const make = await prepare(folderInMemory(t))
    const whole = await readOn(make, null)
    const count = whole.documents.length
    t.ok(count >= 5)
    t.equal(whole.state, null)
    async function readInPieces (cuts: readonly number[]): Promise<void> {
      let read: Read = { documents: [], state: null, stats: whole.stats }
      const documents: Document[] = []
      for (const cut of [...cuts, Infinity]) {
        const end = cut % 2 === 0 ? 'destroy' : 'stop'
        read = await readOn(make, read.state, cut, end)
        documents.push(...read.documents)
        if (cut <= count) t.match(read.state, { stats: { out: cut } })
      }
      t.strictSame(documents, whole.documents, `cut at ${cuts.join()}`)
      t.strictSame(read.stats, whole.stats, `cut at ${cuts.join()}`)
    }
    const all = Array.from({ length: count }, (_, i) => i + 1)
    await readInPieces(all)
    await fc.assert(fc.asyncProperty(fc.subarray(all), readInPieces), { numRuns: 3 })
  })
}

t.test('a barrier reaches the sink after all documents before it, and the source waits for it', async t => {
  const path = put(folderInMemory(t), 'a.ndjson', ndjsonOf(docs(40, 'a  text')))
  const documents: Document[] = []
  const seen: Array<[came: number, made: number]> = []
  const source = ndjson(path, { highWaterMark: 4 })
  source.sendBarriers({
    isDue: () => source.stats.out % 7 === 0,
    async arrived () {
      const { out } = source.stats
      await new Promise(resolve => setTimeout(resolve, 1))
      t.equal(source.stats.out, out)
      t.equal(source.readableLength, 0)
      seen.push([documents.length, out])
    }
  })
  const stages = [
    normalize({ highWaterMark: 4 }), length({ minChars: 2, highWaterMark: 4 }), dedup({ highWaterMark: 4 })
  ]
  await pipeline([source, ...stages, barrierSink(documents)] as unknown as NodeJS.ReadWriteStream[])
  t.strictSame(seen, [7, 14, 21, 28, 35].map(n => [n, n]))
  t.strictSame(documents, docs(40, 'a text'))
  t.ok([source, ...stages].every(({ stats }) => stats.out === 40), 'no stage counts a barrier')
})

t.test('a source that is destroyed or stopped during its barrier ends', async t => {
  const path = put(folderInMemory(t), 'a.ndjson', ndjsonOf(docs(10)))
  const waiting = (): { source: RecordSource, got: unknown[] } => {
    const got: unknown[] = []
    const source = ndjson(path)
    source.sendBarriers(
      { isDue: () => source.stats.out === 3, arrived: async () => { t.fail('the barrier must not arrive') } }
    )
    source.on('data', item => { got.push(item) })
    return { source, got }
  }
  for (const end of ['stop', 'destroy'] as const) {
    const { source, got } = waiting()
    while (got.length < 4) await new Promise(resolve => setImmediate(resolve))
    await new Promise(resolve => setTimeout(resolve, 2))
    t.equal(got.length, 4, 'three documents, the barrier, and nothing more')
    t.ok(got[3] instanceof Barrier)
    const closed = new Promise(resolve => source.once('close', resolve))
    source[end]()
    await closed
    t.equal(got.length, 4)
    t.equal(source.stats.out, 3)
  }
})

t.test('an error at a barrier fails the flow', async t => {
  const path = put(folderInMemory(t), 'a.ndjson', ndjsonOf(docs(10)))
  const source = ndjson(path)
  source.sendBarriers({ isDue: () => source.stats.out === 3, arrived: async () => { throw new Error('no room') } })
  t.match(await failure(pipeline(source, barrierSink([]))), { message: 'no room' })
  t.ok(source.destroyed)
})

t.test('the first bad record is still reported if it was before the checkpoint', async t => {
  const path = put(folderInMemory(t), 'a.ndjson', 'bad\n{"text":"a"}\n{"text":"b"}\nworse\n')
  const { state } = await readOn(options => ndjson(path, options), null, 1)
  const source = ndjson(path)
  source.restore(state!)
  t.match(await failure(pipeline(source, barrierSink([]))), {
    code: 'ERR_BAD_RECORDS', message: /2 of 4 records are bad \(bad_json: 2\).*the first is bad_json at .*a\.ndjson#0/
  })
})

t.test('an invalid state, or one for other files, is refused', async t => {
  const folder = folderInMemory(t)
  const paths = ['a.ndjson', 'b.ndjson.gz', 'c.parquet'] as const
  put(folder, paths[0], ndjsonOf(docs(3)))
  put(folder, paths[1], compressions['.gz']!(Buffer.from(ndjsonOf(docs(3)))))
  put(folder, paths[2], await writeParquet(
    [{ name: 'text', data: ['a', 'b', 'c'], type: 'STRING' }], { codec: 'SNAPPY', pageSize: 1000, rowGroupSize: [10] }
  ))
  for (const name of paths) {
    const path = join(folder, name)
    const make = (options: SourceOptions & { maxBad: string }): RecordSource =>
      name.endsWith('.parquet') ? parquet(path, options) : ndjson(path, options)
    const good = (await readOn(make, null, 2)).state!
    const other = (position: object): SourceState => ({ ...good, position: { ...good.position, ...position } })
    for (const bad of [
      null, {}, 'x', { ...good, more: 1 }, { ...good, firstBad: 5 }, other({ offset: -1 }), other({ file: 0.5 }),
      { ...good, stats: { ...good.stats, in: 'x' } }
    ]) {
      t.throws(() => { make({ maxBad: '0' }).restore(bad) }, { code: 'ERR_STATE' }, JSON.stringify(bad))
    }
    t.match(await failure(readOn(make, other({ path: 'b' }))), {
      code: 'ERR_STATE', message: /the saved position is in input file 1, b, but that is now .*; start over/
    })
    t.match(await failure(readOn(make, other({ file: 1 }))), { code: 'ERR_STATE', message: /is now missing/ })
    t.match(await failure(readOn(make, other({ offset: 100_000 }))), { code: 'ERR_STATE' }, name)
  }
})
