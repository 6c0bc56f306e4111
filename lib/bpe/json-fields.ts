import { checkCount } from './limits.ts'

/**
 * Checks of fields of JSON by hand: a `tokenizer.json` has hundreds of thousands of values, for which schemas are slow.
 */
export type JsonObject = Readonly<Record<string, unknown>>

export function isObject (value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @throws Error if the field is missing or of another type */
export function stringIn (object: JsonObject, key: string): string {
  const value = object[key]
  if (typeof value !== 'string') throw wrong(key, value, 'a string')
  return value
}

/** @param fallback for a field that is missing or null */
export function booleanIn (object: JsonObject, key: string, fallback?: boolean): boolean {
  const value = object[key] ?? fallback
  if (typeof value !== 'boolean') throw wrong(key, value, 'true or false')
  return value
}

export function objectIn (object: JsonObject, key: string): JsonObject {
  const value = object[key]
  if (!isObject(value)) throw wrong(key, value, 'an object')
  return value
}

/** The object of a field; null if it is missing or null. */
export function optionalObjectIn (object: JsonObject, key: string): JsonObject | null {
  return object[key] === undefined || object[key] === null ? null : objectIn(object, key)
}

export function listIn (object: JsonObject, key: string): readonly unknown[] {
  const value = object[key]
  if (!Array.isArray(value)) throw wrong(key, value, 'a list')
  return value
}

/** Published tokenizers have less than ten. */
const MOST_PARTS = 100

/** Tokenizers of Hugging Face refuse to read more. */
const MOST_DEPTH = 128

/** The parts of a `Sequence`, which may have others in it; one by itself for anything else. @param key of its list */
export function nested (found: JsonObject | null, key: string, what: string, depth = 0): JsonObject[] {
  if (found === null) return []
  if (stringIn(found, 'type') !== 'Sequence') return [found]
  if (depth === MOST_DEPTH) throw new Error(`its ${what} is nested more than ${MOST_DEPTH} deep`)
  const parts = listIn(found, key).flatMap(each => {
    if (!isObject(each)) throw wrong(key, each, 'a list of objects')
    return nested(each, key, what, depth + 1)
  })
  checkCount(parts.length, MOST_PARTS, `parts of its ${what}`)
  return parts
}

/** A value for messages. */
export function shown (value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (value === undefined) return 'undefined'
  return isObject(value) ? 'an object' : JSON.stringify(value).slice(0, 80)
}

function wrong (key: string, value: unknown, expected: string): Error {
  return new Error(`${key} is ${value === undefined ? 'missing' : shown(value)}, expected ${expected}`)
}
