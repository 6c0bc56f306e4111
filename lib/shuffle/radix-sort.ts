const DIGITS = 2 ** 16
const DIGIT = DIGITS - 1

/** Keys of 48 bits: the upper 32 and the lower 16. */
export interface Keys {
  readonly high: Uint32Array
  readonly low: Uint16Array
}

/**
 * The order of the first `count` keys: indexes, sorted by key, and equal keys by index. A radix sort with three digits
 * of 16 bits, whose time depends on the count alone (Knuth, TAOCP 3, 5.2.5).
 *
 * @param order for the result, of at least `count` elements; `scratch` as well
 */
export function sortKeys ({ high, low }: Keys, count: number, order: Uint32Array, scratch: Uint32Array): void {
  const places = [new Uint32Array(DIGITS), new Uint32Array(DIGITS), new Uint32Array(DIGITS)] as const
  const [first, second, third] = places
  for (let i = 0; i < count; i++) {
    first[low[i]!]!++
    second[high[i]! & DIGIT]!++
    third[high[i]! >>> 16]!++
  }
  places.forEach(toStarts)
  for (let i = 0; i < count; i++) order[first[low[i]!]!++] = i
  for (let i = 0; i < count; i++) {
    const index = order[i]!
    scratch[second[high[index]! & DIGIT]!++] = index
  }
  for (let i = 0; i < count; i++) {
    const index = scratch[i]!
    order[third[high[index]! >>> 16]!++] = index
  }
}

/** Replaces the count of each digit by the number of smaller ones. */
function toStarts (counts: Uint32Array): void {
  let sum = 0
  for (let digit = 0; digit < DIGITS; digit++) {
    const count = counts[digit]!
    counts[digit] = sum
    sum += count
  }
}
