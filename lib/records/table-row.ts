/** Converts rows of parquet and Arrow to documents. */
import { type Row, TooLong } from '../columns/rows.ts'
import type { RowTexts } from '../columns/selection.ts'
import { textsWithin } from '../columns/text-column.ts'
import { type Value, InvalidUtf8, text } from '../columns/values.ts'
import type { Document } from '../document.ts'
import type { FoundRecord } from './reader.ts'
import { type RecordFault, documentOfRecord } from './record.ts'

/** Converts a row to a document, or returns the reason why that is not possible. */
function documentOfRow (row: Row, texts: RowTexts, id: () => string): Document | RecordFault {
  const { textColumn, text: { column, lists, steps }, kind, isColumn } = texts
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

/** The text of a value of a column of texts or bytes. */
function textOf (value: unknown): string | undefined {
  const found = Buffer.isBuffer(value) ? text(value) : value
  if (found instanceof InvalidUtf8) throw new Fault('bad_utf8')
  return typeof found === 'string' ? found : undefined
}

/** The record of a row, with its outcome. */
export function foundRow (row: Row | TooLong, offset: number, texts: RowTexts, id: () => string): FoundRecord {
  const end = offset + 1
  if (row instanceof TooLong) return { offset, end, bytes: NO_BYTES, size: row.bytes, outcome: 'too_long' }
  const nulls = Object.fromEntries(texts.missing.map(name => [name, null]))
  const whole = texts.missing.length === 0 ? row : { ...row, ...nulls }
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

/** Converts a value to JSON: 64-bit integers become decimal strings, bytes base64, NaN and infinities their names. */
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

/** The bytes of a bad row for `rejects`: its text as in the file if that is invalid, else the whole row as JSON. */
function bytesOfRow (row: Row, textColumn: string): Buffer {
  const text = row[textColumn]
  if (text instanceof InvalidUtf8) return text.bytes
  if (Buffer.isBuffer(text)) return text
  return Buffer.from(JSON.stringify(row, (_name, value: Value) => {
    if (value instanceof InvalidUtf8) return value.bytes.toString('base64')
    return typeof value === 'bigint' ? String(value) : value
  }))
}
