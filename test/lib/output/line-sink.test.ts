import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import fc from 'fast-check'
import { t } from '../../tap.ts'
import { Barrier } from '../../../lib/stage/barrier.ts'
import type { Document } from '../../../lib/document.ts'
import { readBytes } from '../../../lib/input/read.ts'
import type { LineSink, LineSinkState } from '../../../lib/output/line-sink.ts'
import { LineWriter } from '../../../lib/output/line-writer.ts'
import { ndjsonLine, ndjsonSink } from '../../../sinks/ndjson.ts'
import { textSink } from '../../../sinks/text.ts'
import { closed, docs, failure, filesIn, folderInMemory } from '../../helpers.ts'

const DOCUMENTS = docs(12)

/**
 * Writes documents from `from` on, saves after `to` of them by a barrier, and fails after `lost` more; without `to`,
 * writes to the end.
 */
async function write (sink: LineSink<Document>, from: number, to?: number, lost = 0): Promise<LineSinkState | null> {
  let state: LineSinkState | null = null
  async function * items (): AsyncGenerator<Document | Barrier> {
    if (to === undefined) return yield * DOCUMENTS.slice(from)
    yield * DOCUMENTS.slice(from, to)
    await new Promise<void>(resolve => {
      const arrive = async (): Promise<void> => {
        state = JSON.parse(JSON.stringify(await sink.save())) as LineSinkState
        resolve()
      }
      return sink.write(new Barrier(arrive))
    })
    yield * DOCUMENTS.slice(to, to + lost)
    throw new Error('killed')
  }
  const flow = pipeline(Readable.from(items()), sink)
  if (to === undefined) await flow
  else t.match(await failure(flow), { message: 'killed' })
  await closed(sink)
  return state
}

async function textOf (path: string): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of readBytes(path)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

type MakeSink = (path: string, options: { resumable: boolean }) => LineSink<Document>

const sinks: Readonly<Record<string, MakeSink>> = {
  'a.ndjson': ndjsonSink,
  'a.ndjson.gz': ndjsonSink,
  'a.ndjson.zst': ndjsonSink,
  'a.txt': textSink
}

for (const [name, make] of Object.entries(sinks)) {
  t.test(`${name}: saved after any document and resumed, it has the same lines and stats`, async t => {
    const folder = folderInMemory(t)
    const whole = make(join(folder, `whole-${name}`), { resumable: true })
    await write(whole, 0)
    const expected = await textOf(join(folder, `whole-${name}`))
    const path = join(folder, name)
    const places = Array.from({ length: DOCUMENTS.length + 1 }, (_, i) => i)
    await fc.assert(fc.asyncProperty(fc.subarray(places), fc.nat(3), async (cuts, lost) => {
      let state: LineSinkState | null = null
      const begin = (): LineSink<Document> => {
        const sink = make(path, { resumable: true })
        if (state !== null) sink.restore(state)
        return sink
      }
      let at = 0
      for (const cut of cuts) {
        state = await write(begin(), at, cut, lost)
        t.equal(state!.lines, cut)
        at = cut
      }
      const last = begin()
      await write(last, at)
      t.equal(await textOf(path), expected)
      t.strictSame(last.stats, whole.stats)
      t.strictSame(filesIn(folder), [name, `whole-${name}`].sort())
    }), { numRuns: 6 })
  })
}

t.test('a sink that is not resumable leaves no file if it fails after a barrier', async t => {
  const folder = folderInMemory(t)
  const sink = ndjsonSink(join(folder, 'a.ndjson'))
  let arrived = 0
  async function * items (): AsyncGenerator<Document | Barrier> {
    yield DOCUMENTS[0]!
    yield new Barrier(async () => { arrived++ })
    yield DOCUMENTS[1]!
    throw new Error('killed')
  }
  t.match(await failure(pipeline(Readable.from(items()), sink)), { message: 'killed' })
  await closed(sink)
  t.equal(arrived, 1)
  t.match(sink.stats, { in: 2 })
  t.strictSame(filesIn(folder), [])
})

t.test('a line that can\'t be written and an error at a barrier fail the sink', async t => {
  const folder = folderInMemory(t)
  const loop: Record<string, unknown> = {}
  loop.loop = loop
  const sink = ndjsonSink(join(folder, 'a.ndjson'), { resumable: true })
  t.match(await failure(pipeline(Readable.from([{ ...DOCUMENTS[0]!, meta: loop }]), sink)), { name: 'TypeError' })
  const other = ndjsonSink(join(folder, 'b.ndjson'), { resumable: true })
  t.match(
    await failure(pipeline(Readable.from([new Barrier(() => Promise.reject(new Error('no room')))]), other)),
    { message: 'no room' }
  )
  await Promise.all([sink, other].map(closed))
  t.strictSame(filesIn(folder), [])
})

t.test('an invalid state is refused', async t => {
  const folder = folderInMemory(t)
  const state = await write(ndjsonSink(join(folder, 'a.ndjson'), { resumable: true }), 0, 3)
  for (const bad of [
    null,
    {},
    { lines: 1 },
    { ...state, more: 1 },
    { ...state, lines: -1 },
    { ...state, output: { ...state!.output, tail: 'x' } },
    { ...state, output: { bytes: 1.5, tail: state!.output.tail } }
  ]) {
    t.throws(
      () => { ndjsonSink(join(folder, 'a.ndjson'), { resumable: true }).restore(bad) },
      { code: 'ERR_STATE', message: /ndjson: not a state of this stage/ }
    )
  }
})

t.test('a writer without new lines since its mark can be saved, committed and abandoned', async t => {
  const folder = folderInMemory(t)
  const path = join(folder, 'a.ndjson')
  const first = new LineWriter(path, { resumable: true })
  await first.add(ndjsonLine(DOCUMENTS[0]!))
  const state = await first.save()
  await first.abandon()
  const second = new LineWriter(path, { resumable: true })
  second.restore(state)
  t.strictSame(await second.save(), state)
  await second.abandon()
  const third = new LineWriter(path, { resumable: true })
  third.restore(state)
  await third.abandon()
  t.strictSame(filesIn(folder), ['a.ndjson.partial'])
  third.restore(state)
  const last = new LineWriter(path, { resumable: true })
  last.restore(state)
  await last.commit()
  t.equal(readFileSync(path, 'utf8'), ndjsonLine(DOCUMENTS[0]!))
  t.strictSame(filesIn(folder), ['a.ndjson'])
})
