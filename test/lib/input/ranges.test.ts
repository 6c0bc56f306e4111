import { appendFileSync, utimesSync } from 'node:fs'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { t } from '../../tap.ts'
import { ParquetFile } from '../../../lib/parquet/file.ts'
import { openRanges } from '../../../lib/input/ranges.ts'
import { failure, fixture, put, temporaryFolder } from '../../helpers.ts'
import { parquetBytes, rangesOf } from '../parquet/helpers.ts'

t.test('a file is read by ranges', async t => {
  const ranges = await openRanges(put(temporaryFolder(t), 'a', 'sluice'))
  t.equal(ranges.size, 6)
  t.equal(String(await ranges.read(1, 4)), 'lui')
  t.equal(String(await ranges.read(0, 6)), 'sluice')
  t.equal((await ranges.read(3, 3)).length, 0)
  await ranges.close()
})

t.test('a file that can\'t be opened is an error', async t => {
  t.match(await failure(openRanges('none')), { code: 'ERR_FILES', message: 'none: no such file' })
  t.match(await failure(openRanges(temporaryFolder(t))), { code: 'ERR_FILES', message: /is a folder, expected a file/ })
  t.match(await failure(openRanges('/dev/null')), { code: 'ERR_FILES', message: /is a pipe or a device/ })
})

t.test('a file that changes while it is read is an error', async t => {
  const changes: ReadonlyArray<(path: string) => void> = [
    path => { appendFileSync(path, '!') },
    path => { utimesSync(path, 1, 1) }
  ]
  for (const change of changes) {
    const path = put(temporaryFolder(t), 'a', 'sluice')
    const ranges = await openRanges(path)
    await ranges.read(0, 3)
    change(path)
    t.match(await failure(ranges.read(3, 6)), {
      code: 'ERR_SOURCE',
      message: `${path}: was changed while it was read; start over when nothing writes to it any more`
    })
    await ranges.close()
  }
})

t.test('only the requested columns are fetched, and skipped pages are not decoded', async t => {
  const bytes = parquetBytes('small-pages-v1')
  const fetched = async (columns: string[]): Promise<number> => {
    let sum = 0
    const file = await ParquetFile.open(rangesOf(bytes))
    const counted = await ParquetFile.open(rangesOf(bytes, (start, end) => { sum += end - start }))
    t.equal(file.rows, counted.rows)
    sum = 0
    for await (const { rows } of counted.readRows({ columns })) t.ok(rows.length > 0)
    return sum
  }
  const [text, tags, both] = [await fetched(['text']), await fetched(['tags']), await fetched(['text', 'tags'])]
  t.equal(text + tags, both)
  t.ok(both < bytes.length / 2 * 1.7, `${both} of ${bytes.length} bytes`)
})

t.test('the size of batches is limited in bytes', async t => {
  const ranges = await openRanges(fixture('parquet/row-groups.parquet'))
  t.teardown(() => ranges.close())
  const file = await ParquetFile.open(ranges)
  const batches: number[] = []
  for await (const { rows, sizes } of file.readRows({ columns: ['text', 'id'] })) {
    batches.push(rows.length)
    t.ok(sizes.reduce((sum, size) => sum + size, 0) < 1024 * 1024)
  }
  t.strictSame(batches, [1000, 1000, 500], 'a batch ends with its row group')
})

t.test('reads are announced in advance, several small row groups at a time, each in its order', async t => {
  const columnData = [{
    name: 'text', data: Array.from({ length: 2000 }, (_, i) => `a text, the ${i}th`), type: 'STRING' as const
  }, {
    name: 'n',
    data: Array.from({ length: 2000 }, (_, i) => i),
    type: 'INT32' as const
  }]
  const told: number[] = []
  const ranges = {
    ...rangesOf(Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: 100 }))),
    expect: (start: number) => { told.push(start) }
  }
  const file = await ParquetFile.open(ranges)
  let before = 0
  for await (const { rows } of file.readRows({ columns: ['text'] })) {
    t.equal(rows.length, 100)
    if (before === 0) t.equal(told.length, 9, 'this row group and eight more')
    before++
  }
  t.equal(new Set(told).size, 20)
  t.same([...new Set(told)], [...new Set(told)].sort((a, b) => a - b))
})
