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
  /** Opens the file, or what stands for one. */
  readonly open: () => Promise<ByteRanges>
}

/** The rows of a parquet file as records; offsets are row numbers. */
class RowReader implements RecordReader {
  readonly #file: RecordFile
  readonly #options: RowReaderOptions
  readonly #batches: AsyncGenerator<Batch>
  #texts!: RowTexts // from the opening on
  columns: readonly string[] | undefined
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
      if (offset > file.rows) throw new SluiceError('ERR_STATE', `the saved position is at row ${offset} of ${path}, which has only ${file.rows} rows; it was changed since`)
      const { textColumn } = this.#options
      this.columns = file.names.all
      const { names, text, isTextOnly, missing } = columnsToRead(file.names, this.#file, this.#options)
      const kind = file.kindWithin(text)
      const isColumn = text.column === textColumn && ['string', 'bytes'].includes(file.columns[file.names.indexOf(textColumn)]!.kind)
      this.#texts = { textColumn, text, kind, isColumn, missing }
      for await (const batch of file.readRows({ columns: names, only: isTextOnly ? text : undefined, from: offset, maxRowBytes: this.#options.maxRowBytes, signal })) {
        // Columns that are not asked for are never read: rows tell better than bytes how far it is.
        onRead(Math.round(ranges.size * (batch.start + batch.rows.length) / file.rows))
        yield batch
      }
    } finally {
      await ranges.close()
    }
  }
}

/** Parquet, a document a row; of the Hub with what tells its licence. @param open a file, or what stands for it */
export function parquetRecords (options: TableOptions, open: (file: RecordFile) => Promise<ByteRanges>): OpenRecords {
  const missing = new MissingColumns(options.tell, options.isSample)
  return file => new RowReader(file, { ...options, missing, withLicense: isHubName(file.path), open: () => open(file) })
}
