/**
 * A value out of JSON; undefined where it is none. Numbers that a double can't hold, integers past 2^53 and what would
 * be infinite, are strings of their digits: an id or a hash must not change on its way.
 */
export function parseJson (json: string): unknown {
  if (json === '' || isPlainlyBad(json)) return undefined // an error takes a hundred times as long
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
 * Whether an object has no name after its brace, or a line no brace at its end: hostile files have a million of them.
 */
function isPlainlyBad (json: string): boolean {
  if (json.charCodeAt(0) !== OPEN_OBJECT) return false
  const [second, last] = [json.charCodeAt(1), json.charCodeAt(json.length - 1)]
  return (last !== CLOSE_OBJECT && last > BLANK) || (second !== QUOTE && second !== CLOSE_OBJECT && second > BLANK)
}

/** Damaged input that nests without end must not use up the stack. A record with deeper values is refused elsewhere. */
const MAX_DEPTH = 1001

/** Looks at numbers only, and not at the text, so that it costs nearly nothing. */
function hasLargeNumber (value: unknown, depth = 0): boolean {
  if (typeof value === 'number') return value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return false
  return (Array.isArray(value) ? value : Object.values(value)).some(inner => hasLargeNumber(inner, depth + 1))
}

/** Strings are passed over as a whole. */
function withLargeNumbersQuoted (json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/gs, token => {
    if (token.startsWith('"')) return token
    const isLost = /^-?\d+$/.test(token) ? !Number.isSafeInteger(Number(token)) : !Number.isFinite(Number(token))
    return isLost ? `"${token}"` : token
  })
}

/** A value of JSON as Python has it: numbers that JSON lacks become their names, `NaN`, `Infinity` and `-Infinity`. */
export function withNamedNumbers (value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (Array.isArray(value)) return value.map(withNamedNumbers)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withNamedNumbers(inner)]))
}

/** JSON of a value; a BigInt, which JSON lacks, becomes a string of its digits. */
export function toJson (value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch { // a replacer for all would double the time
    return JSON.stringify(value, (_key, inner: unknown) => typeof inner === 'bigint' ? inner.toString() : inner)
  }
}
