/** The values of an Arrow file equal those that pyarrow reads from the parquet file with the same table. */
import { t } from '../../tap.ts'
import { parquetAnswers } from '../parquet/helpers.ts'
import { arrowBytes, arrowNames, rowsOf } from './helpers.ts'
import { howMany, isThorough, strictSame } from '../../helpers.ts'

const answers = parquetAnswers()
/** Columns that are read as text from parquet, where their type is UUID, and as bytes from Arrow. */
const UUIDS = new Set(['uuid'])

function comparableUuid (value: unknown): unknown {
  return typeof value === 'string'
    ? { base64: Buffer.from(value.replaceAll('-', ''), 'hex').toString('base64') }
    : value
}

const compared = arrowNames().filter(name => answers[name.split('.')[0]!] !== undefined)
t.ok(compared.length > 20)

for (const name of compared) {
  t.test(name, async t => {
    const { columns, rows } = answers[name.split('.')[0]!]!
    const expected = rows.map(row => row.map((value, i) => UUIDS.has(columns[i]!) ? comparableUuid(value) : value))
    const bytes = arrowBytes(name)
    const found = await rowsOf(bytes)
    const order = columns.map(column => found.columns.indexOf(column))
    if (rows.length > 0) strictSame(t, found.rows.map(row => order.map(at => row[at])), expected)
    else t.strictSame(found.rows, [])
    if (name.includes('file')) {
      strictSame(t, await rowsOf(bytes, { byFooter: true }), found, 'by its footer')
      for (let from = 1; from <= rows.length; from += howMany(61, 7)) {
        strictSame(
          t, (await rowsOf(bytes, { from, byFooter: true })).rows, found.rows.slice(from),
          `by its footer, from row ${from}`
        )
      }
    }
    for (const size of [1, 7].slice(rows.length > 60 && !isThorough() ? 1 : 0)) {
      strictSame(t, await rowsOf(bytes, { size: rows.length > 60 ? 64 : size }), found, `in chunks of ${size}`)
    }
    for (let from = 1; from <= rows.length; from += rows.length > 20 ? howMany(101, 7) : howMany(3, 1)) {
      strictSame(t, (await rowsOf(bytes, { from })).rows, found.rows.slice(from), `from row ${from}`)
    }
  })
}
