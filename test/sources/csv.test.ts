import { Readable } from 'node:stream'
import fc from 'fast-check'
import { t } from '../tap.ts'
import type { Document } from '../../lib/document.ts'
import type { SourcePosition } from '../../lib/records/positions.ts'
import type { BadRecord } from '../../lib/records/bad-records.ts'
import { type CsvOptions, csv } from '../../sources/csv.ts'
import { collect, doc, failure, put, codePoint, howMany, temporaryFolder } from '../helpers.ts'

/** Documents of CSV in chunks of a given size, with all faults allowed. */
async function read (
  content: string | Buffer,
  options: CsvOptions = {},
  chunkBytes = 7
): Promise<{ documents: Document[], source: ReturnType<typeof csv> }> {
  const bytes = Buffer.from(content)
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, i) =>
    bytes.subarray(i * chunkBytes, (i + 1) * chunkBytes))
  const source = csv(Readable.from(chunks), { maxBad: '100%', ...options })
  return { documents: await collect<Document>(source), source }
}

t.test('the first record names the columns; all columns but id and text become meta, as strings', async t => {
  const { documents } = await read('id,text,year\na,one,1999\n7,two,\n')
  t.strictSame(documents, [doc('a', 'one', { year: '1999' }), doc('7', 'two', { year: '' })])
})

t.test('quoted fields contain delimiters, line breaks and doubled quotes; a quote within a field is text', async t => {
  const { documents } = await read('\ufeffid,text\r\n1,"a, ""b""\r\nc"\r\n\r\n2,5" disk\r\n3,""\r\n4,\r\n5,"last"')
  t.strictSame(documents, [doc('1', 'a, "b"\r\nc'), doc('2', '5" disk'), doc('3', ''), doc('4', ''), doc('5', 'last')])
})

t.test('tabs are set by the file extension or the option; quotes can be changed or turned off', async t => {
  const folder = temporaryFolder(t)
  const path = put(folder, 'a.tsv', 'id\ttext\n1\ta,b\n')
  t.strictSame(await collect(csv(path)), [doc('1', 'a,b')])
  for (const delimiter of ['tab', '\t', '\\t']) {
    t.strictSame((await read('id\ttext\n1\ta,b\n', { delimiter })).documents, [doc('1', 'a,b')])
  }
  t.strictSame((await read("id;text\n1;'a;''b'\n", { delimiter: ';', quote: "'" })).documents, [doc('1', "a;'b")])
  t.strictSame((await read('id,text\n1,"open\n2,"quoted"\n', { quote: '' })).documents, [
    doc('1', '"open'), doc('2', '"quoted"')
  ])
})

t.test('a record without an id is named by its position', async t => {
  const { documents } = await read('text\nö\n"two\nlines"\nx\n')
  t.strictSame(documents.map(({ id }) => id), ['-#5', '-#8', '-#20'])
})

t.test('a bad record is counted by reason, and reported with position and bytes; the others are read', async t => {
  const bad: BadRecord[] = []
  const { documents, source } = await read(Buffer.concat([
    Buffer.from('id,text\n1,good\n2,"x"y\n3,a,b\n4\n5,'),
    Buffer.from([0xff]),
    Buffer.from(`\n6,${'x'.repeat(5000)}\n7,good\n`)
  ]), { maxLineBytes: 1000, rejects: record => { bad.push({ ...record, bytes: Buffer.from(record.bytes) }) } })
  t.strictSame(documents.map(({ id }) => id), ['1', '7'])
  t.strictSame(source.stats, { in: 7, out: 2, dropped: { bad_csv: 3, bad_utf8: 1, too_long: 1 }, bytes: 5044 })
  t.strictSame(bad.slice(0, 4).map(({ fault, position, bytes, size }) =>
    [fault, position, bytes.toString('latin1'), size]), [
    ['bad_csv', '-#15', '2,"x"y', 7], ['bad_csv', '-#22', '3,a,b', 6], ['bad_csv', '-#28', '4', 2], [
      'bad_utf8', '-#30', '5,\xff', 4
    ]
  ])
  t.match([bad[4]!.fault, bad[4]!.bytes.length, bad[4]!.size], ['too_long', 4096, 5003])
})

t.test('a file that is no CSV with these columns is an error with an explanation', async t => {
  const message = async (content: string, options: CsvOptions = {}): Promise<unknown> =>
    (await failure(read(content, options)) as Error).message
  t.match(await message('id;text\n1;a\n'), /has no column text, its columns are "id;text" \(delimiter ","\)/)
  t.match(await message('text,a,a\nx,y,z\n'), /two columns are named "a"/)
  t.match(await message('text\n"a\nb\n'), /a quote in the last record is never closed/)
  t.match(
    await message(`"${'x'.repeat(300)}`, { maxLineBytes: 100 }),
    /the first record, which names the columns, is longer than 100 bytes/
  )
  t.match(await message(`"${'x'.repeat(50)}`), /has no column text/)
  t.match(await message('text\rfoo\rbar'), /its lines end in \\r, or in both/)
  for (const options of [
    { delimiter: '"' }, { delimiter: '\n' }, { delimiter: ';', quote: ';' }, { delimiter: '' }, { delimiter: 'ab' },
    { delimiter: 'é' }, { quote: '""' }
  ]) {
    t.throws(() => csv('a', options), { code: 'ERR_OPTION' })
  }
})

t.test('a record with space after a closing quote is bad', async t => {
  const { documents, source } = await read('id,text\n1,"a" \n2,"b"\n"3" ,c\n4,"d"\r\n')
  t.strictSame(documents, [doc('2', 'b'), doc('4', 'd')])
  t.strictSame(source.stats.dropped, { bad_csv: 2 })
  const long = await read(`text\n"a" ${'x'.repeat(50)}\nb\n`, { maxLineBytes: 20 })
  t.strictSame([long.documents.map(({ text }) => text), long.source.stats.dropped], [['b'], { too_long: 1 }])
})

t.test('an escape character makes a quote or itself literal, as in files of Spark', async t => {
  const escape = { escape: '\\' }
  const { documents, source } = await read(String.raw`id,text
1,"say \"hi\", he said"
2,"a \\ b"
3,"ends with \\"
4,"\"all\""
5,C:\new "5""
6,"two
lines \n"
7,""
8,"doubled "" too"
9,"bad" x
`, escape)
  t.strictSame(documents, [
    doc('1', 'say "hi", he said'), doc('2', 'a \\ b'), doc('3', 'ends with \\'), doc('4', '"all"'),
    doc('5', 'C:\\new "5""'), doc('6', 'two\nlines \\n'), doc('7', ''), doc('8', 'doubled " too')
  ])
  t.strictSame(source.stats.dropped, { bad_csv: 1 })
  t.strictSame(
    (await read("text;n\n'it^'s';1\n", { delimiter: ';', quote: "'", escape: '^' })).documents,
    [doc('-#7', "it's", { n: '1' })]
  )
  t.strictSame((await read('text\n"a""b"\n', { escape: '"' })).documents, [doc('-#5', 'a"b')],
    'a quote as escape character is the default')
  t.match(await failure(read('text\n"open \\"\n', escape)), {
    code: 'ERR_SOURCE', message: /a quote in the last record is never closed/
  })
  const spark = String.raw`id,text
1,"say \"hi\", he said"
2,"so \"and\" so"
`
  t.match(await failure(read(spark, { maxBad: 0 })), {
    code: 'ERR_BAD_RECORDS', message: /bad_csv.*--escape '\\' \(escape\) if they are written as \\", as Spark does/
  })
  t.match(await failure(read('text\n"ends with \\""\nb\n')), {
    code: 'ERR_SOURCE',
    message: /never closed.*or --escape '\\' \(escape\) if quotes are written as \\", as Spark does/
  })
  for (const options of [
    { quote: '', escape: '\\' }, { delimiter: ';', escape: ';' }, { escape: 'ab' }, { escape: '\n' }
  ]) {
    t.throws(() => csv('a', options), { code: 'ERR_OPTION' })
  }
})

t.test('a first line sep=; sets the delimiter, as in Excel', async t => {
  for (const first of ['sep=;', 'SEP=;', '"sep=;"']) {
    t.strictSame((await read(`\ufeff${first}\r\nid;text\r\n1;"a;b"\r\n`)).documents, [doc('1', 'a;b')], first)
  }
  t.strictSame((await read('sep=\t\nid\ttext\n1\ta,b\n', {}, 1)).documents, [doc('1', 'a,b')])
  t.strictSame(
    (await read('sep=;\nid,text\n1,a;b\n', { delimiter: ',' })).documents, [doc('1', 'a;b')], 'the option wins'
  )
  const path = put(temporaryFolder(t), 'a.csv', 'sep=|\ntext|n\na|1\nb|2\n')
  const source = csv(path, { highWaterMark: 1 })
  for await (const document of source) if (document.id !== '') break
  t.strictSame(
    (await collect<Document>(csv(path, { from: source.position }))).map(({ text, meta }) => [text, meta.n]),
    [['b', '2']], 'resumed'
  )
  t.strictSame((await read('sep\nx\n', { textColumn: 'sep' })).documents, [doc('-#4', 'x')])
})

t.test('if the text column is missing, the error names the header\'s likely delimiter', async t => {
  const message = async (header: string, options: CsvOptions = {}): Promise<unknown> =>
    (await failure(read(`${header}\n1\n`, options)) as Error).message
  t.match(await message('id;text'), /or the delimiter, which may be ";" \(--delimiter ';', delimiter\)$/)
  t.match(await message('id\t"text"'), /may be "\\t" \(--delimiter 'tab', delimiter\)$/)
  t.match(await message('a|b|c'), /may be "\|"/)
  t.match(await message('id,text', { delimiter: 'tab' }), /may be ","/)
  t.match(await message('body,n'), /or the delimiter$/)
  t.match(await message('body'), /or the delimiter$/)
})

t.test('a header with very many columns is read in linear time', async t => {
  const names = Array.from({ length: howMany(40_000, 200_000) }, (_, i) => `c${i}`)
  t.equal(Object.keys(
    (await read(`text,${names.join(',')}\nx${','.repeat(names.length)}\n`, {}, 65_536)).documents[0]!.meta
  ).length, names.length)
  t.match(await failure(read(`text,${names.join(',')},c7\n`, {}, 65_536)), { message: /two columns are named "c7"/ })
  t.match(
    await failure(read(`${names.join(',')}\n`, {}, 65_536)),
    { message: new RegExp(`has no column text, its columns are "c0", .*"c49" and ${names.length - 50} more`) }
  )
})

t.test('a quoted name after a byte order mark may contain a line break', async t => {
  t.strictSame((await read('\ufeff"a\nb",text\n1,x\n')).documents, [doc('-#14', 'x', { 'a\nb': '1' })])
})

t.test('an empty file, and one with only a header, have no documents', async t => {
  for (const content of ['', '\n\n', 'id,text', 'id,text\n']) t.strictSame((await read(content)).documents, [])
})

t.test('a column may have any name', async t => {
  const { documents } = await read('__proto__,constructor,text,\na,b,c,d\n')
  t.strictSame(Object.entries(documents[0]!.meta), [['__proto__', 'a'], ['constructor', 'b'], ['', 'd']])
})

/** A field in the form of a CSV writer. */
const field = (text: string, always: boolean): string =>
  always || /["\n\r,]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
const fields = fc.string({
  unit: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...'",\n\r ab') }, {
    weight: 1, arbitrary: fc.string({ unit: codePoint, minLength: 1, maxLength: 1 })
  }),
  maxLength: 12
}).map(text => text.toWellFormed())

t.test('property: written records are read back, in any chunks and from every position', async t => {
  const folder = temporaryFolder(t)
  const lists = fc.array(fc.tuple(fields, fields), { maxLength: 8 })
  const sizes = fc.integer({ min: 1, max: 40 })
  const ends = fc.constantFrom('\n', '\r\n')
  await fc.assert(fc.asyncProperty(lists, fc.boolean(), sizes, ends, async (records, always, chunkBytes, end) => {
    const rows = records.map(([text, b]) => `${field(text, always)},${field(b, always)}`)
    const content = ['"text","b"', ...rows, ''].join(end)
    const { documents } = await read(content, {}, chunkBytes)
    t.strictSame(documents.map(({ text, meta }) => [text, meta.b]), records)
    const path = put(folder, 'a.csv', content)
    for (const named of [true, false]) {
      const source = csv(path, { highWaterMark: 1 })
      let seen = 0
      for await (const document of source) {
        if (document.id !== '' && ++seen === 2) break
      }
      const from: SourcePosition = source.position
      const rest = csv(path, { from })
      if (named) t.strictSame(await collect(rest), (await collect(csv(path))).slice(Math.min(seen, 2)))
      else {
        t.strictSame((await collect<Document>(csv(
          Readable.from([Buffer.from(content)]), { from: { ...from, path: '-' } }
        ))).length, records.length - seen)
      }
    }
  }), { numRuns: howMany(10, 150) })
})
