/** Parquet over HTTP: only the requested columns are transferred. */
import { type Test, t } from '../../tap.ts'
import type { Document } from '../../../lib/document.ts'
import { Hub } from '../../../lib/hub/hub.ts'
import { HubRanges } from '../../../lib/hub/ranges.ts'
import { ParquetFile } from '../../../lib/parquet/file.ts'
import { hf } from '../../../sources/hf.ts'
import { failure, isThorough } from '../../helpers.ts'
import { setHubEnvironment } from '../../hub/environment.ts'
import { randomNumbers } from '../../hub/misbehaviour.ts'
import type { Hub as StandIn } from '../../hub/stand-in.ts'
import { type ParquetColumn, writeParquet } from '../../parquet-writer.ts'
import { httpFor, start, startForAll } from './hosts.ts'

const ROWS = 700
const GROUPS = [250, 150, 300]
const SPARE_BYTES = 512 * 1024

const random = randomNumbers(1)
const LETTERS = Buffer.from(Array.from({ length: 60_000 }, () => Math.floor(random() * 256))).toString('base64')

/** Values without repetition. */
function texts (bytes: number): string[] {
  return Array.from({ length: ROWS }, (_, row) => {
    const [start, length] = [Math.floor(random() * 60_000), Math.floor(bytes * (0.5 + random()))]
    return `${row} ${LETTERS.slice(start, start + length)}`
  })
}

const columns: ParquetColumn[] = [
  { name: 'text', data: texts(4500), type: 'STRING' },
  ...Array.from({ length: 24 }, (_, i): ParquetColumn => ({ name: `c${i}`, data: texts(120), type: 'STRING' })),
  { name: 'more', data: texts(4500), type: 'STRING' }
]

/** One with pages as large as row groups, which are larger than one fetch, and one with small pages. */
const files = {
  'large.parquet': await writeParquet(columns, { codec: 'UNCOMPRESSED', pageSize: 4 << 20, rowGroupSize: GROUPS }),
  'small.parquet': await writeParquet(columns, { codec: 'UNCOMPRESSED', pageSize: 30_000, rowGroupSize: GROUPS }),
  'huge.parquet': await writeParquet(columns.slice(0, 2), {
    codec: 'UNCOMPRESSED', pageSize: 8 << 20, rowGroupSize: [ROWS]
  })
}

/** Bytes of columns in a file, from a row group on. */
function bytesOf (names: readonly string[], groups: readonly number[]): number {
  const rows = groups.map(group => [GROUPS.slice(0, group).reduce((a, b) => a + b, 0), GROUPS[group]!] as const)
  const texts = names.flatMap(name => {
    const { data } = columns.find(column => column.name === name)!
    return rows.flatMap(([from, count]) => data.slice(from, from + count))
  })
  return texts.reduce((sum: number, text) => sum + String(text).length + 4, 0)
}

function moved (standIn: StandIn, from: number): number {
  return standIn.requests.slice(from).filter(({ kind }) => kind === 'file').reduce((sum, { bytes }) => sum + bytes, 0)
}

async function read (
  t: Test,
  standIn: StandIn,
  file: string,
  names: readonly string[],
  from: number
): Promise<{ moved: number, rows: Array<Record<string, unknown>> }> {
  const requests = standIn.requests.length
  const hub = new Hub(httpFor(t, standIn.endpoint))
  const ranges = new HubRanges(hub, await hub.remoteFile(`hf://datasets/o/n@${standIn.commitOf('o/n')}/${file}`))
  const rows: Array<Record<string, unknown>> = []
  for await (const batch of (await ParquetFile.open(ranges)).readRows({ columns: names, from })) {
    rows.push(...batch.rows as unknown as Array<Record<string, unknown>>)
  }
  await ranges.close()
  return { moved: moved(standIn, requests), rows }
}

t.teardown(setHubEnvironment({}))

t.test('the transfer is at most the bytes of the requested columns, 2 %, and 512 kB', async t => {
  const { standIn } = await start(t, { repos: [{ name: 'o/n', files }] })
  for (const [place, file] of (['large.parquet', 'small.parquet'] as const).entries()) {
    t.ok(files[file].length > 6 << 20, `${file} has ${files[file].length} bytes`)
    const cases = [
      [['text'], 0, [0, 1, 2]],
      [['c7'], 0, [0, 1, 2]],
      [['c3', 'text', 'c20'], 0, [0, 1, 2]],
      [['more'], 260, [1, 2]],
      [['text', 'c1'], 699, [2]],
      [columns.map(({ name }) => name), 0, [0, 1, 2]]
    ] as const
    for (const [names, from, groups] of cases.filter((_, i) => isThorough() || i % 2 === place)) {
      const { moved, rows } = await read(t, standIn, file, names, from)
      const wanted = bytesOf(names, groups)
      t.ok(moved <= wanted * 1.02 + SPARE_BYTES, `${file}, ${names.length} columns from row ${from}: ` +
        `${moved} bytes, ${wanted} wanted`)
      const name = names[0]
      const column = columns.find(column => column.name === name)!
      t.ok(
        rows.length === ROWS - from && rows.every((row, i) => String(row[name]) === column.data[from + i]),
        'the rows are right'
      )
    }
  }
  const { moved, rows } = await read(t, standIn, 'huge.parquet', ['text'], 0)
  t.equal(rows.length, ROWS)
  t.ok(moved <= bytesOf(['text'], [0, 1, 2]) * 1.02 + SPARE_BYTES, `pages of more than a step: ${moved}`)
})

t.test('a source transfers the same bytes as the reader', async t => {
  const { 'large.parquet': large, 'small.parquet': small } = files
  const standIn = await startForAll(t, {
    repos: [{ name: 'o/n', files: { 'data/train-0.parquet': large, 'data/train-1.parquet': small } }]
  })
  const got: string[] = []
  for await (const { text } of hf('o/n') as AsyncIterable<Document>) got.push(text)
  t.same(got, [...columns[0]!.data, ...columns[0]!.data])
  const wanted = 2 * bytesOf(['text'], [0, 1, 2])
  t.ok(moved(standIn, 0) <= wanted * 1.02 + 2 * SPARE_BYTES, `${moved(standIn, 0)} bytes, ${wanted} wanted`)
})

t.test('announced ranges come in one answer, and the last range can be read again', async t => {
  const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 7 + i / 251) & 0xff))
  const { standIn, hub } = await start(t, { repos: [{ name: 'o/n', files: { 'a.bin': bytes } }] })
  const file = await hub.remoteFile(`hf://datasets/o/n@${standIn.commitOf('o/n')}/a.bin`)
  const ranges = new HubRanges(hub, file)
  t.match(ranges, { name: file.name, size: bytes.length })
  const asked = (): Array<string | null> =>
    standIn.requests.filter(({ kind }) => kind === 'file').map(({ range }) => range)
  const same = async (start: number, end: number): Promise<void> => {
    t.ok((await ranges.read(start, end)).equals(
      bytes.subarray(start, end)
    ), `${start} to ${end}`)
  }
  ranges.expect(100, 2_900_000)
  ranges.expect(100, 2_900_000)
  ranges.expect(5, 5)
  await same(100, 1000)
  await same(1000, 2000)
  await same(1500, 2_000_000)
  t.same(asked(), ['bytes=100-2899999'])
  await same(500, 2_100_000)
  t.same(asked().slice(1), ['bytes=500-951423'], 'of an old range, only the part that isn\'t cached is requested')
  await same(2_100_000, 2_900_000)
  await same(2_900_000, 2_900_010)
  await same(0, 10)
  t.same(asked().slice(2), ['bytes=2900000-2900009', 'bytes=0-9'])
  for (let i = 0; i < 40; i++) ranges.expect(i * 1000, i * 1000 + 10)
  for (let i = 0; i < 40; i++) await ranges.read(i * 1000, i * 1000 + 10)
  t.equal(asked().length, 44)
  ranges.expect(0, 1000)
  await ranges.close()
  t.match(await failure(ranges.read(0, 1000)), { name: 'AbortError' })
})

t.test('an error in an announced range is reported to its reader', async t => {
  const { standIn, hub } = await start(
    t, { repos: [{ name: 'o/n', files: { 'a.bin': Buffer.alloc(5000) } }] }, { maxRetries: 0 }
  )
  const file = await hub.remoteFile(`hf://datasets/o/n@${standIn.commitOf('o/n')}/a.bin`)
  const controller = new AbortController()
  const ranges = new HubRanges(hub, file, { signal: controller.signal })
  standIn.misbehave({ fault: { kind: 'break', after: 1000 } })
  ranges.expect(0, 5000)
  t.match(await failure(ranges.read(0, 2000)), { code: 'ERR_HUB', message: /the connection was closed/ })
  t.match(await failure(ranges.read(0, 2000)), { message: /ended before its end, byte 5000/ })
  standIn.misbehave({ fault: { kind: 'stall', after: 10 } })
  const reading = failure(ranges.read(0, 100))
  setTimeout(() => { controller.abort() }, 20)
  t.match(await reading, { message: /./ })
  await ranges.close()
})
