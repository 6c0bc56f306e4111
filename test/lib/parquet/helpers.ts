import { readFileSync, readdirSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { ByteRanges } from '../../../lib/bytes.ts'
import type { Row } from '../../../lib/columns/rows.ts'
import { InvalidUtf8 } from '../../../lib/columns/values.ts'
import { type ReadRowsOptions, ParquetFile } from '../../../lib/parquet/file.ts'
import { fixture } from '../../helpers.ts'

/** The values that pyarrow reads from a file; recorded by `test/fixtures/make_parquet.py`. */
export interface ParquetAnswer {
  readonly columns: readonly string[]
  readonly types: readonly string[]
  readonly rows: ReadonlyArray<readonly unknown[]>
}

export function parquetAnswers (): Readonly<Record<string, ParquetAnswer>> {
  const json = gunzipSync(readFileSync(fixture('parquet.json.gz'))).toString()
  return JSON.parse(json) as Readonly<Record<string, ParquetAnswer>>
}

/** The names of the fixtures, without extension. */
export function parquetNames (): string[] {
  return readdirSync(fixture('parquet')).map(name => name.replace('.parquet', '')).sort()
}

export function parquetBytes (name: string): Buffer {
  return readFileSync(fixture(`parquet/${name}.parquet`))
}

/** Bytes in memory as ranges; `read` is called with each range. */
export function rangesOf (bytes: Buffer, read: (start: number, end: number) => void = () => {}): ByteRanges {
  return {
    name: 'a.parquet',
    size: bytes.length,
    async read (start, end) {
      if (!(start >= 0 && start <= end && end <= bytes.length)) {
        throw new Error(`requested bytes ${start} to ${end} of ${bytes.length}`)
      }
      read(start, end)
      return Buffer.from(bytes.subarray(start, end)) // a separate copy: the bytes after it must not be visible
    },
    async close () {}
  }
}

/** All rows, `columns` by default all, as arrays in the order of the columns. */
export async function rowsOf (bytes: Buffer, options: Partial<ReadRowsOptions> = {}): Promise<unknown[][]> {
  const file = await ParquetFile.open(rangesOf(bytes))
  const columns = options.columns ?? file.columns.map(({ name }) => name)
  const rows: unknown[][] = []
  for await (const batch of file.readRows({ ...options, columns })) {
    if (batch.start !== rows.length + (options.from ?? 0)) {
      throw new Error(`a batch starts at ${batch.start}, after ${rows.length} rows`)
    }
    for (const row of batch.rows) rows.push(columns.map(name => comparable((row as Row)[name])))
  }
  return rows
}

/** A value in the form that `make_parquet.py` writes. */
export function comparable (value: unknown): unknown {
  if (typeof value === 'bigint') return { int: String(value) }
  if (typeof value === 'number' && !Number.isFinite(value)) return { float: String(value) }
  if (Buffer.isBuffer(value)) return { base64: value.toString('base64') }
  if (value instanceof InvalidUtf8) return { invalid: value.bytes.toString('base64') }
  if (Array.isArray(value)) return value.map(comparable)
  if (typeof value === 'object' && value !== null) {
    return { struct: Object.entries(value).map(([name, field]) => [name, comparable(field)]) }
  }
  return value
}
