/** A place where two values differ. */
export interface Difference {
  /**
   * `filters[1].length.min_chars`; a key with a dot or a bracket as `["a.b"]`; empty if the values differ as a
   * whole.
   */
  readonly path: string
  /** Undefined if the first value has nothing at this place. */
  readonly before: unknown
  readonly after: unknown
}

/**
 * The differences of two values of plain JSON, in the order of the first one's keys, then of the second's. Objects are
 * compared by key, in any order, and arrays by index. An undefined key counts as missing. An object or array that only
 * one of the two has is a single difference.
 */
export function differences (before: unknown, after: unknown): Difference[] {
  return differencesAt('', before, after)
}

/** Characters of a value that are shown. */
const LONGEST_VALUE = 100

/** A difference as text: `filters[1].length.min_chars: 200 -> 300`; long values are cut. */
export function differenceText ({ path, before, after }: Difference): string {
  return `${path === '' ? '' : `${path}: `}${valueText(before)} -> ${valueText(after)}`
}

function differencesAt (path: string, before: unknown, after: unknown): Difference[] {
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length)
    return Array.from({ length }, (_, i) => differencesAt(`${path}[${i}]`, before[i], after[i])).flat()
  }
  if (isObject(before) && isObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)])
    return [...keys].flatMap(key => differencesAt(path + step(key, path), own(before, key), own(after, key)))
  }
  return before === after ? [] : [{ path, before, after }]
}

function step (key: string, path: string): string {
  if (/[.[\]]/.test(key) || key === '') return `[${JSON.stringify(key)}]`
  return path === '' ? key : `.${key}`
}

/** Reads own keys only, so that `__proto__` is a key like any other. */
function own (object: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

function isObject (value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function valueText (value: unknown): string {
  if (value === undefined) return '(none)'
  const text = JSON.stringify(value)
  return text.length > LONGEST_VALUE ? text.slice(0, LONGEST_VALUE - 1).toWellFormed() + '…' : text
}
