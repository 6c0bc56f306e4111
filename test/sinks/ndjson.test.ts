import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { t } from '../tap.ts'
import { Barrier } from '../../lib/stage/barrier.ts'
import type { Document } from '../../lib/document.ts'
import { ndjsonLine, ndjsonSink } from '../../sinks/ndjson.ts'
import { ndjson } from '../../sources/ndjson.ts'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { closed, collect, doc, docs, failure, filesIn, put, temporaryFolder } from '../helpers.ts'

t.test('each kind of item is written as a line', async t => {
  t.equal(ndjsonLine(doc('a', 'x\n"', { n: 1 })), '{"id":"a","text":"x\\n\\"","meta":{"n":1}}\n')
  t.equal(ndjsonLine({ id: 'a', ids: Int32Array.of(1, 2), meta: {} }), '{"id":"a","ids":[1,2],"meta":{}}\n')
  t.equal(ndjsonLine(Int32Array.of(3)), '{"ids":[3]}\n')
  t.equal(ndjsonLine(doc('a', '', { big: 2n ** 60n, at: new Date(0) })),
    '{"id":"a","text":"","meta":{"big":"1152921504606846976","at":"1970-01-01T00:00:00.000Z"}}\n')
})

t.test('documents are written, plain and compressed', async t => {
  const folder = temporaryFolder(t)
  const lines = docs(1000).map(ndjsonLine).join('')
  for (const name of ['out.ndjson', 'new/folder/out.ndjson.gz']) {
    const sink = ndjsonSink(join(folder, name))
    await pipeline(Readable.from(docs(1000)), sink)
    const bytes = readFileSync(join(folder, name))
    t.equal((name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString(), lines)
    t.strictSame(sink.stats, { in: 1000, out: 1000, dropped: {} })
  }
  t.strictSame(filesIn(folder), ['new/folder/out.ndjson.gz', 'out.ndjson'])
})

t.test('property: written documents are read back', async t => {
  const folder = temporaryFolder(t)
  const documents = fc.array(fc.record({
    id: fc.string({ minLength: 1 }),
    text: fc.string({ unit: 'grapheme' }),
    meta: fc.dictionary(fc.string(), fc.jsonValue())
  }), { maxLength: 9 })
  let checked = 0
  await fc.assert(fc.asyncProperty(documents, async documents => {
    const path = join(folder, 'a.ndjson')
    await pipeline(Readable.from(documents), ndjsonSink(path))
    // -0 is 0 in JSON, and an integer over 2^53 is read as its digits
    const plain = JSON.parse(JSON.stringify(documents), (_key, value: unknown) =>
      Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value as number) < 1e21
        ? JSON.stringify(value)
        : value) as Document[]
    t.strictSame(JSON.parse(JSON.stringify(await collect<Document>(ndjson(path)))), plain)
    checked++
  }), { numRuns: 40 })
  t.equal(checked, 40)
})

t.test('an empty flow makes an empty file; an unused sink makes no file', async t => {
  const folder = temporaryFolder(t)
  await pipeline(Readable.from([]), ndjsonSink(join(folder, 'empty')))
  ndjsonSink(join(folder, 'unused'))
  await new Promise(resolve => setTimeout(resolve, 10))
  t.strictSame(filesIn(folder), ['empty'])
  t.equal(readFileSync(join(folder, 'empty'), 'utf8'), '')
})

t.test('an error before the end keeps the previous file', async t => {
  const folder = temporaryFolder(t)
  const path = put(folder, 'a.ndjson', 'old')
  async function * broken (): AsyncGenerator<Document> {
    yield * docs(100)
    throw new Error('source')
  }
  const sink = ndjsonSink(path)
  t.match(await failure(pipeline(Readable.from(broken()), sink)), { message: 'source' })
  await closed(sink)
  t.equal(readFileSync(path, 'utf8'), 'old')
  t.strictSame(filesIn(folder), ['a.ndjson'])
  t.match(await failure(pipeline(Readable.from(docs(1)), ndjsonSink(join(path, 'b')))), { code: 'ERR_OUTPUT' })
  t.notOk(existsSync(join(path, 'b')))
})

t.test('options are validated', async t => {
  t.throws(() => ndjsonSink('a', { gzip: true } as never), { code: 'ERR_OPTION', message: /gzip/ })
})

t.test('an abort during the rename leaves either the complete file or none', async t => {
  const folder = temporaryFolder(t)
  for (let ticks = 0; ticks < 40; ticks++) {
    const path = join(folder, `${ticks}.ndjson`)
    const stop = new AbortController()
    const sink = ndjsonSink(path)
    const aborted = (async () => {
      for (let i = 0; i < ticks; i++) await new Promise(resolve => setImmediate(resolve))
      stop.abort()
    })()
    await pipeline(Readable.from(docs(5)), sink, { signal: stop.signal }).catch(() => {})
    await aborted
    await closed(sink)
    if (existsSync(path)) t.equal(readFileSync(path, 'utf8'), docs(5).map(ndjsonLine).join(''))
    t.notOk(filesIn(folder).some(name => name.endsWith('.tmp')), `after ${ticks} turns`)
  }
})

t.test('a document without meta is written with an empty one', async t => {
  t.equal(ndjsonLine({ id: 'a', text: 'x' } as Document), '{"id":"a","text":"x","meta":{}}\n')
})

t.test('a sink that is destroyed during a checkpoint closes after the checkpoint', async t => {
  const folder = temporaryFolder(t)
  for (const name of ['out.ndjson', 'out.ndjson.gz']) {
    const sink = ndjsonSink(join(folder, name), { resumable: true })
    let saved: unknown
    await new Promise<void>(resolve => {
      sink.on('error', () => {})
      for (const document of docs(3)) sink.write(document)
      sink.write(new Barrier(async () => {
        resolve()
        await wait(10)
        saved = await sink.save()
      }))
    })
    sink.destroy(new Error('stopped'))
    await closed(sink)
    t.match(
      saved, { lines: 3, output: { bytes: statSync(join(folder, `${name}.partial`)).size } },
      'the state matches the file on disk'
    )
  }
})
