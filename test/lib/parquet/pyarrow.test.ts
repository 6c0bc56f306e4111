/** The values read equal those of pyarrow, for each of the files in test/fixtures/parquet. */
import { t } from '../../tap.ts'
import { ParquetFile } from '../../../lib/parquet/file.ts'
import { parquetAnswers, parquetBytes, parquetNames, rangesOf, rowsOf } from './helpers.ts'
import { howMany, strictSame } from '../../helpers.ts'

const answers = parquetAnswers()

t.strictSame(
  parquetNames(), Object.keys(answers).sort(), 'each file has an expected result, and each expected result a file'
)

for (const [name, { columns, rows }] of Object.entries(answers)) {
  t.test(name, async t => {
    const bytes = parquetBytes(name)
    const file = await ParquetFile.open(rangesOf(bytes))
    t.equal(file.rows, rows.length)
    t.strictSame(file.columns.map(column => column.name), columns)
    strictSame(t, await rowsOf(bytes), rows)

    // several starts for files of many rows: the first rows, the last rows, and some in between
    const few = howMany(4, 60)
    const starts = Array.from(rows.keys()).filter(row => rows.length <= few || row < howMany(2, 5) ||
      row > rows.length - howMany(2, 5) || row % howMany(997, 97) < 2 || row === 999 || row === 1000)
    for (const from of [...starts, rows.length, rows.length + 1]) {
      strictSame(t, await rowsOf(bytes, { from }), rows.slice(from), `from row ${from}`)
    }
    for (const [i, column] of columns.entries()) {
      strictSame(t, await rowsOf(bytes, { columns: [column] }), rows.map(row => [row[i]]), `the column ${column} alone`)
    }
    t.equal((await rowsOf(bytes, { columns: [] })).length, rows.length, 'rows without columns')
  })
}
