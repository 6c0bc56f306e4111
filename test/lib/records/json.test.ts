import { Readable } from 'node:stream'
import fc from 'fast-check'
import { t } from '../../tap.ts'
import type { Document } from '../../../lib/document.ts'
import type { SourcePosition } from '../../../lib/records/positions.ts'
import { type NdjsonOptions, ndjson } from '../../../sources/ndjson.ts'
import { collect, doc, failure, put, codePoint, howMany, temporaryFolder } from '../../helpers.ts'

/** Documents of JSON in chunks of a given size, with all faults allowed. */
async function read (
  json: string,
  options: NdjsonOptions = {},
  chunkBytes = 5
): Promise<{ documents: Document[], source: ReturnType<typeof ndjson> }> {
  const bytes = Buffer.from(json)
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, i) =>
    bytes.subarray(i * chunkBytes, (i + 1) * chunkBytes))
  const source = ndjson(Readable.from(chunks), { maxBad: '100%', ...options })
  return { documents: await collect<Document>(source), source }
}

t.test('the elements of an array are records; without an id, they are named by their position', async t => {
  const json = '\ufeff [ {"text":"a]"},\n {"id":"x","text":"\\"],[{","y":[1,{"z":[]}]} , 3, ' +
    '[{"text":1}],{"text":7},{"text":"\\\\"}] \r\n'
  const { documents, source } = await read(json)
  t.strictSame(documents, [
    doc('-#6', 'a]'), doc('x', '"],[{', { y: [1, { z: [] }] }), doc(`-#${Buffer.from(json).lastIndexOf('{')}`, '\\')
  ])
  t.match(source.stats, { in: 6, out: 3, dropped: { not_object: 2, text_not_string: 1 } })
})

t.test('empty arrays, padding, and an extra comma, which is a bad record', async t => {
  for (const json of ['[]', ' [ \n ]\n', '[]\0\0\0', '', ' \n\n']) t.strictSame((await read(json)).documents, [])
  for (const [json, bad] of [
    ['[{"text":"a"},]', 1],
    ['[{"text":"a"}]\0\0\0\0\0\0', 0],
    ['[,{"text":"a"},,]', 3]
  ] as const) {
    const { documents, source } = await read(json)
    t.equal(documents.length, 1, json)
    t.equal(source.stats.dropped.bad_json ?? 0, bad, json)
  }
})

t.test('an element that is no JSON is counted, and no other element is lost', async t => {
  const { documents, source } = await read('[{"text":"a"},{"text":},{"text":"b"},nonsense,{"text":"c"}]')
  t.strictSame(documents.map(({ text }) => text), ['a', 'b', 'c'])
  t.strictSame(source.stats.dropped, { bad_json: 2 })
})

t.test('an array that is truncated, or followed by other data, is an error', async t => {
  for (const json of ['[', '[{"text":"a"}', '[{"text":"a"},', '[{"text":"a', '[{"text":"a"},{"text":"b}]']) {
    t.match(await failure(read(json)), {
      code: 'ERR_SOURCE', message: /the JSON array at the start of the file has no end/
    }, json)
  }
  for (const json of ['[{"text":"a"}] {"text":"b"}', '[{"text":"a"}]]', '[1]\n{"text":"a"}\n']) {
    t.match(await failure(read(json)), { code: 'ERR_SOURCE', message: /has ended, but more follows/ }, json)
  }
})

t.test('an element that is too long uses memory for its beginning only', async t => {
  const { documents, source } = await read(
    `[{"text":"${'x'.repeat(100_000)}"},{"text":"b"}]`, { maxLineBytes: 100 }, 1000
  )
  t.strictSame(documents.map(({ text }) => text), ['b'])
  t.strictSame(source.stats.dropped, { too_long: 1 })
})

t.test('long white space at the start, and JSON that is nested too deep to be written again', async t => {
  const { documents } = await read(`${' '.repeat(100_000)}\n{"text":"a"}`, {}, 1000)
  t.strictSame(documents.map(({ text }) => text), ['a'])
  const nested = (depth: number): string => `{"id":"d","text":"a","n":${'['.repeat(depth)}${']'.repeat(depth)}}`
  const { source } = await read([
    nested(900), nested(1001), nested(10_000), nested(100_000), `{"id":${nested(5000)},"text":"a"}`, '['.repeat(5000)
  ].join('\n'), {}, 100_000)
  t.strictSame(source.stats, { in: 6, out: 1, dropped: { too_deep: 4, bad_json: 1 }, bytes: source.stats.bytes })
})

t.test('the last of two equal keys counts, and a key may have any name', async t => {
  const { documents } = await read('{"id":"a","text":"one","text":"two","__proto__":{"x":1},"constructor":2}')
  t.strictSame(documents.map(({ text }) => text), ['two'])
  t.strictSame(Object.entries(documents[0]!.meta), [['__proto__', { x: 1 }], ['constructor', 2]])
})

t.test('an array gives the same documents as NDJSON, in any chunks and from every position', async t => {
  const folder = temporaryFolder(t)
  const record = fc.record({
    id: fc.string(),
    text: fc.string({ unit: codePoint }).map(text => text.toWellFormed()),
    meta: fc.jsonValue({ maxDepth: 3 })
  }, { requiredKeys: ['text'] })
  const lists = fc.array(record, { maxLength: 6 })
  const indents = fc.constantFrom(undefined, 1, '\t')
  const sizes = fc.integer({ min: 1, max: 50 })
  await fc.assert(fc.asyncProperty(lists, indents, sizes, async (records, indent, chunkBytes) => {
    const named = records.map((record, i) => ({ ...record, id: `n${i}` }))
    const array = JSON.stringify(named, null, indent)
    const lines = named.map(record => JSON.stringify(record)).join('\n')
    const { documents } = await read(array, {}, chunkBytes)
    t.strictSame(documents, (await read(lines, {}, chunkBytes)).documents)
    const path = put(folder, 'a.json', array)
    const source = ndjson(path, { highWaterMark: 1 })
    const positions: SourcePosition[] = []
    for await (const document of source) {
      if (document.id !== '') positions.push(source.position)
    }
    for (const [index, from] of positions.entries()) {
      t.strictSame(await collect(ndjson(path, { from })), documents.slice(index + 1))
      t.strictSame(
        await collect(ndjson(Readable.from([Buffer.from(array)]), { from: { ...from, path: '-' } })),
        documents.slice(index + 1)
      )
    }
  }), { numRuns: howMany(8, 100) })
})
