/** What rows of parquet and of Arrow have in common: which columns are read, and what a document is made of. */
import { type Row, TooLong } from '../columns/rows.ts'
import type { RowTexts } from '../columns/selection.ts'
import { textsWithin } from '../columns/text-column.ts'
import { type Value, InvalidUtf8, text } from '../columns/values.ts'
import type { Document } from '../document.ts'
import type { FoundRecord } from './reader.ts'
import { type RecordFault, documentOfRecord } from './record.ts'

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

/**
 * What is shown of a row that gives no document: its text as it lies in the file where that is what is wrong, else all
 * of it.
 */
function bytesOfRow (row: Row, textColumn: string): Buffer {
  const text = row[textColumn]
  if (text instanceof InvalidUtf8) return text.bytes
  if (Buffer.isBuffer(text)) return text
  return Buffer.from(JSON.stringify(row, (_name, value: Value) => value instanceof InvalidUtf8 ? value.bytes.toString('base64') : typeof value === 'bigint' ? String(value) : value))
}
