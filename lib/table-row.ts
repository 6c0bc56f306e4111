/** What rows of parquet and of Arrow have in common: which columns are read, and what a document is made of. */
import type { Document } from './document.ts'
import { SluiceError } from './errors.ts'
import { licenseColumns } from './license-counts.ts'
import { type Row, TooLong } from './parquet/batch.ts'
import { InvalidUtf8, type Kind, type Value, text } from './parquet/convert.ts'
import type { FoundRecord } from './record-reader.ts'
import { type RecordFault, documentOfRecord } from './record.ts'

export interface RowOptions {
  readonly textColumn: string
  /** Further columns for `meta`; `*` names all. */
  readonly columns: readonly string[]
  /** Whether those with a record's licence, and the repository that it is from, come along. @default false */
  readonly withLicense?: boolean | undefined
  readonly maxRowBytes: number
}

/** The columns to read of those that there are, each once: `id` where there is one, the text's, and those that are asked for. */
export function columnsToRead (all: readonly string[], { textColumn, columns, withLicense = false }: RowOptions): string[] {
  const own = all.includes('id') ? ['id'] : []
  const { license, repository } = withLicense ? licenseColumns(all) : { license: null, repository: null }
  const further = columns.includes('*') ? all : [...columns, ...license === null ? [] : [license], ...license === null || repository === null ? [] : [repository]]
  return [...new Set([...own, textColumn, ...further])]
}

/** Where a column stands among all. @throws SluiceError `ERR_SOURCE` unless there is just one of that name */
export function indexOfColumn (file: string, all: readonly string[], name: string): number {
  const index = all.indexOf(name)
  if (index !== -1 && index === all.lastIndexOf(name)) return index
  const there = all.join(', ')
  throw new SluiceError('ERR_SOURCE', index === -1
    ? `${file}: has no column ${name}; it has ${there === '' ? 'none' : there}`
    : `${file}: has ${all.filter(one => one === name).length} columns with the name ${name}, expected one; rewrite the file with names that differ`)
}

/** A row as a document, or the reason why it is none. @param kind of the values in the column of the text */
function documentOfRow (row: Row, textColumn: string, kind: Kind | undefined, id: () => string): Document | RecordFault {
  const value = row[textColumn]
  if (value !== null && kind !== 'string' && kind !== 'bytes') return 'text_not_string'
  try {
    const record = jsonOf(row) as Record<string, unknown>
    for (const name of [textColumn, 'id']) {
      const bytes = row[name]
      if (Buffer.isBuffer(bytes)) record[name] = jsonOf(text(bytes))
    }
    return documentOfRecord(record, textColumn, id)
  } catch (error) {
    if (error instanceof Fault) return error.fault
    throw error
  }
}

/** A row as it was found, and what becomes of it. @param kind as of `documentOfRow` */
export function foundRow (row: Row | TooLong, offset: number, textColumn: string, kind: Kind | undefined, id: () => string): FoundRecord {
  const end = offset + 1
  if (row instanceof TooLong) return { offset, end, bytes: NO_BYTES, size: row.bytes, outcome: 'too_long' }
  const outcome = documentOfRow(row, textColumn, kind, id)
  const bytes = typeof outcome === 'string' ? bytesOfRow(row, textColumn) : NO_BYTES
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
