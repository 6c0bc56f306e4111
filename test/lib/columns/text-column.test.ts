/** Text in a nested field: the same for JSON, parquet and Arrow. */
import { t } from '../../tap.ts'
import type { Document } from '../../../lib/document.ts'
import { documentOfRecord } from '../../../lib/records/record.ts'
import { arrow } from '../../../sources/arrow.ts'
import { parquet } from '../../../sources/parquet.ts'
import { collect, doc, failure, fixture } from '../../helpers.ts'
import { ParquetFile } from '../../../lib/parquet/file.ts'
import { parquetAnswers, parquetBytes, rangesOf } from '../parquet/helpers.ts'

const documentOf = (record: unknown, textColumn: string): unknown => documentOfRecord(record, textColumn, () => '#')

t.test('a path leads to fields of fields, items of lists, and lists of texts', async t => {
  for (const [textColumn, record, expected] of [
    ['data.text', { data: { text: 'a', n: 1 }, k: 2 }, doc('#', 'a', { data: { n: 1 }, k: 2 })],
    ['data.text', { id: 7, data: { text: 'a' } }, doc('7', 'a')],
    ['data.text', { 'data.text': 'itself', data: { text: 'a' } }, doc('#', 'itself', { data: { text: 'a' } })],
    ['a.b.c', { a: { b: { c: ['x', null, 'y'] }, d: null } }, doc('#', 'x\ny', { a: { d: null } })],
    [
      'messages[].content',
      { messages: [{ role: 'user', content: 'q' }, { role: 'x', content: null }, { content: 'r' }, null] },
      doc('#', 'q\nr', { messages: [{ role: 'user' }, { role: 'x' }, null, null] })
    ],
    ['messages[].content', { messages: [{ content: 'q' }, { content: ['r', 's'] }] }, doc('#', 'q\nr\ns')],
    ['pages[][].t', { pages: [[{ t: 'a' }], [], [{ t: 'b' }, { t: 'c' }]] }, doc('#', 'a\nb\nc')],
    ['lines', { lines: ['a', '', null, 'b'], id: 'x' }, doc('x', 'a\n\nb')],
    ['lines[]', { lines: ['a', 'b'] }, doc('#', 'a\nb')],
    ['text', { id: 'i', text: ['a', 'b'], meta: { k: 1 } }, doc('i', 'a\nb', { k: 1 })],
    ['a..b', { a: { '': { b: 'x' } } }, doc('#', 'x')],
    ['data.text', { data: null }, 'no_text'],
    ['data.text', { data: {} }, 'no_text'],
    ['data.text', { data: { text: null } }, 'no_text'],
    ['data.text', {}, 'no_text'],
    ['data.text', { data: { text: 3 } }, 'text_not_string'],
    ['data.text', { data: 'text' }, 'text_not_string'],
    ['data.text', { data: [{ text: 'a' }] }, 'text_not_string'],
    ['data[].text', { data: { text: 'a' } }, 'text_not_string'],
    ['messages[].content', { messages: [{ content: 'a' }, { content: {} }] }, 'text_not_string'],
    ['messages[].content', { messages: [] }, 'no_text'],
    ['messages[].content', { messages: [{ content: null }, {}] }, 'no_text'],
    ['lines', { lines: [] }, 'no_text'],
    ['lines', { lines: ['a', 1] }, 'text_not_string'],
    ['lines', { lines: [['a']] }, 'text_not_string'],
    ['lines', { lines: ['\ud800'] }, 'lone_surrogate'],
    ['data.constructor', { data: {} }, 'no_text'],
    ['constructor', {}, 'no_text'],
    ['__proto__.x', JSON.parse('{"__proto__":{"x":"a"}}'), doc('#', 'a')],
    [
      'a.x',
      JSON.parse('{"a":{"x":"b","__proto__":{"k":1}}}'),
      doc('#', 'b', { a: JSON.parse('{"__proto__":{"k":1}}') as unknown })
    ]
  ] as const) t.strictSame(documentOf(record, textColumn), expected, `${textColumn} of ${JSON.stringify(record)}`)
})

t.test('the fields around a nested text are unchanged', async t => {
  const record = { data: { text: 'a', n: [1] } }
  documentOf(record, 'data.text')
  t.strictSame(record, { data: { text: 'a', n: [1] } })
  const deep = JSON.parse('[]'.repeat(0) + '['.repeat(1200) + ']'.repeat(1200)) as unknown
  t.equal(documentOf({ data: { text: 'a', deep } }, 'data.text'), 'too_deep')
})

/** A value read by pyarrow, in the form of JSON. */
function plain (value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  if ('struct' in value) {
    return Object.fromEntries((value.struct as Array<[string, unknown]>).map(([name, field]) => [name, plain(field)]))
  }
  return Object.values(value)[0]
}

t.test('parquet and Arrow give the same texts as JSON', async t => {
  const { columns, rows } = parquetAnswers().nested!
  for (const textColumn of [
    'list', 'list[]', 'structs[].name', 'struct.inner.name', 'struct.words', 'struct.words[]', 'lists[]',
    'deep[].a[].c'
  ]) {
    const expected = rows.map(row => {
      const found = documentOf(Object.fromEntries(columns.map((name, i) => [name, plain(row[i])])), textColumn)
      return typeof found === 'string' ? found : (found as Document).text
    })
    const texts = expected.filter((_, i) => typeof documentOf(Object.fromEntries(columns.map((name, j) =>
      [name, plain(rows[i]![j])])), textColumn) !== 'string')
    t.ok(texts.length > 5, `${textColumn}: ${texts.length}`)
    for (const source of [
      parquet(fixture('parquet/nested.parquet'), { textColumn }),
      arrow(fixture('arrow/nested.file.arrow'), { textColumn }),
      arrow(fixture('arrow/nested.stream.arrow'), { textColumn })
    ]) {
      const documents = await collect<Document>(source)
      t.strictSame(documents.map(({ text }) => text), texts, textColumn)
      t.ok(documents.every(({ meta }) => Object.keys(meta).length === 0), 'no other field is kept')
      t.equal(source.stats.dropped.no_text, expected.length - texts.length)
    }
  }
})

t.test('with --columns, the fields next to the text are kept', async t => {
  for (const read of [
    parquet(fixture('parquet/nested.parquet'), { textColumn: 'struct.inner.name', columns: 'struct' }),
    arrow(fixture('arrow/nested.stream.arrow'), { textColumn: 'struct.inner.name', columns: 'struct' })
  ]) {
    const [first] = await collect<Document>(read)
    t.match(first, { text: 'x' })
    t.equal(JSON.stringify(first!.meta), '{"struct":{"inner":{"n":"1"},"words":null,"flag":true}}')
  }
})

t.test('a path that leads nowhere is an error that lists the fields', async t => {
  for (const [textColumn, says] of [
    [
      'struct.nothing',
      /column struct: there is no field nothing in it; it has inner, words, flag; name the column with the text/
    ],
    ['structs.name', /column structs: structs is a list; write structs\[\] for its items/],
    ['struct[].inner', /column struct: struct is not a list/],
    ['list[].name', /there is no field name in it: its values have no fields/],
    ['map.a', /there is no field a in it/],
    ['none.name', /has no column none\.name; it has list, large_list/]
  ] as const) {
    t.match(await failure(collect(parquet(fixture('parquet/nested.parquet'), { textColumn }))), {
      code: 'ERR_SOURCE', message: says
    })
    t.match(await failure(collect(arrow(fixture('arrow/nested.stream.arrow'), { textColumn }))), {
      code: 'ERR_SOURCE', message: says
    })
  }
  for (const textColumn of ['struct.flag', 'structs[].n', 'struct.inner', 'map']) {
    t.match(await failure(collect(parquet(fixture('parquet/nested.parquet'), { textColumn }))), {
      code: 'ERR_BAD_RECORDS', message: /text_not_string/
    })
    t.match(await failure(collect(arrow(fixture('arrow/nested.stream.arrow'), { textColumn }))), {
      code: 'ERR_BAD_RECORDS', message: /text_not_string/
    })
  }
})

t.test('of a parquet file, only the columns of the text are read', async t => {
  const bytesFor = async (only: boolean): Promise<number> => {
    let sum = 0
    const file = await ParquetFile.open(rangesOf(parquetBytes('nested'), () => {}))
    const counted = await ParquetFile.open(rangesOf(parquetBytes('nested'), (start, end) => { sum += end - start }))
    t.equal(file.rows, counted.rows)
    const before = sum
    for await (const { rows } of counted.readRows({
      columns: ['struct'],
      only: only
        ? { column: 'struct', lists: 0, steps: [{ name: 'inner', lists: 0 }, { name: 'name', lists: 0 }] }
        : undefined
    })) {
      t.ok(rows.length > 0)
    }
    return sum - before
  }
  t.ok(await bytesFor(true) < await bytesFor(false) / 2)
})
