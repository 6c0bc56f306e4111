import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { t } from '../tap.ts'
import type { Document } from '../../lib/document.ts'
import type { BadRecord } from '../../lib/records/bad-records.ts'
import { type ArrowOptions, arrow } from '../../sources/arrow.ts'
import { parquet } from '../../sources/parquet.ts'
import { compressions } from '../formats.ts'
import { collect, doc, failure, fixture, howMany, put, temporaryFolder } from '../helpers.ts'
import { arrowBytes } from '../lib/arrow/helpers.ts'

const FOLDER = 'test/fixtures/arrow'
const file = (name: string): string => `${FOLDER}/${name}.arrow`

async function read (input: string | string[], options: ArrowOptions = {}): Promise<Document[]> {
  return await collect<Document>(arrow(input, options))
}

/** The part of an id that doesn't depend on the file. */
const withoutFile = (documents: readonly Document[]): Document[] =>
  documents.map(document => ({ ...document, id: document.id.replace(/^.*#/, '') }))

t.test('the documents equal those of the same table in parquet', async t => {
  for (const [name, textColumn] of [
    ['types', 'large'], ['types', 'view'], ['types', 'category'], ['types', 'bytes'], ['names', 'a.b'],
    ['tiny-row-groups', 'text'], ['blank', 'text'], ['required', 'text'], ['codec-none-v2', 'text'], ['empty', 'text']
  ] as const) {
    const options = { textColumn, columns: '*', maxBad: '100%' }
    const source = parquet(fixture(`parquet/${name}.parquet`), options)
    const expected = withoutFile(await collect<Document>(source))
    for (const variant of ['stream', 'file']) {
      const ours = arrow(file(`${name}.${variant}`), options)
      t.strictSame(withoutFile(await collect<Document>(ours)), expected, `${name}.${variant}, ${textColumn}`)
      t.strictSame(ours.stats.dropped, source.stats.dropped)
    }
  }
})

t.test('large texts are read with every codec', async t => {
  const texts = [
    'water '.repeat(40_000),
    Array.from({ length: 30_000 }, (_, i) => String.fromCharCode(0x4e00 + i * 7919 % 20_000)).join('')
  ]
  for (const codec of ['lz4', 'zstd']) t.strictSame((await read(file(`large.${codec}`))).map(({ text }) => text), texts)
})

t.test('bad rows are counted by reason, and passed to rejects', async t => {
  const bad: Array<Omit<BadRecord, 'bytes' | 'stage'> & { shown: string }> = []
  const rejects = ({ bytes, stage, ...record }: BadRecord): void => {
    t.equal(stage, 'arrow'); bad.push(
      { ...record, shown: bytes.toString('latin1') }
    )
  }
  const source = arrow(file('faults.stream'), { maxLineBytes: 200, maxBad: 2, columns: 'n', rejects })
  t.strictSame((await collect<Document>(source)).map(({ id, text }) => [id, text]), [
    ['9007199254740993', 'good'], [`${file('faults.stream')}#4`, ''], ['6', 'für']
  ])
  t.strictSame(
    source.stats, { in: 6, out: 3, dropped: { no_text: 1, bad_utf8: 1, too_long: 1 }, bytes: 400 },
    'the bytes equal those of parquet'
  )
  const at = (row: number): string => `${file('faults.stream')}#${row}`
  t.strictSame(bad, [
    { fault: 'no_text', position: at(1), size: 30, shown: '{"id":"2","text":null,"n":"1"}' },
    { fault: 'bad_utf8', position: at(2), size: 4, shown: 'caf\xe9' },
    { fault: 'too_long', position: at(3), size: 316, shown: '' }
  ])
  t.match(await failure(read(file('faults.stream'), { textColumn: 'n' })), {
    code: 'ERR_BAD_RECORDS', message: /text_not_string: 6/
  })
  const bytes = arrow(file('bytes.stream'), { maxBad: 1, columns: 'notes' })
  t.strictSame(
    (await collect<Document>(bytes)).map(({ text }) => text), ['good', 'x'.repeat(300), '', 'für'],
    'valid UTF-8 bytes are text'
  )
  t.strictSame(bytes.stats.dropped, { no_text: 1, bad_utf8: 1 })
  const lists = arrow(file('nested.stream'), { textColumn: 'list', columns: '*', maxLineBytes: 2, maxBad: '100%' })
  t.strictSame(await collect<Document>(lists), [])
  t.equal(lists.stats.dropped.too_long, 80)
})

t.test('a source is resumed from any position, also with several files or a stream', async t => {
  const folder = temporaryFolder(t)
  const files = [
    file('tiny-row-groups.stream'),
    file('required.file'),
    file('tiny-row-groups.lz4'),
    put(folder, 'a.arrow.gz', compressions['.gz']!(arrowBytes('required.stream'))),
    put(folder, 'b.arrow.zst', compressions['.zst']!(arrowBytes('tiny-row-groups.file')))
  ]
  const whole = await read(files)
  t.equal(whole.length, 20 + 3 + 20 + 3 + 20)
  for (let taken = 1; taken <= whole.length; taken += howMany(17, 1)) {
    const source = arrow(files)
    const before: Document[] = []
    for await (const document of source) {
      before.push(document)
      if (before.length === taken) break
    }
    const from = JSON.parse(JSON.stringify(source.position)) as typeof source.position
    t.strictSame([...before, ...await read(files, { from })], whole, `after ${taken}`)
  }
  const streamed = await collect<Document>(arrow(createReadStream(file('tiny-row-groups.stream'))))
  t.strictSame(withoutFile(streamed), withoutFile(whole.slice(0, 20)))
  const from = { file: 0, path: '-', offset: 7 }
  t.strictSame(
    await collect<Document>(arrow(Readable.from([arrowBytes('tiny-row-groups.stream')]), { from })), streamed.slice(7)
  )
  t.strictSame(await read(files[0]!, { from: { file: 0, path: files[0]!, offset: 20 } }), [])
  t.match(await failure(read(files[0]!, { from: { file: 0, path: files[0]!, offset: 21 } })), {
    code: 'ERR_STATE', message: /is at row 21 of .*tiny-row-groups\.stream\.arrow, which has only 20 rows/
  })
})

t.test('files of Polars 2 and of apache-arrow for JavaScript are read, by name, piped and compressed', async t => {
  const folder = temporaryFolder(t)
  const polars = Array.from({ length: 7 }, (_, i) => doc(
    `p${i}`, `text ${i} long enough for a view`, { kind: ['a', 'b', null, 'a', 'b', 'a', 'b'][i]!, tags: ['x', 'y'] }
  )).filter((_, i) => i !== 3)
  const js = [doc('#0', 'one', { kind: 'a' }), doc('#2', 'two', { kind: 'a' }), doc('#3', 'three', { kind: 'b' })]
  const shown = (documents: readonly Document[]): Document[] =>
    documents.map(document => ({ ...document, id: document.id.replace(/^.*#/, '#') }))
  for (const [name, expected] of [
    ['polars.file', polars], ['polars.zstd', polars], ['polars.old', polars], ['apache-js.file', js]
  ] as const) {
    const compressed = ['.gz', '.zst'].map(ending =>
      put(folder, `${name}.arrow${ending}`, compressions[ending]!(arrowBytes(name))))
    for (const input of [file(name), ...compressed, Readable.from([arrowBytes(name)])]) {
      const source = arrow(input, { columns: ['*'] })
      t.strictSame(shown(await collect<Document>(source)), expected, name)
      t.strictSame(source.stats.dropped, { no_text: 1 })
    }
    const rest = await read(file(name), { columns: '*', from: { file: 0, path: file(name), offset: 2 } })
    t.strictSame(shown(rest), expected.filter(({ id }) => Number(/\d/.exec(id)) >= 2))
  }
})

t.test('progress ends at the size of the files', async t => {
  for (const name of ['tiny-row-groups.stream', 'tiny-row-groups.file']) {
    const source = arrow(file(name))
    await collect(source)
    t.equal(source.progress.read, source.progress.total)
  }
})

t.test('missing columns and files that are no Arrow are errors', async t => {
  t.match(await failure(read(file('required.stream'), { textColumn: 'body' })), {
    code: 'ERR_SOURCE', message: `${file('required.stream')}: has no column body; it has text, n`
  })
  t.match(await failure(read(file('required.stream'), { columns: 'note' })), {
    code: 'ERR_SOURCE', message: /has no column note/
  })
  t.match(
    await failure(read(file('twice.stream'))), { code: 'ERR_SOURCE', message: /has 2 columns with the name text/ }
  )
  t.match(await failure(read(fixture('parquet/required.parquet'))), {
    code: 'ERR_SOURCE', message: /is a parquet file; read it with --dataset parquet/
  })
  t.match(await failure(read(file('types.stream'), { textColumn: 'nothing' })), {
    code: 'ERR_SOURCE', message: /none of 6 records has a text in its column nothing/
  })
  t.match(await failure(read('none.arrow')), { code: 'ERR_FILES' })
  t.throws(() => arrow('a', { columns: 3 as unknown as string }), { code: 'ERR_OPTION' })
})

t.test('a value outside its message is reported with its position', async t => {
  const bytes = Buffer.from(arrowBytes('required.stream'))
  const at = bytes.indexOf(Buffer.from('00000000010000000100000003000000', 'hex')) // the offsets of "a", "", "ü"
  bytes.writeInt32LE(9, at + 4)
  const path = put(temporaryFolder(t), 'a.arrow', bytes)
  t.match(await failure(read(path)), {
    code: 'ERR_SOURCE',
    message: /a\.arrow: damaged Arrow data in record batch 0, column text, row 0 \(0 to 9 of 3\); get the file again/
  })
})

t.test('an abort closes the source', async t => {
  const stop = new AbortController()
  const source = arrow(file('tiny-row-groups.stream'), { signal: stop.signal })
  t.match(
    await failure((async () => { for await (const document of source) { t.ok(document); stop.abort() } })()),
    { name: 'AbortError' }
  )
})
