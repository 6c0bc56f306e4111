/**
 * Parses JSON; undefined if it is invalid. Numbers that a double can't represent (integers beyond 2^53, and those that
 * would be infinite) become strings of their digits, because ids and hashes must not change.
 */
export function parseJson (json: string): unknown {
  if (json === '' || isPlainlyBad(json)) return undefined // throwing an error is a hundred times slower
  try {
    const value: unknown = JSON.parse(json)
    return hasLargeNumber(value) ? JSON.parse(withLargeNumbersQuoted(json)) : value
  } catch {
    return undefined
  }
}

const [BLANK, QUOTE, OPEN_OBJECT, CLOSE_OBJECT] =
  [' ', '"', '{', '}'].map(sign => sign.charCodeAt(0)) as [number, number, number, number]

/**
 * Whether an object has no name after its opening brace, or its text no closing brace. Hostile files have millions of
 * these.
 */
function isPlainlyBad (json: string): boolean {
  if (json.charCodeAt(0) !== OPEN_OBJECT) return false
  const [second, last] = [json.charCodeAt(1), json.charCodeAt(json.length - 1)]
  return (last !== CLOSE_OBJECT && last > BLANK) || (second !== QUOTE && second !== CLOSE_OBJECT && second > BLANK)
}

/** Deeply nested input must not overflow the stack. Records with deeper values are refused elsewhere. */
const MAX_DEPTH = 1001

/** Only looks at the parsed numbers, not at the text, which takes almost no time. */
function hasLargeNumber (value: unknown, depth = 0): boolean {
  if (typeof value === 'number') return value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return false
  return (Array.isArray(value) ? value : Object.values(value)).some(inner => hasLargeNumber(inner, depth + 1))
}

/** Strings are skipped as a whole. */
function withLargeNumbersQuoted (json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/gs, token => {
    if (token.startsWith('"')) return token
    const isLost = /^-?\d+$/.test(token) ? !Number.isSafeInteger(Number(token)) : !Number.isFinite(Number(token))
    return isLost ? `"${token}"` : token
  })
}

/** Replaces numbers that only Python's JSON allows with their names: `NaN`, `Infinity` and `-Infinity`. */
export function withNamedNumbers (value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (Array.isArray(value)) return value.map(withNamedNumbers)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withNamedNumbers(inner)]))
}

/** Formats a value as JSON. A BigInt becomes a string of its digits. */
export function toJson (value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch { // a replacer for all values would take twice the time
    return JSON.stringify(value, (_key, inner: unknown) => typeof inner === 'bigint' ? inner.toString() : inner)
  }
}
