import type { OpenRanges } from '../arrow/open-messages.ts'
import type { Column, Table } from '../arrow/tables.ts'
import type { ValueReader } from '../arrow/values.ts'
import type { ByteRanges } from '../bytes.ts'
import { type Row, TooLong } from '../columns/rows.ts'
import { type RowOptions, type RowTexts, MissingColumns } from '../columns/selection.ts'
import { type Value, uuid } from '../columns/values.ts'
import { SluiceError, messageOf } from '../errors.ts'
import { isHubName } from '../hub/address.ts'
import type { RemoteOptions } from '../input/hub.ts'
import { openSeekable } from '../input/ranges.ts'
import type { FoundRecord, OpenRecords, RecordFile, RecordReader } from './reader.ts'
import { foundRow } from './table-row.ts'
import type { TableOptions } from './text.ts'

export interface ArrowReaderOptions extends RowOptions {
  /** Opens a file as byte ranges, to be read by its footer; null where that is not possible. */
  readonly open: (file: RecordFile) => ReturnType<OpenRanges>
}

const NO_TEXTS: RowTexts = {
  textColumn: '',
  text: { column: '', lists: 0, steps: [] },
  kind: undefined,
  isColumn: true,
  missing: []
}
const NONE: Table = { batch: 0, start: 0, rows: 0, columns: [], texts: NO_TEXTS, names: [] }

/** The rows of an Arrow file or stream as records; offsets are row numbers. */
class ArrowReader implements RecordReader {
  readonly #file: RecordFile
  readonly #options: ArrowReaderOptions
  readonly #tables: AsyncGenerator<Table>
  #values!: ValueReader // set by #open
  #table = NONE
  #next = 0 // in #table

  constructor (file: RecordFile, options: ArrowReaderOptions) {
    this.#file = file
    this.#options = options
    this.#tables = this.#open()
  }

  get columns (): readonly string[] {
    return this.#table.names
  }

  next (): FoundRecord | undefined {
    if (this.#next === this.#table.rows) return undefined
    const values = this.#values
    values.bytes = 0
    const row = this.#row(this.#next)
    this.#file.count(values.bytes)
    const offset = this.#table.start + this.#next++
    return foundRow(row, offset, this.#table.texts, () => this.#file.idAt(offset))
  }

  async read (): Promise<boolean> {
    const table = await this.#tables.next()
    if (table.done === true) return false
    this.#table = table.value
    this.#next = Math.max(0, this.#file.offset - table.value.start)
    return true
  }

  close (): void {
    this.#tables.return(undefined).catch(() => {})
  }

  async * #open (): AsyncGenerator<Table> {
    const [{ ValueReader, readTables }, { openMessages }] =
      await Promise.all([import('../arrow/tables.ts'), import('../arrow/open-messages.ts')])
    const { path, offset } = this.#file
    this.#values = new ValueReader(this.#options.maxRowBytes)
    const messages = await openMessages(this.#file, () => this.#options.open(this.#file))
    const rows = yield * readTables(messages, this.#file, this.#options)
    if (offset > rows) {
      throw new SluiceError('ERR_STATE', `the saved position is at row ${offset} of ${path}, ` +
        `which has only ${rows} rows; it was changed since`)
    }
  }

  #row (index: number): Row | TooLong {
    const row = Object.create(null) as Record<string, Value>
    for (const column of this.#table.columns) row[column.name] = this.#value(column, index)
    const { bytes } = this.#values
    return bytes > this.#options.maxRowBytes ? new TooLong(bytes) : row
  }

  #value ({ name, isUuid, vector }: Column, index: number): Value {
    try {
      const value = this.#values.at(vector, index)
      return isUuid && Buffer.isBuffer(value) ? uuid(value) : value
    } catch (error) {
      const { batch, start } = this.#table
      throw new SluiceError('ERR_SOURCE', `${this.#file.path}: damaged Arrow data in record batch ${batch}, ` +
        `column ${name}, row ${start + index} (${messageOf(error)}); get the file again`, { cause: error })
    }
  }
}

/**
 * Reads Arrow, one document per row. For files on the Hub, also reads the columns that state the licence.
 *
 * @param hub how files on the Hub are read
 */
export function arrowRecords (options: TableOptions, hub?: RemoteOptions['hub']): OpenRecords {
  const open = async ({ isNamed, path, signal }: RecordFile): Promise<ByteRanges | null> =>
    isNamed ? await openSeekable(path, { hub, signal }) : null
  const missing = new MissingColumns(options.tell, options.isSample)
  return file => new ArrowReader(file, { ...options, missing, withLicense: isHubName(file.path), open })
}
