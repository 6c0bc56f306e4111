import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { ByteRanges } from '../../lib/bytes.ts'
import type { Document } from '../../lib/document.ts'
import type { BadRecord } from '../../lib/records/bad-records.ts'
import { arrow } from '../../sources/arrow.ts'
import { type ParquetOptions, parquet } from '../../sources/parquet.ts'
import { collect, doc, failure, fixture, howMany, pattern, put, temporaryFolder } from '../helpers.ts'
import { parquetAnswers } from '../lib/parquet/helpers.ts'
import { writeParquet } from '../parquet-writer.ts'
import { t } from '../tap.ts'

const file = (name: string): string => fixture(`parquet/${name}.parquet`)
/** Files in which some texts are invalid. Ids contain this relative path. */
const TEXTS = 'test/fixtures/parquet-texts'

async function read (input: string | string[], options: ParquetOptions = {}): Promise<Document[]> {
  return await collect<Document>(parquet(input, options))
}

t.test('ids are those of the rows, as strings or integers of any size; else the path and the row', async t => {
  const { rows } = parquetAnswers()['row-groups']!
  t.strictSame(await read(file('row-groups')), rows.map(([id, text]) => doc(id as string, text as string)))
  t.strictSame((await read(`${TEXTS}/documents.parquet`)).map(({ id }) => id), [
    'a', `${TEXTS}/documents.parquet#1`, `${TEXTS}/documents.parquet#2`
  ])
  t.strictSame((await read(`${TEXTS}/faults.parquet`, { maxBad: 1 })).map(({ id }) => id), [
    '9007199254740993', '4', `${TEXTS}/faults.parquet#4`, '6'
  ])
})

t.test('further columns are kept in meta, as JSON', async t => {
  t.strictSame((await read(file('types'), {
    textColumn: 'large', columns: ['i64', 'f32', 'bytes', 'ts_ns', 'ts_tz', 'd38', 'uuid', 'nothing']
  }))[1], doc('test/fixtures/parquet/types.parquet#1', 'ä', {
    i64: '9223372036854775807',
    f32: 'NaN',
    bytes: 'AP8=',
    ts_ns: '1969-12-31T23:59:59.999999999',
    ts_tz: '1969-12-31T23:59:59.999999Z',
    d38: '-1234567890123456789012345678.0123456789',
    uuid: '01020304-0506-0708-090a-0b0c0d0e0f10',
    nothing: null
  }))
  const [all] = await read(file('types'), { textColumn: 'view', columns: '*' })
  t.strictSame(Object.keys(all!.meta), parquetAnswers().types!.columns.filter(name => name !== 'view'))
  const [nested] = await read(file('names'), { textColumn: 'a.b', columns: ['*'] })
  t.equal(
    JSON.stringify(nested),
    '{"id":"test/fixtures/parquet/names.parquet#0","text":"flat","meta":{"a":{"b":"below"},"__proto__":"plain ' +
      'key","":"no name","ünï 水":"x"}}'
  )
  const [first] = await read(`${TEXTS}/documents.parquet`, { columns: ['meta'] })
  t.equal(
    JSON.stringify(first),
    '{"id":"a","text":"one","meta":{"n":"1152921504606846976","at":"2024-02-29T00:00:00.000000"}}',
    'exactly id, text and meta'
  )
})

t.test('bad rows are counted by reason, and passed to rejects', async t => {
  const bad: Array<Omit<BadRecord, 'bytes' | 'stage'> & { shown: string }> = []
  const rejects = ({ bytes, stage, ...record }: BadRecord): void => {
    t.equal(stage, 'parquet'); bad.push(
      { ...record, shown: bytes.toString('latin1') }
    )
  }
  const source = parquet(`${TEXTS}/faults.parquet`, { maxLineBytes: 200, maxBad: 2, columns: 'n', rejects })
  t.strictSame((await collect<Document>(source)).map(({ text }) => text), ['good', '', 'für'])
  t.strictSame(source.stats, { in: 6, out: 3, dropped: { no_text: 1, bad_utf8: 1, too_long: 1 }, bytes: 400 })
  const at = (row: number): string => `${TEXTS}/faults.parquet#${row}`
  t.strictSame(bad, [
    { fault: 'no_text', position: at(1), size: 30, shown: '{"id":"2","text":null,"n":"1"}' },
    { fault: 'bad_utf8', position: at(2), size: 4, shown: 'caf\xe9' },
    { fault: 'too_long', position: at(3), size: 316, shown: '' }
  ])
  t.match(await failure(read(`${TEXTS}/faults.parquet`, { textColumn: 'n' })), {
    code: 'ERR_BAD_RECORDS', message: /text_not_string: 6/
  })
  t.match(await failure(read(file('nested'), { textColumn: 'large_list' })), {
    code: 'ERR_BAD_RECORDS', message: /text_not_string/
  })
})

t.test('bytes without a logical type are text if they are UTF-8', async t => {
  const source = parquet(`${TEXTS}/bytes.parquet`, { maxBad: 1 })
  t.strictSame((await collect<Document>(source)).map(({ text }) => text), ['good', 'x'.repeat(300), '', 'für'])
  t.strictSame(source.stats.dropped, { no_text: 1, bad_utf8: 1 })
})

t.test('a source is resumed from any position', async t => {
  const files = [file('tiny-row-groups'), file('small-pages-v2')]
  const whole = await read(files)
  for (const taken of [1, 19, 20, 21, 300]) {
    const source = parquet(files)
    const before: Document[] = []
    for await (const document of source) {
      before.push(document)
      if (before.length === taken) break
    }
    const from = JSON.parse(JSON.stringify(source.position)) as typeof source.position
    t.strictSame([...before, ...await collect<Document>(parquet(files, { from }))], whole, `after ${taken}`)
  }
  const { rows } = parquetAnswers()['tiny-row-groups']!
  t.match(
    await failure(collect(parquet(files, { from: { file: 0, path: files[0]!, offset: rows.length + 1 } }))),
    { code: 'ERR_STATE', message: /is at row 21 of .*tiny-row-groups\.parquet, which has only 20 rows/ }
  )
})

t.test('files of mixed schemas are read if all have the requested columns', async t => {
  t.equal((await read([`${TEXTS}/faults.parquet`, `${TEXTS}/documents.parquet`], { maxBad: 1 })).length, 4 + 3)
  t.match(await failure(read([`${TEXTS}/documents.parquet`, `${TEXTS}/other.parquet`])), {
    code: 'ERR_SOURCE', message: `${TEXTS}/other.parquet: has no column text; it has body, n`
  })
})

t.test('a column that some files lack is null there, with a warning; one that all files lack is an error', async t => {
  const told: string[] = []
  const options: ParquetOptions = { columns: ['n', 'meta'], maxBad: 9, tell: message => { told.push(message) } }
  const files = [`${TEXTS}/faults.parquet`, `${TEXTS}/documents.parquet`]
  const documents = await read(files, options)
  t.same(documents.slice(3, 5).map(({ id, meta }) => [id, meta]), [
    ['6', { n: '5', meta: null }],
    ['a', { meta: { n: '1152921504606846976', at: '2024-02-29T00:00:00.000000' }, n: null }]
  ])
  t.match(told, [
    /warning: .*faults\.parquet has no column meta; it is null in its documents/,
    /documents\.parquet has no column n;/
  ])
  t.equal(told.length, 2)
  t.match(await failure(read(files, { ...options, columns: ['n', 'nothing'] })), {
    code: 'ERR_SOURCE', message: /documents\.parquet: has no column nothing; it has id, text, meta/
  })
  t.match(await failure(read(files[0]!, { columns: ['n', 'nothing'] })), {
    code: 'ERR_SOURCE', message: /faults\.parquet: has no column nothing; it has id, text, n/
  })
  const source = parquet(files, { ...options, columns: 'n' })
  for await (const document of source) if ((document).id === '6') break
  t.strictSame((await read(files, { ...options, columns: 'n', from: source.position })).length, 3,
    'resumed after the only file that has it')
  t.strictSame((await read(files[1]!, { ...options, columns: 'n', isSample: true })).length, 3, 'others may have it')
})

t.test('input that can\'t be read by ranges is refused with an alternative', async t => {
  const bytes = readFileSync(file('blank'))
  t.match(await failure(collect(parquet(Readable.from([bytes])))), {
    code: 'ERR_OPTION', message: /read from its end.*write it to a file/
  })
  t.match(await failure(read('-')), { code: 'ERR_OPTION' })
  const path = join(temporaryFolder(t), 'a.parquet.gz')
  copyFileSync(file('blank'), path)
  t.match(await failure(read(path)), {
    code: 'ERR_SOURCE', message: /so it can't be read from a compressed file; decompress it/
  })
  t.match(await failure(read('none.parquet')), { code: 'ERR_FILES' })
  t.match(await failure(read(put(temporaryFolder(t), 'a.parquet', 'text'))), {
    code: 'ERR_SOURCE', message: /is not a parquet file: it has 4 bytes/
  })
  t.throws(() => parquet(path, { columns: 3 as unknown as string }), { code: 'ERR_OPTION' })
})

t.test('an empty file has no documents, and a text column of nulls is an error', async t => {
  t.strictSame(await read([file('empty'), file('no-row-group')]), [])
  t.match(await failure(read(file('types'), { textColumn: 'nothing' })), {
    code: 'ERR_SOURCE',
    message: pattern(
      /none of 6 records has a text in its column nothing; /,
      /the file has .*"large", "view".*name the field that has it/
    )
  })
  t.match(
    await failure(collect(arrow('test/fixtures/arrow/types.stream.arrow', { textColumn: 'nothing' }))),
    { code: 'ERR_SOURCE', message: /in its column nothing; the file has .*"large", "view"/ }
  )
})

t.test('a file with very many columns is read in linear time', async t => {
  const count = howMany(500, 6000)
  const columns = Array.from({ length: count }, (_, i) => ({
    name: i === 0 ? 'text' : `c${i}`, data: ['x'], type: 'STRING' as const
  }))
  const path = put(temporaryFolder(t), 'wide.parquet', await writeParquet(columns, {
    codec: 'UNCOMPRESSED', pageSize: 1e6, rowGroupSize: [1]
  }))
  const [document] = await read(path, { columns: '*' })
  t.equal(Object.keys(document!.meta).length, count - 1)
  t.match(await failure(read(path, { textColumn: 'body' })), {
    code: 'ERR_SOURCE',
    message: new RegExp(`has no column body; it has text, c1, .*c49 and ${count - 50} more; name one of these`)
  })
})

t.test('an object that serves ranges is read like a file, and its mistakes are reported', async t => {
  const bytes = readFileSync(fixture('parquet/required.parquet'))
  const served = (
    read = (start: number, end: number): Promise<Buffer> => Promise.resolve(bytes.subarray(start, end)),
    more: Partial<ByteRanges> = {}
  ): ByteRanges & { closed: number } => {
    const ranges = {
      name: 'https://example.org/a.parquet',
      size: bytes.length,
      read,
      closed: 0,
      async close () { ranges.closed++ },
      ...more
    }
    return ranges
  }
  const expected = (await read(fixture('parquet/required.parquet'))).map(({ text }) => text)
  const two = [served(), served()]
  t.strictSame((await collect<Document>(parquet(two))).map(({ text }) => text), [...expected, ...expected])
  t.strictSame(two.map(({ closed }) => closed), [1, 1])
  t.match((await collect<Document>(parquet(served())))[0], { id: 'https://example.org/a.parquet#0' })
  const bare = (start: number, end: number): Promise<Buffer> =>
    Promise.resolve(new Uint8Array(bytes.subarray(start, end)) as Buffer)
  t.strictSame((await collect<Document>(parquet(served(bare)))).length, expected.length)
  t.match(
    await failure(collect(parquet(served((start, end) => Promise.resolve(bytes.subarray(start, end - 1)))))),
    { code: 'ERR_SOURCE', message: /a\.parquet: returned \d+ bytes for the range from \d+ to \d+, expected \d+/ }
  )
  t.match(await failure(collect(parquet(served(() => Promise.reject(new Error('503')))))), {
    code: 'ERR_SOURCE', message: /a\.parquet: reading failed at byte \d+: 503/
  })
  t.match(await failure(collect(parquet(served(undefined, { size: NaN })))), {
    code: 'ERR_OPTION', message: /has the size NaN/
  })
  t.throws(() => parquet([served(), 'a.parquet'] as never), { code: 'ERR_OPTION', message: /in one list/ })
})

t.test('columns that are too large at once are refused by name, with what to do', async t => {
  // Each has one page of 8 MB, of a text that is small in the compressed file.
  const data = ['x'.repeat(8 * 1024 * 1024)]
  const columns = Array.from({ length: howMany(14, 16) }, (_, i) => ({
    name: i === 0 ? 'text' : `c${i}`, data, type: 'STRING' as const
  }))
  const path = put(temporaryFolder(t), 'wide.parquet', await writeParquet(columns, {
    codec: 'SNAPPY', pageSize: 1e9, rowGroupSize: [1]
  }))
  const few = await read(path, { columns: 'c1,c2', maxLineBytes: 100e6 })
  t.equal(few[0]!.text.length, data[0]!.length)
  t.match(await failure(read(path, { columns: '*', maxLineBytes: 1e9 })), {
    code: 'ERR_SOURCE',
    message: pattern(
      /wide\.parquet: row group 0, .*1[46] columns have pages and dictionaries of more than \d+ bytes at once, /,
      /the limit is 100663296; read fewer columns/
    )
  })
})
