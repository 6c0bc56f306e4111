/**
 * JSON variants of other programs: Python's constants, several records in a line, strings, and the array of a field.
 */
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { t } from '../tap.ts'
import { Barrier, type Barriers } from '../../lib/stage/barrier.ts'
import type { Document } from '../../lib/document.ts'
import type { SourcePosition } from '../../lib/records/positions.ts'
import type { BadRecord } from '../../lib/records/bad-records.ts'
import type { SourceState } from '../../lib/records/source-options.ts'
import { csv } from '../../sources/csv.ts'
import { type NdjsonOptions, ndjson } from '../../sources/ndjson.ts'
import { text } from '../../sources/text.ts'
import { collect, doc, failure, folderInMemory, put } from '../helpers.ts'

async function read (
  json: string | Buffer,
  options: NdjsonOptions = {},
  chunkBytes = 7
): Promise<{ documents: Document[], stats: ReturnType<typeof ndjson>['stats'], bad: BadRecord[] }> {
  const bytes = Buffer.from(json)
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, i) =>
    bytes.subarray(i * chunkBytes, (i + 1) * chunkBytes))
  const bad: BadRecord[] = []
  const source = ndjson(Readable.from(chunks), { maxBad: '100%', rejects: record => { bad.push(record) }, ...options })
  return { documents: await collect<Document>(source), stats: source.stats, bad }
}

t.test('NaN and the infinities of Python are strings in meta, as in parquet', async t => {
  const { documents, stats } = await read([
    '{"id":"a","text":"NaN","score":NaN,"deep":[{"x":-Infinity},Infinity,1e400]}',
    '[]',
    '{"id":"b","text":"x","meta":{"n":NaN,"big":9007199254740993}}',
    ''
  ].join('\n'))
  t.strictSame(documents, [
    doc('a', 'NaN', { score: 'NaN', deep: [{ x: '-Infinity' }, 'Infinity', '1e400'] }),
    doc('b', 'x', { n: 'NaN', big: '9007199254740993' })
  ])
  t.strictSame(stats.dropped, { not_object: 1 })
  t.strictSame((await read('[{"id":"a","text":"x","n":NaN},{"id":"b","text":"y"}]')).documents, [
    doc('a', 'x', { n: 'NaN' }), doc('b', 'y')
  ])
})

t.test('NaN is neither a text nor an id, and other spellings are invalid JSON, as in Python', async t => {
  t.strictSame((await read('{"text":NaN}\n{"text":[-Infinity]}')).stats.dropped, { text_not_string: 2 })
  t.strictSame((await read('{"text":"a","id":NaN}')).documents, [doc('-#0', 'a', { id: 'NaN' })])
  for (const json of [
    '{"text":"a","n":nan}', '{"text":"a","n":+Infinity}', '{"text":"a","n":-NaN}', '{"text":"a","n":1NaN}',
    '{"text":"a",NaN:1}', '{"text":"a","n":NaNs}', '{"text":"a","n":Infinit}'
  ]) {
    t.strictSame((await read(json)).stats.dropped, { bad_json: 1 }, json)
  }
})

t.test('each of several records in a line is read, and named by its byte position', async t => {
  const line = '{"text":"é}{"} {"text":"b"}\t{"id":"c","text":"c"}\r{"text":"d","n":NaN}"e" "f"'
  for (const json of [line, `${line}\n`, `${line}\r\n\n`]) {
    const { documents, stats } = await read(json)
    t.strictSame(documents, [
      doc('-#0', 'é}{'), doc('-#16', 'b'), doc('c', 'c'), doc('-#51', 'd', { n: 'NaN' }), doc('-#71', 'e'),
      doc('-#75', 'f')
    ])
    t.strictSame(stats, { in: 6, out: 6, dropped: {}, bytes: Buffer.byteLength(json) })
  }
})

t.test('a file of records without a line break is read at any length', async t => {
  const { documents, stats } = await read('{"text":"some text"}'.repeat(3000) +
    `{"text":"${'x'.repeat(2000)}"}{"text":"last"}`, { maxLineBytes: 1000 }, 4000)
  t.equal(documents.length, 3001)
  t.equal(documents.at(-1)!.text, 'last')
  t.strictSame(stats.dropped, { too_long: 1 })
})

t.test('a good record before junk is read, and the rest of the line is one bad record with its position', async t => {
  const { documents, bad, stats } = await read('{"text":"a"} ' +
    'junk {"text":"no"}\n{"text":"b"}{"text":"cut\n{"text":"c"}}\n')
  t.strictSame(documents.map(({ id, text }) => [id, text]), [['-#0', 'a'], ['-#32', 'b'], ['-#57', 'c']])
  t.strictSame(stats.dropped, { bad_json: 3 })
  t.strictSame(bad.map(({ position, bytes }) => [position, bytes.toString()]), [
    ['-#13', 'junk {"text":"no"}'], ['-#44', '{"text":"cut'], ['-#69', '}']
  ])
})

t.test('invalid UTF-8 in one record of a line loses no other record', async t => {
  const { documents, stats } = await read(Buffer.from('{"text":"a"}{"text":"\xff"}{"text":"c"}', 'latin1'))
  t.strictSame(documents.map(({ text }) => text), ['a', 'c'])
  t.strictSame(stats.dropped, { bad_utf8: 1 })
})

t.test('concatenated files with byte order marks, and files whose lines end in \\r alone', async t => {
  t.strictSame(
    (await read('\ufeff{"text":"a"}\n\ufeff{"text":"b"}\ufeff{"text":"c"}')).documents.map(({ text }) => text),
    ['a', 'b', 'c']
  )
  t.strictSame((await read('{"text":"a"}\r{"text":"b"}\r')).documents, [doc('-#0', 'a'), doc('-#13', 'b')])
})

t.test('a value across several lines is an error that suggests jq -c', async t => {
  for (const json of [
    '{\n  "text": "a"\n}\n', '{"text":"a"}\n{"id":1,\n"text":"b"}\n', '{\n\n"text": "a"}',
    '{"data":\n[\n{"text":"a"}]}', '{"text":"a"}{\r\n"text":"b"}'
  ]) {
    t.match(await failure(read(json)), {
      code: 'ERR_SOURCE', message: /starts in line [12] continues in the next line.*jq -c.*--field/
    }, json)
  }
  for (const items of ['{"text":"a"},\n{"text":"b"}\n]}', '{"text":"a"}\n]}\n', '{"text":"a"}\n,{"text":"b"}]}']) {
    const message = /starts in line 1 continues in the next line.*--field/
    t.match(await failure(read(`{"rows": [ \n${items}`)), { message }, items)
  }
  const cut = await read('{"id":[\n{"text":"a"}\n{"text":"b"}\n')
  t.strictSame(cut.stats.dropped, { bad_json: 1 }, 'a truncated list')
  t.strictSame((await read('{"id":"cut",\n{"text":"a"}\n{"id":"cut"')).stats, {
    in: 3, out: 1, dropped: { bad_json: 2 }, bytes: 37
  }, 'truncated records')
})

t.test('a record that is a string is a document', async t => {
  t.strictSame(
    (await read('"one\\n\\"two\\""\n""\n"\\ud83c"\n')).documents, [doc('-#0', 'one\n"two"'), doc('-#15', '')]
  )
  t.strictSame((await read('["a",\n "b", {"text":"c"}]')).documents, [
    doc('-#1', 'a'), doc('-#7', 'b'), doc('-#12', 'c')
  ])
})

t.test('lines of text end in \\n, \\r\\n, or \\r alone, in any chunks', async t => {
  const lines = 'a\rb\r\nc\n\r\r\nd\r'
  const expected = [doc('-#0', 'a'), doc('-#2', 'b'), doc('-#5', 'c'), doc('-#7', ''), doc('-#8', ''), doc('-#10', 'd')]
  for (let size = 1; size <= lines.length; size++) {
    const chunks = Array.from({ length: Math.ceil(lines.length / size) }, (_, i) =>
      Buffer.from(lines.slice(i * size, (i + 1) * size)))
    t.strictSame(await collect(text(Readable.from(chunks))), expected, `${size} bytes a chunk`)
  }
  const folder = folderInMemory(t)
  for (const path of [put(folder, 'a.txt', lines), put(folder, 'a.txt.gz', gzipSync(lines))]) {
    const positions: SourcePosition[] = []
    const source = text(path, { highWaterMark: 1 })
    for await (const document of source) if (document.id !== '') positions.push(source.position)
    t.strictSame(positions.map(({ offset }) => offset), [2, 5, 7, 8, 10, 12])
    for (const [i, from] of positions.entries()) t.equal((await collect(text(path, { from }))).length, 5 - i)
  }
})

t.test('the array of a field is read, next to any other fields, in any chunks and from every position', async t => {
  const folder = folderInMemory(t)
  const records = Array.from({ length: 5 }, (_, i) => ({ text: `é]}" ${i}`, data: [i] }))
  const others = { version: '1.1 "data": [', nested: { data: [{ text: 'no' }] }, 'data ': [1], '}': '\\' }
  for (const indent of [undefined, 2]) {
    const json = '\ufeff ' + JSON.stringify({ ...others, data: records, more: [{ text: 'no' }] }, null, indent) +
      '\n\0\0'
    const whole = await read(json, { field: 'data' }, 1)
    t.strictSame(whole.documents.map(({ text }) => text), records.map(({ text }) => text))
    const bytes = Buffer.from(json)
    t.strictSame(whole.documents.map(({ id }) => bytes.subarray(Number(id.slice(2)))[0]), records.map(() => 0x7b))
    t.equal(whole.stats.bytes, Buffer.byteLength(json))
    for (const path of [put(folder, 'a.json', json), put(folder, 'a.json.gz', gzipSync(json))]) {
      const all = await collect<Document>(ndjson(path, { field: 'data' }))
      const positions: SourcePosition[] = []
      const source = ndjson(path, { field: 'data', highWaterMark: 1 })
      for await (const document of source) if (document.id !== '') positions.push(source.position)
      for (const [i, from] of positions.entries()) {
        t.strictSame(await collect(ndjson(path, { field: 'data', from })), all.slice(i + 1))
      }
    }
  }
  t.strictSame((await read('{"data":[]}', { field: 'data' })).documents, [])
})

t.test('a missing field is an error that lists the fields', async t => {
  for (const [json, message] of [
    ['{"version":1,"rows":[{"text":"a"}]}', /has no field "data"; it has "version", "rows"; name the one/],
    ['{}', /it has none/],
    ['{"data":{"text":["a"]}}', /"data" begins with "\{", expected an array of records/],
    ['[{"text":"a"}]', /begins with "\[.*expected one object whose "data" is/],
    ['{"text":"a"}\n{"data":[]}', /has no field "data"/],
    ['{"version":[1,', /ends before its object/],
    ['{"data":[{"text":"a"}', /has no end/],
    ['{"data":[{"text":"a"}]', /has no end/],
    ['{"data":[{"text":"a"}]}\n{"data":[]}', /has ended, but more follows/],
    ['{"data":[{"text":"a"}],"x":{"data":[1]},"d\\u0061ta" : []}', /has two fields "data"/],
    ['{"data":[{"text":"a"}],"data":null}', /has two fields "data"/]
  ] as const) t.match(await failure(read(json, { field: 'data' })), { code: 'ERR_SOURCE', message }, json)
  t.match(await failure(read(' \n', { field: 'data' })), { code: 'ERR_SOURCE', message: /is empty/ })
})

t.test('a bad record is described: line, column, what was expected, and an excerpt', async t => {
  const json = '{"text":"a"}\n\n{"text":"b","n":[1,]}\n{"text": "a\\x"}\n{"text":"cut\n{\'text\': 1}\n'
  const { bad } = await read(json)
  const described = [
    [3, 20, 'expected a value', '…xt":"b","n":[1,]}'],
    [4, 12, 'expected an escape of JSON after \\', '{"text": "a\\x"}'],
    [5, 13, 'the string that begins at column 9 has no closing quote', '{"text":"cut'],
    [6, 2, 'expected a name in double quotes, or }', "{'text': 1}"]
  ].map(([line, column, what, piece]) => `line ${line}, column ${column}: ${what}, at ${JSON.stringify(piece)}`)
  t.strictSame(bad.map(({ problem }) => problem), described)
  t.match(await failure(collect(ndjson(Readable.from([Buffer.from(json)])))), {
    code: 'ERR_BAD_RECORDS', message: /the first is bad_json at -#14 \(line 3, column 20: expected a value, at /
  })
})

t.test('a source that is restored within a line reports the line, and reads the records after it', async t => {
  const path = put(folderInMemory(t), 'a.ndjson', '{"text":"a"}\n{"text":"b"}{"text":"c"}{"text":}\n{"text":"d"}\n{]\n')
  const states: SourceState[] = []
  const problems: unknown[] = []
  const options = (into: unknown[]): NdjsonOptions => ({
    maxBad: '100%', rejects: ({ problem }) => { into.push(problem) }
  })
  const barriers: Barriers = { isDue: () => true, arrived: () => Promise.resolve() }
  const source = ndjson(path, options(problems))
  source.sendBarriers(barriers)
  for await (const item of source as AsyncIterable<unknown>) {
    if (!(item instanceof Barrier)) continue
    states.push(JSON.parse(JSON.stringify(source.save())) as SourceState)
    await item.arrive()
  }
  t.match(problems, [/^line 2, /, /^line 4, /])
  t.strictSame(states.map(({ position, line }) => [position.offset, line]), [[13, 2], [25, 2], [37, 2], [60, 4]])
  for (const [i, state] of states.entries()) {
    const told: unknown[] = []
    const again = ndjson(path, options(told))
    again.restore(state)
    t.equal((await collect(again)).length, 3 - i)
    t.strictSame(told, problems.slice(i < 3 ? 0 : 1))
    t.strictSame(again.stats, source.stats)
  }
})

t.test('an input that is empty or blank, or has no records, gives a warning with its name', async t => {
  const folder = folderInMemory(t)
  const warned = async (
    make: typeof ndjson | typeof csv,
    name: string,
    content: string | Buffer
  ): Promise<string[]> => {
    const told: string[] = []
    const path = put(folder, name, content)
    await collect(make(path, { tell: message => { told.push(message.replace(path, name)) } }))
    return told
  }
  t.strictSame(await warned(ndjson, 'a.ndjson', ''), ['warning: a.ndjson is empty'])
  t.strictSame(await warned(ndjson, 'a.ndjson.gz', gzipSync('')), ['warning: a.ndjson.gz is empty'])
  t.strictSame(await warned(ndjson, 'b.ndjson', ' \n\r\n'), ['warning: b.ndjson is blank: it has only white space'])
  t.strictSame(await warned(ndjson, 'a.json', '[]'), ['warning: a.json has no records'])
  t.strictSame(await warned(csv, 'a.csv', 'text,n\n'), ['warning: a.csv has no records'])
  t.strictSame(await warned(text, 'a.txt', ''), ['warning: a.txt is empty'])
  t.strictSame(await warned(text, 'b.txt', ' \n\t\n\n'), ['warning: b.txt is blank: it has only white space'])
  t.strictSame(await warned(text, 'c.txt', '\na\n'), [])
  t.strictSame(await warned(ndjson, 'c.ndjson', '{"text":"a"}'), [])
  const path = put(folder, 'c.ndjson', '{"text":"a"}\n')
  await collect(ndjson(path, { from: { file: 0, path, offset: 13 }, tell: message => { t.fail(message) } }))
})

t.test('array elements without commas are read, as joined records are; an extra comma is a bad record', async t => {
  const folder = folderInMemory(t)
  const read = async (json: string): Promise<[texts: unknown[], dropped: object]> => {
    const source = ndjson(put(folder, 'a.json', json), { maxBad: '100%' })
    return [(await collect<Document>(source)).map(({ text }) => text), source.stats.dropped]
  }
  t.strictSame(await read('[{"text":"a"} {"text":"b"}\n{"text":"c"},{"text":"d"}]'), [['a', 'b', 'c', 'd'], {}])
  t.strictSame(await read('[{"text":"a"},,{"text":"b"}]'), [['a', 'b'], { bad_json: 1 }])
  t.strictSame(await read('[{"text":"a"} x, {"text":"b"}]'), [['a', 'b'], { bad_json: 1 }])
})
