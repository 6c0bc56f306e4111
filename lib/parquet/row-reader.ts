import { SluiceError } from '../errors.ts'
import { isCompressed } from '../files.ts'
import { licenseColumns } from '../license-counts.ts'
import { type RecordFault, documentOfRecord } from '../record.ts'
import type { FoundRecord, RecordFile, RecordReader } from '../record-reader.ts'
import { type Batch, type Row, TooLong } from './batch.ts'
import { InvalidUtf8, type Value, text } from './convert.ts'
import type { Column } from './file.ts'
import type { ByteRanges } from './ranges.ts'

export interface RowReaderOptions {
  readonly textColumn: string
  /** Further columns for `meta`; `*` names all. */
  readonly columns: readonly string[]
  /** Whether those with a record's licence, and the repository that it is from, come along. @default false */
  readonly withLicense?: boolean | undefined
  readonly maxRowBytes: number
  /** Opens the file, or what stands for one. */
  readonly open: () => Promise<ByteRanges>
}

/** The rows of a parquet file as records; offsets are row numbers. */
export class RowReader implements RecordReader {
  readonly #file: RecordFile
  readonly #options: RowReaderOptions
  readonly #batches: AsyncGenerator<Batch>
  #columns: readonly Column[] = []
  #batch: Batch = { start: 0, rows: [], sizes: [] }
  #next = 0 // in #batch

  /** @throws SluiceError `ERR_OPTION` for what can't be read at any place, `ERR_SOURCE` for a compressed file */
  constructor (file: RecordFile, options: RowReaderOptions) {
    if (!file.isNamed) throw new SluiceError('ERR_OPTION', `${file.path}: parquet is read from its end, which a stream doesn't have; write it to a file and name that`)
    if (isCompressed(file.path)) throw new SluiceError('ERR_SOURCE', `${file.path}: parquet is read from its end, and not through another compression; name the format that it has (--dataset, dataset), or decompress it and give it a name without the ending`)
    this.#file = file
    this.#options = options
    this.#batches = this.#open()
  }

  next (): FoundRecord | undefined {
    const row = this.#batch.rows[this.#next]
    if (row === undefined) return undefined
    this.#file.count(this.#batch.sizes[this.#next]!)
    const offset = this.#batch.start + this.#next++
    const outcome = row instanceof TooLong ? 'too_long' : this.#document(row, offset)
    if (typeof outcome !== 'string') return { offset, end: offset + 1, bytes: Buffer.alloc(0), size: 0, outcome }
    const bytes = row instanceof TooLong ? Buffer.alloc(0) : bytesOf(row, row[this.#options.textColumn])
    return { offset, end: offset + 1, bytes, size: row instanceof TooLong ? row.bytes : bytes.length, outcome }
  }

  async read (): Promise<boolean> {
    const batch = await this.#batches.next()
    if (batch.done === true) return false
    this.#batch = batch.value
    this.#next = 0
    return true
  }

  close (): void {
    this.#batches.return(undefined).catch(() => {})
  }

  async * #open (): AsyncGenerator<Batch> {
    const { ParquetFile } = await import('./file.ts')
    const { path, offset, signal, onRead } = this.#file
    const ranges = await this.#options.open()
    try {
      const file = await ParquetFile.open(ranges)
      if (offset > file.rows) throw new SluiceError('ERR_STATE', `the saved position is at row ${offset} of ${path}, which has only ${file.rows} rows; it was changed since`)
      this.#columns = file.columns
      const { textColumn, columns, withLicense = false, maxRowBytes } = this.#options
      const own = file.columns.some(({ name }) => name === 'id') ? ['id'] : []
      const all = file.columns.map(({ name }) => name)
      const { license, repository } = withLicense ? licenseColumns(all) : { license: null, repository: null }
      const further = columns.includes('*') ? all : [...columns, ...license === null ? [] : [license], ...license === null || repository === null ? [] : [repository]]
      for await (const batch of file.readRows({ columns: [...own, textColumn, ...further], from: offset, maxRowBytes, signal })) {
        // Columns that are not asked for are never read: rows tell better than bytes how far it is.
        onRead(Math.round(ranges.size * (batch.start + batch.rows.length) / file.rows))
        yield batch
      }
    } finally {
      await ranges.close()
    }
  }

  #document (row: Row, offset: number): ReturnType<typeof documentOfRecord> {
    const { textColumn } = this.#options
    const value = row[textColumn]
    const kind = this.#columns.find(({ name }) => name === textColumn)?.kind
    if (value !== null && kind !== 'string' && kind !== 'bytes') return 'text_not_string'
    try {
      const record = jsonOf(row) as Record<string, unknown>
      for (const name of [textColumn, 'id']) {
        const bytes = row[name]
        if (Buffer.isBuffer(bytes)) record[name] = jsonOf(text(bytes))
      }
      return documentOfRecord(record, textColumn, () => this.#file.idAt(offset))
    } catch (error) {
      if (error instanceof Fault) return error.fault
      throw error
    }
  }
}

/** Thrown within `jsonOf` only. */
class Fault extends Error {
  readonly fault: RecordFault

  constructor (fault: RecordFault) {
    super(fault)
    this.fault = fault
  }
}

/**
 * A value as JSON can hold it: 64-bit integers as digits, bytes in base64, NaN and the infinities, which JSON lacks, by
 * their names.
 */
function jsonOf (value: Value): unknown {
  switch (typeof value) {
    case 'bigint': return String(value)
    case 'number': return Number.isFinite(value) ? value : String(value)
    case 'object': break
    default: return value
  }
  if (value === null) return null
  if (value instanceof InvalidUtf8) throw new Fault('bad_utf8')
  if (Buffer.isBuffer(value)) return value.toString('base64')
  if (Array.isArray(value)) return value.map(jsonOf)
  const object = Object.create(null) as Record<string, unknown>
  for (const [name, field] of Object.entries(value)) object[name] = jsonOf(field)
  return object
}

/** What is shown of a row that gives no document: its text as it lies in the file where that is what is wrong, else all of it. */
function bytesOf (row: Row, text: Value | undefined): Buffer {
  if (text instanceof InvalidUtf8) return text.bytes
  if (Buffer.isBuffer(text)) return text
  return Buffer.from(JSON.stringify(row, (_name, value: Value) => value instanceof InvalidUtf8 ? value.bytes.toString('base64') : typeof value === 'bigint' ? String(value) : value))
}
