import type { ByteRanges } from '../bytes.ts'
import type { Batch } from '../columns/rows.ts'
import { type RowOptions, type RowTexts, MissingColumns, columnsToRead } from '../columns/selection.ts'
import { SluiceError } from '../errors.ts'
import { isHubName } from '../hub/address.ts'
import { isCompressed } from '../input/find.ts'
import type { FoundRecord, OpenRecords, RecordFile, RecordReader } from './reader.ts'
import { foundRow } from './table-row.ts'
import type { TableOptions } from './text.ts'

export interface RowReaderOptions extends RowOptions {
  /** Opens the file as byte ranges. */
  readonly open: () => Promise<ByteRanges>
}

/** The rows of a parquet file as records; offsets are row numbers. */
class RowReader implements RecordReader {
  readonly #file: RecordFile
  readonly #options: RowReaderOptions
  readonly #batches: AsyncGenerator<Batch>
  #texts!: RowTexts // set by #open
  columns: readonly string[] | undefined
  #batch: Batch = { start: 0, rows: [], sizes: [] }
  #next = 0 // in #batch

  /** @throws SluiceError `ERR_OPTION` for a stream, `ERR_SOURCE` for a compressed file: neither has random access */
  constructor (file: RecordFile, options: RowReaderOptions) {
    const { path } = file
    if (!file.isNamed) {
      throw new SluiceError('ERR_OPTION', `${path}: parquet is read from its end, so it can't be read from a stream; ` +
        'write it to a file and name that')
    }
    if (isCompressed(path)) {
      throw new SluiceError('ERR_SOURCE', `${path}: parquet is read from its end, so it can't be read from a ` +
        'compressed file; decompress it, or set its format if it isn\'t parquet (--dataset, dataset)')
    }
    this.#file = file
    this.#options = options
    this.#batches = this.#open()
  }

  next (): FoundRecord | undefined {
    const row = this.#batch.rows[this.#next]
    if (row === undefined) return undefined
    this.#file.count(this.#batch.sizes[this.#next]!)
    const offset = this.#batch.start + this.#next++
    return foundRow(row, offset, this.#texts, () => this.#file.idAt(offset))
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
    const { ParquetFile } = await import('../parquet/file.ts')
    const { path, offset, signal, onRead } = this.#file
    const ranges = await this.#options.open()
    try {
      const file = await ParquetFile.open(ranges)
      if (offset > file.rows) {
        throw new SluiceError('ERR_STATE', `the saved position is at row ${offset} of ${path}, ` +
          `which has only ${file.rows} rows; it was changed since`)
      }
      const { textColumn, maxRowBytes } = this.#options
      this.columns = file.names.all
      const { names, text, isTextOnly, missing } = columnsToRead(file.names, this.#file, this.#options)
      const kind = file.kindWithin(text)
      const isColumn = text.column === textColumn &&
        ['string', 'bytes'].includes(file.columns[file.names.indexOf(textColumn)]!.kind)
      this.#texts = { textColumn, text, kind, isColumn, missing }
      const only = isTextOnly ? text : undefined
      for await (const batch of file.readRows({ columns: names, only, from: offset, maxRowBytes, signal })) {
        // Other columns are never read, so progress is measured in rows and not in bytes.
        onRead(Math.round(ranges.size * (batch.start + batch.rows.length) / file.rows))
        yield batch
      }
    } finally {
      await ranges.close()
    }
  }
}

/**
 * Reads parquet, one document per row. For files on the Hub, also reads the columns that state the licence.
 *
 * @param open opens a file as byte ranges
 */
export function parquetRecords (options: TableOptions, open: (file: RecordFile) => Promise<ByteRanges>): OpenRecords {
  const missing = new MissingColumns(options.tell, options.isSample)
  return file => {
    const withLicense = isHubName(file.path)
    return new RowReader(file, { ...options, missing, withLicense, open: () => open(file) })
  }
}
