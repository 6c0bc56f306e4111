import type { Document } from '../document.ts'
import { stepsOf, textsWithin } from '../columns/text-column.ts'

/** Why a record gives no document. */
export type RecordFault = 'bad_json' | 'bad_csv' | 'not_object' | 'no_text' | 'text_not_string' | 'bad_utf8' | 'lone_surrogate' | 'too_long' | 'too_deep'

/**
 * How deep lists and objects in a record may lie in each other. V8 reads JSON of any depth, but it can't write it: its
 * stack ends at about 5,000. Python's json stops at 1,000.
 */
const MAX_DEPTH = 1000

/**
 * A record of any source as a document. A string is a document's text. One that is exactly `{id, text, meta}` is a
 * document as it stands; otherwise its fields other than the id and the text become `meta`.
 *
 * @param textColumn the field that has the text, or the way to it (see `stepsOf`)
 * @param id gives the id of a record without one of its own
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
  // An id that can't name a document is not lost.
  if (named === undefined && ownId != null) return { id: id(), text, meta: { id: ownId, ...others } }
  return { id: named ?? id(), text, meta: others }
}

/** A record whose text is within a column, or a list of texts, which are joined by line breaks. */
function documentWithin (record: Record<string, unknown>, textColumn: string, id: () => string): Document | RecordFault {
  const isColumn = Object.hasOwn(record, textColumn)
  const [column, ...steps] = isColumn ? [{ name: textColumn, lists: 0 }] : stepsOf(textColumn)
  if (!Object.hasOwn(record, column!.name)) return 'no_text'
  const { [column!.name]: value, ...others } = record
  const { texts, rest } = textsWithin(value, steps, column!.lists, asString)
  if (texts === null) return 'text_not_string'
  if (texts.length === 0) return 'no_text'
  // What stood beside the texts stays where it was.
  const all = rest === undefined ? others : { ...record, [column!.name]: rest }
  return documentOfRecord({ ...all, [textColumn]: texts.join('\n') }, textColumn, id)
}

function asString (value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** Whether lists and objects lie in each other deeper than can be written again. */
function isTooDeep (value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === MAX_DEPTH || Object.values(value).some(inner => isTooDeep(inner, depth + 1))
}

function idOf (id: unknown): string | undefined {
  if (typeof id === 'string' && id !== '') return id
  // A number past 2^53 may have lost digits, and might be another record's.
  if (typeof id === 'number' && Number.isFinite(id) && (Number.isSafeInteger(id) || !Number.isInteger(id))) return String(id)
  return undefined
}

function isDocument (record: object, textColumn: string, id: unknown, others: Record<string, unknown>): others is { meta: Record<string, unknown> } {
  const { meta } = others
  return textColumn === 'text' && typeof id === 'string' && id !== '' && typeof meta === 'object' && meta !== null &&
    !Array.isArray(meta) && Object.keys(record).length === 3
}
