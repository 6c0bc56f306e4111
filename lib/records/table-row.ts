/** What rows of parquet and of Arrow have in common: which columns are read, and what a document is made of. */
import { type Row, TooLong } from '../columns/rows.ts'
import { type Step, isWithin, stepsOf, textsWithin } from '../columns/text-column.ts'
import { type Kind, type Value, InvalidUtf8, text } from '../columns/values.ts'
import type { Document } from '../document.ts'
import { SluiceError } from '../errors.ts'
import { licenseColumns } from '../licenses/counts.ts'
import type { FoundRecord, RecordFile } from './reader.ts'
import { type RecordFault, documentOfRecord } from './record.ts'

export interface RowOptions {
  readonly textColumn: string
  /** Further columns for `meta`; `*` names all. */
  readonly columns: readonly string[]
  /** Whether those with a record's licence, and the repository that it is from, come along. @default false */
  readonly withLicense?: boolean | undefined
  readonly maxRowBytes: number
  readonly missing: MissingColumns
}

/** Where the text of a row is. */
export interface TextPlace {
  /** Of the row. */
  readonly column: string
  /** Within the column: items of so many lists, and their fields. */
  readonly lists: number
  readonly steps: readonly Step[]
}

/** What is read of a file for its documents. */
export interface ColumnsToRead {
  /** Each once: `id` where there is one, the text's, and those that are asked for. */
  readonly names: readonly string[]
  readonly text: TextPlace
  /** Whether nothing else of the text's column is asked for than the text. */
  readonly isTextOnly: boolean
  /** Columns that are asked for, and are in other files only: null in every row. */
  readonly missing: readonly string[]
}

/** What to read of the columns that there are. @throws SluiceError `ERR_SOURCE` for one that no file has */
export function columnsToRead (columns: ColumnNames, file: RecordFile, options: RowOptions): ColumnsToRead {
  const { all } = columns
  const { textColumn, withLicense = false } = options
  const own = columns.has('id') ? ['id'] : []
  const { license, repository } = withLicense ? licenseColumns(all) : { license: null, repository: null }
  const asked = options.columns.includes('*') ? all : options.columns
  const missing = options.missing.among(asked, columns, file)
  const further = [...missing.length === 0 ? asked : asked.filter(name => columns.has(name)), ...license === null ? [] : [license], ...license === null || repository === null ? [] : [repository]]
  const [first, ...steps] = columns.has(textColumn) || !isWithin(textColumn) ? [{ name: textColumn, lists: 0 }] : stepsOf(textColumn)
  const { name: column, lists } = first!
  if (!columns.has(column) && column !== textColumn) columns.indexOf(textColumn) // which there isn't either
  return { names: [...new Set([...own, column, ...further])], text: { column, lists, steps }, isTextOnly: !further.includes(column), missing }
}

/** Columns that some files of several lack: of one that none has, the name is wrong. */
export class MissingColumns {
  readonly #warn: ((message: string) => void) | undefined
  readonly #isSample: boolean
  readonly #found = new Set<string>()
  readonly #told = new Set<string>()
  #isWhole = false // whether the first file was among those that were read

  /** @param isSample whether there are more files than those that are read @default false */
  constructor (warn?: (message: string) => void, isSample = false) {
    this.#warn = warn
    this.#isSample = isSample
  }

  /**
   * Those that a file lacks of the columns that are asked for.
   *
   * @throws SluiceError `ERR_SOURCE` once it is known that no file has one
   */
  among (asked: readonly string[], columns: ColumnNames, { path, index, fileCount = 1 }: RecordFile): string[] {
    if (index === 0) this.#isWhole = true
    const missing: string[] = []
    for (const name of new Set(asked)) {
      if (columns.has(name)) this.#found.add(name)
      else missing.push(name)
    }
    const isKnown = this.#isWhole && !this.#isSample && index === fileCount - 1
    for (const name of missing) {
      if (isKnown && !this.#found.has(name)) columns.indexOf(name)
      if (!this.#told.has(name)) this.#warn?.(`warning: ${path} has no column ${name}; it is null in its documents, and in those of every other file without it`)
      this.#told.add(name)
    }
    return missing
  }
}

/** Names of columns in a message are no more than these, and no longer. */
const MOST_COLUMNS = 50
const MOST_CHARACTERS = 40

/** The names of columns, for a message. */
export function shownColumns (names: readonly string[]): string {
  return names.slice(0, MOST_COLUMNS).map(name => JSON.stringify(name.slice(0, MOST_CHARACTERS))).join(', ') + (names.length > MOST_COLUMNS ? ` and ${names.length - MOST_COLUMNS} more` : '')
}

/** The columns of a file by their names. */
export class ColumnNames {
  readonly all: readonly string[]
  readonly #file: string
  readonly #places = new Map<string, { readonly index: number, count: number }>()

  constructor (file: string, all: readonly string[]) {
    this.#file = file
    this.all = all
    for (const [index, name] of all.entries()) {
      const place = this.#places.get(name)
      if (place === undefined) this.#places.set(name, { index, count: 1 })
      else place.count++
    }
  }

  has (name: string): boolean {
    return this.#places.has(name)
  }

  /** Where a column stands among all. @throws SluiceError `ERR_SOURCE` unless there is just one of that name */
  indexOf (name: string): number {
    const place = this.#places.get(name)
    if (place?.count === 1) return place.index
    throw new SluiceError('ERR_SOURCE', place === undefined
      ? `${this.#file}: has no column ${name}; it has ${this.#shown()}; name one of these (--text-column, text_column; --columns, columns)`
      : `${this.#file}: has ${place.count} columns with the name ${name}, expected one; rewrite the file with names that differ`)
  }

  #shown (): string {
    if (this.all.length === 0) return 'none'
    return this.all.slice(0, MOST_COLUMNS).join(', ') + (this.all.length > MOST_COLUMNS ? ` and ${this.all.length - MOST_COLUMNS} more` : '')
  }
}

/** How documents are made of the rows of one file. */
export interface RowTexts {
  readonly textColumn: string
  readonly text: TextPlace
  /** Of the values at that place, of the items where they are lists. */
  readonly kind: Kind | undefined
  /** Whether the column itself has the text. */
  readonly isColumn: boolean
  readonly missing: readonly string[]
}

/** A row as a document, or the reason why it is none. */
function documentOfRow (row: Row, { textColumn, text: { column, lists, steps }, kind, isColumn }: RowTexts, id: () => string): Document | RecordFault {
  const value = row[column]
  const isText = kind === 'string' || kind === 'bytes'
  if (value !== null && !isText) return 'text_not_string'
  try {
    if (!isColumn) {
      const { texts, rest } = textsWithin(value, steps, lists, textOf)
      if (texts === null) return 'text_not_string'
      if (texts.length === 0) return 'no_text'
      const { [column]: _text, ...others } = row
      const record = recordOf(rest === undefined ? others : { ...row, [column]: rest as Value }, 'id')
      return documentOfRecord({ ...record, [textColumn]: texts.join('\n') }, textColumn, id)
    }
    return documentOfRecord(recordOf(row, textColumn, 'id'), textColumn, id)
  } catch (error) {
    if (error instanceof Fault) return error.fault
    throw error
  }
}

/** @param texts columns whose bytes are text */
function recordOf (row: Row, ...texts: readonly string[]): Record<string, unknown> {
  const record = jsonOf(row) as Record<string, unknown>
  for (const name of texts) {
    const bytes = row[name]
    if (Buffer.isBuffer(bytes)) record[name] = jsonOf(text(bytes))
  }
  return record
}

/** Of a value of a column of texts, or of bytes. */
function textOf (value: unknown): string | undefined {
  const found = Buffer.isBuffer(value) ? text(value) : value
  if (found instanceof InvalidUtf8) throw new Fault('bad_utf8')
  return typeof found === 'string' ? found : undefined
}

/** A row as it was found, and what becomes of it. */
export function foundRow (row: Row | TooLong, offset: number, texts: RowTexts, id: () => string): FoundRecord {
  const end = offset + 1
  if (row instanceof TooLong) return { offset, end, bytes: NO_BYTES, size: row.bytes, outcome: 'too_long' }
  const whole = texts.missing.length === 0 ? row : { ...row, ...Object.fromEntries(texts.missing.map(name => [name, null])) }
  const outcome = documentOfRow(whole, texts, id)
  const bytes = typeof outcome === 'string' ? bytesOfRow(whole, texts.text.column) : NO_BYTES
  return { offset, end, bytes, size: bytes.length, outcome }
}

const NO_BYTES = Buffer.alloc(0)

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
function bytesOfRow (row: Row, textColumn: string): Buffer {
  const text = row[textColumn]
  if (text instanceof InvalidUtf8) return text.bytes
  if (Buffer.isBuffer(text)) return text
  return Buffer.from(JSON.stringify(row, (_name, value: Value) => value instanceof InvalidUtf8 ? value.bytes.toString('base64') : typeof value === 'bigint' ? String(value) : value))
}
