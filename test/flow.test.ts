/** Behaviour that every stage must have in a flow: backpressure, errors, abort, an empty input, no shared state. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Readable, type Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ReadableStream, WritableStream } from 'node:stream/web'
import { t } from './tap.ts'
import type { Document } from '../lib/document.ts'
import { flatSink } from '../sinks/flat.ts'
import { ndjsonSink } from '../sinks/ndjson.ts'
import { npySink } from '../sinks/npy.ts'
import { parquetSink } from '../sinks/parquet.ts'
import { rowSink } from '../sinks/rows.ts'
import { textSink } from '../sinks/text.ts'
import { ndjson } from '../sources/ndjson.ts'
import { arrow } from '../sources/arrow.ts'
import { parquet } from '../sources/parquet.ts'
import { text } from '../sources/text.ts'
import { dedup } from '../transforms/dedup.ts'
import { encode } from '../transforms/encode.ts'
import { classify } from '../transforms/classify.ts'
import { language } from '../transforms/language.ts'
import { length } from '../transforms/length.ts'
import { normalize } from '../transforms/normalize.ts'
import { pack } from '../transforms/pack.ts'
import { closed, doc, failure, filesIn, fixture, howMany, ndjsonOf, put, temporaryFolder, through } from './helpers.ts'

const ENGLISH = 'The water of the river turns the wheel of the old mill, as it has done for many years; number'
const english = (i: number): Document => doc(`d${i}`, `${ENGLISH} ${i}.`)
const tokensOf = (i: number): unknown => ({ id: `d${i}`, ids: Int32Array.of(1, 2, 3, i), meta: {} })

interface Row {
  readonly make: () => Transform & { stats: { in: number } }
  readonly item: (i: number) => unknown
}

const transforms: Record<string, Row> = {
  normalize: { make: normalize, item: english },
  length: { make: () => length({ minChars: 1 }), item: english },
  language: { make: () => language({ threshold: 0 }), item: english },
  classify: { make: () => classify({ model: fixture('fasttext/hs.bin'), label: 'en', min: 0 }), item: english },
  dedup: { make: dedup, item: english },
  encode: { make: () => encode({ tokenizerPath: fixture('tiny.model') }), item: english },
  pack: { make: () => pack({ seqLen: 4 }), item: tokensOf }
}

/** Emits items while they are requested, one per turn of the event loop, and counts them. */
function endless (item: (i: number) => unknown): Readable & { given: number } {
  const source = Object.assign(new Readable({
    objectMode: true,
    read () { setImmediate(() => { if (!this.destroyed) this.push(item(source.given++)) }) }
  }), { given: 0 })
  return source
}

/** Accepts `count` items, and then none. */
function stalled (count: number): Writable & { taken: number } {
  const sink = Object.assign(new Writable({
    objectMode: true,
    write (_item, _encoding, done) { if (++sink.taken < count) done() }
  }), { taken: 0 })
  return sink
}

const later = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

for (const [name, { make, item }] of Object.entries(transforms)) {
  t.test(`${name}: an empty input gives an empty output`, async t => {
    const stage = make()
    t.strictSame(await through([], stage), [])
    t.match(stage.stats, { in: 0, out: 0, dropped: {} })
  })

  t.test(`${name}: a stalled sink stalls the source, within the high-water marks`, async t => {
    const [source, stage, sink] = [endless(item), make(), stalled(3)]
    const stop = new AbortController()
    const flow = failure(pipeline(source, stage, sink, { signal: stop.signal }))
    while (sink.taken < 3) await later(5)
    let before = -1
    while (before !== source.given) { // until it stops
      before = source.given
      await later(30)
    }
    const marks = source.readableHighWaterMark + stage.writableHighWaterMark + stage.readableHighWaterMark +
      sink.writableHighWaterMark
    t.ok(source.given - sink.taken <= marks + 1, `${source.given} given, ${sink.taken} taken, ${marks} may be held`)
    stop.abort()
    t.match(await flow, { name: 'AbortError' })
  })

  t.test(`${name}: an error before or after it destroys it and keeps its identity`, async t => {
    for (const breaks of ['source', 'sink']) {
      const cause = new Error(breaks)
      const source = endless(i => {
        if (breaks === 'source' && i === 5) source.destroy(cause)
        return item(i)
      })
      const sink = new Writable({
        objectMode: true, write (_item, _encoding, done) { done(breaks === 'sink' ? cause : null) }
      })
      const stage = make()
      t.equal(await failure(pipeline(source, stage, sink)), cause)
      t.ok(source.destroyed && stage.destroyed && sink.destroyed)
    }
  })

  t.test(`${name}: an abort signal destroys it`, async t => {
    for (const ms of [0, 5, 20]) {
      const stop = new AbortController()
      const [source, stage] = [endless(item), make()]
      setTimeout(() => { stop.abort() }, ms)
      t.match(await failure(pipeline(
        source, stage, new PassThrough({ objectMode: true }).resume(), { signal: stop.signal }
      )), { name: 'AbortError' })
      t.ok(stage.destroyed && source.destroyed)
    }
  })

  t.test(`${name}: its input items are not modified, and two instances share no state`, async t => {
    const items = [0, 1, 2].map(i => Object.freeze(item(i)))
    t.strictSame(await through(items, make()), await through(items, make()))
    t.strictSame(items, [0, 1, 2].map(item))
  })
}

t.test('a source is ahead of a stalled sink by at most the sum of the high-water marks', async t => {
  const folder = temporaryFolder(t)
  const path = put(folder, 'a.ndjson', ndjsonOf(Array.from({ length: howMany(5000, 20_000) }, (_, i) => english(i))))
  const stages = [
    ndjson(path), normalize(), length({ minChars: 1 }), dedup(), encode({ tokenizerPath: fixture('tiny.model') })
  ] as const
  const sink = stalled(3)
  const stop = new AbortController()
  const flow = failure(pipeline(...stages, sink, { signal: stop.signal }))
  while (sink.taken < 3) await later(5)
  let before = -1
  while (before !== stages[0].stats.out) {
    before = stages[0].stats.out
    await later(50)
  }
  const held = stages[0].readableHighWaterMark + sink.writableHighWaterMark +
    stages.slice(1).reduce((sum, stage) =>
      sum + (stage as Transform).writableHighWaterMark + stage.readableHighWaterMark, 0)
  t.ok(stages[0].stats.out - sink.taken <= held + 1, `${stages[0].stats.out} read, ${sink.taken} taken, ` +
    `${held} may be held`)
  stop.abort()
  t.match(await flow, { name: 'AbortError' })
  t.ok(stages.every(stage => stage.destroyed))
})

const fileSources: Readonly<Record<string, (folder: string) => Readable>> = {
  ndjson: folder =>
    ndjson(put(folder, 'a', ndjsonOf(Array.from({ length: howMany(5000, 50_000) }, (_, i) => english(i))))),
  text: folder => text(put(folder, 'a', ndjsonOf(Array.from({ length: howMany(5000, 50_000) }, (_, i) => english(i))))),
  parquet: () => parquet(fixture('parquet/row-groups.parquet')),
  arrow: () => arrow([fixture('arrow/codec-none-v2.stream.arrow'), fixture('arrow/codec-none-v2.file.arrow')])
}

for (const [name, make] of Object.entries(fileSources)) {
  t.test(`${name} source: an error after it and an abort close its file`, async t => {
    const folder = temporaryFolder(t)
    for (const ends of ['error', 'abort', 'break']) {
      const before = openFiles()
      const source = make(folder)
      const stop = new AbortController()
      const cause = new Error('sink')
      let taken = 0
      if (ends === 'break') {
        for await (const document of source) if (document !== null && ++taken === 10) break
      } else {
        const sink = new Writable({
          objectMode: true,
          write (_item, _encoding, done) {
            if (++taken === 10 && ends === 'abort') stop.abort(); done(
              taken === 10 && ends === 'error' ? cause : null
            )
          }
        })
        const error = await failure(pipeline(source, sink, { signal: stop.signal }))
        if (ends === 'error') t.equal(error, cause)
        else t.match(error, { name: 'AbortError' })
      }
      t.ok(source.destroyed)
      for (let i = 0; i < 50 && openFiles() > before; i++) await later(10)
      t.ok(openFiles() <= before, `${ends}: no file is left open`)
    }
  })
}

const sinks = {
  'ndjson sink': (path: string) => [ndjsonSink(path), english] as const,
  'ndjson sink, compressed': (path: string) => [ndjsonSink(`${path}.gz`), english] as const,
  'ndjson sink, zstd': (path: string) => [ndjsonSink(`${path}.zst`), english] as const,
  'text sink': (path: string) => [textSink(path), english] as const,
  'text sink, zstd': (path: string) => [textSink(`${path}.txt.zst`), english] as const,
  'npy sink': (path: string) => [npySink(path), (i: number) => Int32Array.of(i, i)] as const,
  'parquet sink': (path: string) => [parquetSink(`${path}.parquet`), english] as const,
  'flat sink': (path: string) => [
    flatSink(path, { format: 'megatron', vocabSize: 2 ** 16 }), (i: number) => ({ ids: Int32Array.of(i, i) })
  ] as const,
  'sink for rows': (path: string) => [
    rowSink(path, { format: 'mds', seqLen: 2, vocabSize: 2 ** 16 }), (i: number) => Int32Array.of(i, i)
  ] as const
}

for (const [name, make] of Object.entries(sinks)) {
  t.test(`${name}: an error before it and an abort leave no file, neither open nor written`, async t => {
    const folder = temporaryFolder(t)
    const before = openFiles()
    for (const ends of ['error', 'abort']) {
      const [sink, item] = make(join(folder, 'out'))
      const cause = new Error('source')
      const stop = new AbortController()
      const source = endless(i => {
        if (i === 20 && ends === 'error') source.destroy(cause)
        if (i === 20 && ends === 'abort') stop.abort()
        return item(i)
      })
      const error = await failure(pipeline(source, sink, { signal: stop.signal }))
      if (ends === 'error') t.equal(error, cause)
      else t.match(error, { name: 'AbortError' })
      await closed(sink)
      t.strictSame(filesIn(folder), [], ends)
    }
    for (let i = 0; i < 50 && openFiles() > before; i++) await later(10)
    t.ok(openFiles() <= before, 'no file is left open') // an earlier test may have closed one in the meantime
  })
}

/** Files that this process has open; none on a system that doesn't list them. */
function openFiles (): number {
  return existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0
}

/** The body of a response, as returned by `fetch`. */
const body = (content: string): ReadableStream => new Response(content).body as ReadableStream

t.test('web streams at both ends pass all documents in order', async t => {
  const content = ndjsonOf(Array.from({ length: 100 }, (_, i) => english(i)))
  for (const input of [Readable.fromWeb(body(content)), body(content)]) {
    const ids: string[] = []
    const documents = Readable.toWeb(ndjson(input).pipe(length({ minChars: 1 }))) as AsyncIterable<Document>
    for await (const { id } of documents) ids.push(id)
    t.strictSame(ids, Array.from({ length: 100 }, (_, i) => `d${i}`))
  }
})

t.test('a web stream is cancelled when its source ends early, and its reader fails when the source fails', async t => {
  let isCancelled = false
  const endlessBody = new ReadableStream<Uint8Array>({
    pull (controller) { controller.enqueue(Buffer.from(ndjsonOf([english(0)]))) },
    cancel () { isCancelled = true }
  })
  const source = ndjson(Readable.fromWeb(endlessBody))
  source.once('data', () => { source.destroy() })
  await closed(source)
  t.ok(isCancelled)
  const failing = ndjson(Readable.fromWeb(body('{"text":"a"}\nno json\n')), { maxBad: 0 })
  t.match(await failure(Readable.toWeb(failing).pipeTo(new WritableStream())), { code: 'ERR_BAD_RECORDS' })
})

t.test('a web stream that is cancelled closes its source', async t => {
  const path = put(temporaryFolder(t), 'a.ndjson', ndjsonOf(Array.from({ length: 2000 }, (_, i) => english(i))))
  for (const isFiltered of [false, true]) {
    for (const leave of ['break', 'cancel', 'abort']) {
      const source = ndjson(path)
      const stream = isFiltered ? source.pipe(length({ minChars: 1 })) : source
      const documents = Readable.toWeb(stream)
      if (leave === 'break') {
        let count = 0
        for await (const document of documents) if (document !== undefined && ++count === 3) break
      } else if (leave === 'cancel') await documents.cancel()
      else await documents.pipeTo(new WritableStream({ write () { throw new Error('full') } })).catch(() => {})
      await closed(stream)
      await new Promise(resolve => { setImmediate(resolve) })
      t.ok(stream.destroyed, leave)
      source.destroy()
    }
  }
})

t.test('async generators at both ends and between stages pass all documents in order', async t => {
  let ended = false
  async function * documents (): AsyncGenerator<Document> {
    try {
      for (let i = 0; i < 50; i++) yield english(i)
    } finally {
      ended = true
    }
  }
  const ids: string[] = []
  await pipeline(documents, normalize(), async function * (given) {
    for await (const document of given) if (Number(document.id.slice(1)) % 2 === 0) yield document
  }, length({ minChars: 1 }), async given => {
    for await (const { id } of given) ids.push(id)
  })
  t.strictSame(ids, Array.from({ length: 25 }, (_, i) => `d${2 * i}`))
  t.ok(ended)
  ended = false
  await t.rejects(pipeline(documents, normalize(), async given => {
    for await (const { id } of given) if (id === 'd3') throw new Error('no more')
  }), { message: 'no more' })
  t.ok(ended, 'an error in the sink ends the generator')
})
