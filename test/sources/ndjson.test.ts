import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import type { Document } from '../../lib/document.ts'
import { documentPath } from '../../lib/input/find.ts'
import type { SourcePosition } from '../../lib/records/positions.ts'
import { ndjson } from '../../sources/ndjson.ts'
import { collect, doc, failure, ndjsonOf, put, temporaryFolder } from '../helpers.ts'
import { t } from '../tap.ts'

/** Documents of bytes, with all faults allowed. */
async function read (
  bytes: string | Buffer,
  options: Parameters<typeof ndjson>[1] = {}
): Promise<{ documents: Document[], source: ReturnType<typeof ndjson> }> {
  const source = ndjson(Readable.from([Buffer.from(bytes)]), { maxBad: '100%', ...options })
  return { documents: await collect<Document>(source), source }
}

t.test('other fields of a record become meta; a record {id, text, meta} is a document as is', async t => {
  const { documents } = await read(ndjsonOf([
    { id: 'a', text: 'one', source: 'x', meta: { deep: 1 } },
    { id: 'b', text: 'two', meta: { kept: true } },
    { id: 'c', text: 'three' },
    { id: 'd', text: 'four', meta: null },
    { id: 'e', text: 'five', meta: [1] }
  ]))
  t.strictSame(documents, [
    doc('a', 'one', { source: 'x', meta: { deep: 1 } }),
    doc('b', 'two', { kept: true }),
    doc('c', 'three'),
    doc('d', 'four', { meta: null }),
    doc('e', 'five', { meta: [1] })
  ])
})

t.test('the text can be in another column', async t => {
  const { documents } = await read(ndjsonOf([
    { id: 'a', content: 'one', text: 'other' }, { id: 'b', content: 'two', meta: {} }
  ]), { textColumn: 'content' })
  t.strictSame(documents, [doc('a', 'one', { text: 'other' }), doc('b', 'two', { meta: {} })])
})

t.test('a record without an id is named by its position', async t => {
  const lines = [
    '{"text":"é"}', '{"id":null,"text":"a"}', '{"id":"","text":"a"}', '{"id":1.5e300,"text":"a"}',
    '{"id":7,"text":"a"}', '{"id":0.5,"text":"a"}', '{"id":{},"text":"a"}'
  ]
  const { documents } = await read(lines.join('\n'))
  const offsets = lines.map((_, i) => Buffer.byteLength(lines.slice(0, i).map(line => line + '\n').join('')))
  t.strictSame(documents.map(({ id }) => id), [
    `-#${offsets[0]}`, `-#${offsets[1]}`, `-#${offsets[2]}`, `-#${offsets[3]}`, '7', '0.5', `-#${offsets[6]}`
  ])
})

t.test('ids have the file as it was given, and the byte in its decompressed content', async t => {
  const folder = temporaryFolder(t)
  const lines = '{"text":"a"}\n{"text":"b"}\n'
  const [plain, compressed] = [put(folder, 'a.ndjson', lines), put(folder, 'b.ndjson.gz', gzipSync(lines))]
  const documents = await collect<Document>(ndjson([plain, compressed]))
  t.strictSame(documents.map(({ id }) => id), [plain, compressed].flatMap(path =>
    [`${documentPath(path)}#0`, `${documentPath(path)}#13`]))
})

t.test('a bad record is counted by reason, and the other records are read', async t => {
  const { documents, source } = await read(Buffer.concat([
    Buffer.from('{"id":"first","text":"kept"}\n'),
    Buffer.from('{"id":"cut","text":"\n'),
    Buffer.from('nonsense\n[1]\n"text"\nnull\n7\n'),
    Buffer.from('{"id":"x"}\n{"id":"y","text":null}\n'),
    Buffer.from('{"id":"z","text":7}\n{"text":["a",1]}\n'),
    Buffer.from('{"text":"\xff"}\n', 'latin1'),
    Buffer.from('{"text":"\\ud83c"}\n'),
    Buffer.from(`{"text":"${'x'.repeat(100)}"}\n`),
    Buffer.from('\n   \n\r\n'),
    Buffer.from('{"id":"last","text":"kept"}')
  ]), { maxLineBytes: 64 })
  t.strictSame(documents, [doc('first', 'kept'), doc('-#63', 'text'), doc('last', 'kept')])
  t.strictSame(source.stats.dropped, {
    bad_json: 2, not_object: 3, no_text: 2, text_not_string: 2, bad_utf8: 1, lone_surrogate: 1, too_long: 1
  })
  t.equal(source.stats.in, 15)
  t.equal(source.stats.out, 3)
})

t.test('CRLF, a byte order mark, and a missing last line end', async t => {
  const { documents, source } = await read('\ufeff{"id":"a","text":"x"}\r\n\r\n{"id":"b","text":"y"}')
  t.strictSame(documents, [doc('a', 'x'), doc('b', 'y')])
  t.strictSame(source.stats.dropped, {})
})

t.test('__proto__ and other special keys are plain data', async t => {
  const { documents } = await read('{"id":"a","text":"x","__proto__":{"polluted":1},"constructor":2}\n')
  t.strictSame(Object.keys(documents[0]!.meta), ['__proto__', 'constructor'])
  t.equal(({} as Record<string, unknown>).polluted, undefined)
})

t.test('too many bad records fail the source, with their reasons', async t => {
  const good = (n: number): string => '{"text":"a"}\n'.repeat(n)
  const outcome = async (text: string, maxBad?: string | number | { count: number }): Promise<string> => {
    const source = ndjson(Readable.from([Buffer.from(text)]), maxBad === undefined ? {} : { maxBad })
    return await collect(source).then(() => 'done', (error: unknown) => {
      t.match(error, { code: 'ERR_BAD_RECORDS', exitCode: 1 })
      return (error as Error).message
    })
  }
  t.equal(await outcome(good(99) + 'bad\n'), 'done', '1 % is the default, inclusive')
  t.equal(await outcome(good(98) + 'bad\n'), '-: 1 of 99 records are bad (bad_json: 1), expected at most 1%; ' +
    'the first is bad_json at -#1274 (line 99, column 1: expected a value, at "bad"); ' +
    'raise --max-bad to skip them')
  t.match(
    await outcome(good(3) + 'bad\n[]\n', 1),
    /2 of 5 records are bad \(bad_json: 1, not_object: 1\), expected at most 1;/
  )
  t.equal(await outcome(good(3) + 'bad\n[]\n', 2), 'done')
  t.equal(await outcome(good(3) + 'bad\n', '30%'), 'done')
  t.equal(await outcome(good(3) + 'bad\n', { count: 1 }), 'done')
  t.match(await outcome(good(100) + 'bad\n', 0), /expected at most 0/)
  t.equal(await outcome('{"id":"no text"}\n'.repeat(10) + good(1), 0), 'done', 'a record without a text is not bad')
  t.match(await outcome('bad\n'.repeat(100) + good(50_000)), /100 of 1000 records are bad/,
    'checked at the 1,000th record, not at the end')
})

t.test('an invalid limit of bad records is refused', async t => {
  for (const maxBad of ['many', '', '101%', -1, 1.5, { share: 2 }]) {
    t.throws(() => ndjson('x', { maxBad }), { code: 'ERR_OPTION', message: /maxBad/ })
  }
})

t.test('property: records in any chunks give the same documents', async t => {
  const record = fc.record({
    id: fc.option(fc.string(), { nil: undefined }), text: fc.string({ unit: 'grapheme' }), extra: fc.jsonValue()
  }, { requiredKeys: ['text'] })
  let checked = 0
  const lists = fc.array(record, { maxLength: 8 })
  const places = fc.array(fc.nat(400), { maxLength: 5 })
  await fc.assert(fc.asyncProperty(lists, places, fc.constantFrom('\n', '\r\n'), async (records, cuts, ending) => {
    const bytes = Buffer.from(records.map(record => JSON.stringify(record) + ending).join(''))
    const at = [0, ...cuts.map(cut => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
    const chunks = at.slice(1).map((end, i) => bytes.subarray(at[i], end))
    const documents = await collect<Document>(ndjson(
      Readable.from(chunks.length === 0 ? [Buffer.alloc(0)] : chunks), { maxBad: '100%' }
    ))
    t.strictSame(documents, await collect<Document>(ndjson(Readable.from([bytes]), { maxBad: '100%' })))
    t.strictSame(documents.map(({ text }) => text), records.map(({ text }) => text))
    checked++
  }), { numRuns: 60 })
  t.equal(checked, 60)
})

t.test('position: a source resumed from any of its positions gives the rest, plain and compressed', async t => {
  const folder = temporaryFolder(t)
  const records = Array.from({ length: 40 }, (_, i) => ({ text: `text ${i} ${'é'.repeat(i)}` }))
  const files = [
    put(folder, 'a.ndjson', ndjsonOf(records.slice(0, 15))),
    put(folder, 'b.ndjson.gz', gzipSync(ndjsonOf(records.slice(15, 30)))),
    put(folder, 'c.ndjson', '\n' + ndjsonOf(records.slice(30)))
  ]
  const all = await collect<Document>(ndjson(files))
  const positions: SourcePosition[] = []
  const source = ndjson(files)
  const given: unknown[] = []
  for await (const document of source) {
    given.push(document)
    positions.push(source.position)
  }
  t.strictSame(given, all)
  t.equal(positions.length, 40)
  for (const [i, position] of positions.entries()) {
    const from = JSON.parse(JSON.stringify(position)) as SourcePosition
    t.strictSame(await collect<Document>(ndjson(files, { from })), all.slice(i + 1))
  }
})

t.test('position: before the first document it is the start', async t => {
  const folder = temporaryFolder(t)
  const path = put(folder, 'a.ndjson', ndjsonOf([{ text: 'a' }]))
  const source = ndjson(path)
  await new Promise(resolve => source.once('readable', resolve))
  t.strictSame(source.position, { file: 0, path, offset: 0 }, 'a buffered document is not counted')
  source.read()
  t.strictSame(source.position, { file: 0, path, offset: 13 })
  source.destroy()
})

t.test('position: one of other files, or after the end of a file, is refused', async t => {
  const folder = temporaryFolder(t)
  const path = put(folder, 'a.ndjson', ndjsonOf([{ text: 'a' }]))
  t.match(
    await failure(collect(ndjson(path, { from: { file: 0, path: 'b.ndjson', offset: 0 } }))),
    { code: 'ERR_STATE', message: /input file 1, b\.ndjson, but that is now .*a\.ndjson/ }
  )
  t.match(await failure(collect(ndjson(path, { from: { file: 3, path, offset: 0 } }))), {
    code: 'ERR_STATE', message: /is now missing/
  })
  t.match(await failure(collect(ndjson(path, { from: { file: 0, path, offset: 99 } }))), {
    code: 'ERR_STATE', message: /only 13 bytes/
  })
})

t.test('stop ends the flow like the end of the input', async t => {
  const path = put(temporaryFolder(t), 'a.ndjson', ndjsonOf(Array.from({ length: 5000 }, (_, i) => ({
    id: `d${i}`, text: 'x'.repeat(500)
  }))))
  const source = ndjson(path)
  const given: unknown[] = []
  for await (const document of source) if (given.push(document) === 3) source.stop()
  t.ok(given.length >= 3 && given.length < 100, `${given.length} documents`)
  t.ok(source.destroyed)
})

t.test('stop ends a flow whose input is stalled', async t => {
  const silent = new Readable({ read () {} })
  silent.push('{"id":"a","text":"x"}\n')
  const source = ndjson(silent)
  const got: unknown[] = []
  for await (const document of source) {
    got.push(document)
    source.stop()
    silent.push(null)
  }
  t.strictSame(got, [doc('a', 'x')])
})

t.test('progress counts bytes on disk, and has their total', async t => {
  const folder = temporaryFolder(t)
  const compressed = gzipSync(ndjsonOf([{ text: 'a'.repeat(10_000) }]))
  const files = [put(folder, 'a.gz', compressed), put(folder, 'b', ndjsonOf([{ text: 'a' }]))]
  const source = ndjson(files)
  t.equal(source.progress.total, null, 'unknown before the files are found')
  await collect(source)
  t.strictSame(source.progress, { read: compressed.length + 13, total: compressed.length + 13 })
  t.equal(source.stats.bytes, 10_012 + 13)
  const unknown = ndjson(Readable.from([Buffer.from('{"text":"a"}')]))
  await collect(unknown)
  t.strictSame(unknown.progress, { read: 0, total: null })
})

t.test('no input, an empty file, and a missing file', async t => {
  t.strictSame(await collect(ndjson(Readable.from([]))), [])
  t.strictSame(await collect(ndjson(put(temporaryFolder(t), 'empty', ''))), [])
  t.match(await failure(collect(ndjson('/none/a.ndjson'))), {
    code: 'ERR_FILES', message: '/none/a.ndjson: no such file'
  })
})

t.test('a truncated .gz fails after the documents before the cut', async t => {
  const records = Array.from({ length: 2000 }, (_, i) => ({ id: `d${i}`, text: String(i * 7919) }))
  const whole = gzipSync(ndjsonOf(records))
  const source = ndjson(put(temporaryFolder(t), 'a.ndjson.gz', whole.subarray(0, whole.length / 2)))
  t.match(await failure(collect(source)), { code: 'ERR_SOURCE', message: /cut off/ })
  t.ok(source.stats.out > 0 && source.stats.out < 2000)
})

t.test('options are validated, and the caller\'s object is unchanged', async t => {
  t.throws(() => ndjson('a', { textColum: 'x' } as never), { code: 'ERR_OPTION', message: /did you mean textColumn/ })
  const options = Object.freeze({ textColumn: 'a', highWaterMark: 2 })
  t.equal(ndjson('a', options).readableHighWaterMark, 2)
})

t.test('stop within a line gives no partial line', async t => {
  const path = put(temporaryFolder(t), 'a.ndjson', ndjsonOf([
    { id: 'first', text: 'x' }, { id: 'long', text: 'y'.repeat(600_000) }
  ]))
  const source = ndjson(path)
  const given: unknown[] = []
  for await (const document of source) {
    given.push(document)
    source.stop()
  }
  t.strictSame(given, [doc('first', 'x')])
  t.strictSame(source.stats.dropped, {})
})

t.test('a given stream is closed with the source, and a stalled one doesn\'t delay stop', async t => {
  for (const ends of ['stop', 'destroy']) {
    const stalled = new Readable({ read () {} })
    stalled.push('{"id":"a","text":"x"}\n')
    const source = ndjson(stalled)
    for await (const document of source) {
      t.strictSame(document, doc('a', 'x'))
      if (ends === 'destroy') break
      source.stop()
    }
    t.ok(stalled.destroyed, ends)
  }
})

t.test('bad records are checked also if a flow is ended by stop', async t => {
  const source = ndjson(Readable.from([Buffer.from('bad\n'.repeat(50) + '{"text":"a"}\n'.repeat(2))]))
  const error = await failure(
    (async () => { for await (const document of source) if (document.id !== '') source.stop() })()
  )
  t.match(error, { code: 'ERR_BAD_RECORDS' })
})

t.test('a source without any text in its records is an error that lists the fields', async t => {
  const error = await failure(collect(ndjson(
    Readable.from([Buffer.from(ndjsonOf([{ text: 'a' }, { text: 'b' }]))]), { textColumn: 'content' }
  )))
  t.match(error, {
    code: 'ERR_SOURCE',
    message: /none of 2 records has a text in its field content; the first one has "text"; name the field/
  })
  t.strictSame((await read('{"text":"a"}', { textColumn: 'text' })).documents.length, 1)
  t.match(
    await failure(collect(ndjson(Readable.from([Buffer.from('{"text":"a"}')]), { textColumn: 'constructor' }))),
    { code: 'ERR_SOURCE' }, 'inherited properties are no fields'
  )
})

t.test('an id that can\'t be used stays in meta', async t => {
  const { documents } = await read('{"id":{"a":1},"text":"x"}\n{"id":"","text":"y","meta":{}}\n')
  t.strictSame(documents.map(({ meta }) => meta), [{ id: { a: 1 } }, { id: '', meta: {} }])
})

t.test('an invalid position is refused', async t => {
  for (const from of [{}, { file: -1, path: 'a', offset: 0 }, { file: 0, path: 'a', offset: 1.5 }]) {
    t.match(await failure(collect(ndjson('a', { from: from as never }))), {
      code: 'ERR_STATE', message: /expected a position/
    })
  }
})

t.test('numbers that a double can\'t represent keep their digits, as strings', async t => {
  const numbers = '9007199254740992,-9007199254740993,1e400,12.5,9007199254740991,"\\"12345678901234567890"'
  const { documents } = await read('{"id":1729384756012345678,"text":"9007199254740993",' +
    `"a":{"b":[${numbers}]},"c":12345678901234567890123}\n`)
  t.strictSame(documents, [doc('1729384756012345678', '9007199254740993', {
    a: { b: ['9007199254740992', '-9007199254740993', '1e400', 12.5, 9007199254740991, '"12345678901234567890'] },
    c: '12345678901234567890123'
  })])
})
