import type { Document } from '../document.ts'
import { stepsOf, textsWithin } from '../columns/text-column.ts'

/** Why a record is not a valid document. */
export type RecordFault =
  | 'bad_json' | 'bad_csv' | 'not_object' | 'no_text' | 'text_not_string' | 'bad_utf8' | 'lone_surrogate'
  | 'too_long' | 'too_deep'

/**
 * How deep lists and objects in a record may be nested. V8 parses JSON of any depth, but overflows its stack when it
 * writes more than about 5,000 levels. Python's json stops at 1,000.
 */
const MAX_DEPTH = 1000

/**
 * Converts a record to a document. A string becomes the text. An object with exactly `{id, text, meta}` is a document
 * already; the fields of any other object, except the id and the text, become `meta`.
 *
 * @param textColumn the field that has the text, or a path to it (see `stepsOf`)
 * @param id returns the id for a record without one
 */
export function documentOfRecord (record: unknown, textColumn: string, id: () => string): Document | RecordFault {
  if (typeof record === 'string') return record.isWellFormed() ? { id: id(), text: record, meta: {} } : 'lone_surrogate'
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return 'not_object'
  // Rest properties are defined, not assigned: a field called __proto__ stays a field.
  const { id: ownId, [textColumn]: text, ...others } = record as Record<string, unknown>
  if (typeof text !== 'string') return documentWithin(record as Record<string, unknown>, textColumn, id)
  if (!Object.hasOwn(record, textColumn)) return 'no_text'
  if (!text.isWellFormed()) return 'lone_surrogate'
  if (isTooDeep(others) || isTooDeep(ownId)) return 'too_deep'
  if (isDocument(record, textColumn, ownId, others)) return { id: ownId as string, text, meta: others.meta }
  const named = idOf(ownId)
  // An id of another type is kept in `meta`.
  if (named === undefined && ownId != null) return { id: id(), text, meta: { id: ownId, ...others } }
  return { id: named ?? id(), text, meta: others }
}

/**
 * Converts a record whose text is nested in a field, or is a list of texts. The texts of a list are joined by line
 * breaks.
 */
function documentWithin (
  record: Record<string, unknown>,
  textColumn: string,
  id: () => string
): Document | RecordFault {
  const isColumn = Object.hasOwn(record, textColumn)
  const [column, ...steps] = isColumn ? [{ name: textColumn, lists: 0 }] : stepsOf(textColumn)
  if (!Object.hasOwn(record, column!.name)) return 'no_text'
  const { [column!.name]: value, ...others } = record
  const { texts, rest } = textsWithin(value, steps, column!.lists, asString)
  if (texts === null) return 'text_not_string'
  if (texts.length === 0) return 'no_text'
  // Other values next to the texts are kept where they are.
  const all = rest === undefined ? others : { ...record, [column!.name]: rest }
  return documentOfRecord({ ...all, [textColumn]: texts.join('\n') }, textColumn, id)
}

function asString (value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** Whether a value is nested too deeply to be written as JSON. */
function isTooDeep (value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === MAX_DEPTH || Object.values(value).some(inner => isTooDeep(inner, depth + 1))
}

function idOf (id: unknown): string | undefined {
  if (typeof id === 'string' && id !== '') return id
  if (typeof id !== 'number' || !Number.isFinite(id)) return undefined
  // An integer beyond 2^53 may have lost digits, so that several records could get the same id.
  return Number.isInteger(id) && !Number.isSafeInteger(id) ? undefined : String(id)
}

function isDocument (
  record: object,
  textColumn: string,
  id: unknown,
  others: Record<string, unknown>
): others is { meta: Record<string, unknown> } {
  const { meta } = others
  return textColumn === 'text' && typeof id === 'string' && id !== '' && typeof meta === 'object' && meta !== null &&
    !Array.isArray(meta) && Object.keys(record).length === 3
}
