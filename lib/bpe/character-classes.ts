import { CLASS_DATA } from './class-data.ts'
import { runLengths } from './run-lengths.ts'

/**
 * Classes of characters in the regular expressions of tokenizers, a bit each. `upper` and `lower` are those of o200k:
 * letters without case and marks are in both.
 */
export const CLASSES = {
  letter: 1, number: 2, space: 4, lineEnd: 8, upper: 16, lower: 32, mark: 64, symbol: 128
} as const

/** Each class that characters have in `CLASS_DATA`. */
const KINDS = [0, 2, 4, 12, 17, 33, 49, 112, 128]

const CODE_POINTS = 0x11_0000

let table: Uint8Array | undefined

/**
 * The classes of each code point. They are frozen, as tiktoken 0.14 and tokenizers 0.23 have them (Unicode 16): those
 * of Node's own expressions differ between its versions, and from these by thousands of letters.
 */
export function characterClasses (): Uint8Array {
  if (table !== undefined) return table
  const classes = new Uint8Array(CODE_POINTS)
  let point = 0
  for (const run of runLengths(CLASS_DATA)) { // its length, and its kind in the lowest four bits
    classes.fill(KINDS[run & 15]!, point, point += run >>> 4)
  }
  table = classes
  return classes
}

/** The characters of some classes as they are written in the brackets of a regular expression with the flag `u`. */
export function classRanges (bits: number): string {
  const classes = characterClasses()
  let ranges = ''
  for (let point = 0; point < CODE_POINTS; point++) {
    if ((classes[point]! & bits) === 0) continue
    const first = point
    while (point + 1 < CODE_POINTS && (classes[point + 1]! & bits) !== 0) point++
    ranges += first === point ? escaped(first) : `${escaped(first)}-${escaped(point)}`
  }
  return ranges
}

function escaped (point: number): string {
  return `\\u{${point.toString(16)}}`
}
