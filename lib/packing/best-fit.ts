/**
 * Lays items into bins by best-fit decreasing: the longest first, each into the fullest bin that has space for it, as
 * in "Fewer Truncations Improve Language Modeling" (https://arxiv.org/abs/2404.10830). This takes O(n log n) to sort
 * the items, and O(log capacity) for each of them.
 *
 * @param lengths of the items, each from 1 to `capacity`
 * @returns the items of each bin, by index. Items are in the order given, and so are the first items of the bins
 */
export function bestFitDecreasing (lengths: readonly number[], capacity: number): number[][] {
  const longestFirst = lengths.map((_, item) => item).sort((a, b) => lengths[b]! - lengths[a]! || a - b)
  const spaces = new OrderedSet(capacity + 1) // those that bins have left
  const binsWith = new Map<number, number[][]>() // by the space that is left
  const bins: number[][] = []
  for (const item of longestFirst) {
    const length = lengths[item]!
    const space = spaces.atLeast(length)
    const bin = space === -1 ? [] : binsWith.get(space)!.pop()!
    if (space === -1) bins.push(bin)
    else if (binsWith.get(space)!.length === 0) spaces.delete(space)
    bin.push(item)
    const left = (space === -1 ? capacity : space) - length
    if (left === 0) continue
    if (!binsWith.has(left)) binsWith.set(left, [])
    binsWith.get(left)!.push(bin)
    spaces.add(left)
  }
  for (const bin of bins) bin.sort((a, b) => a - b)
  return bins.sort((a, b) => a[0]! - b[0]!)
}

/** A set of integers from 0 to `size - 1` that finds the next one in O(log size). */
export class OrderedSet {
  /** A bit for each integer; in each further level, a bit for each word of the level before that isn't 0. */
  readonly #levels: Int32Array[] = []

  constructor (size: number) {
    let length = size
    do {
      length = Math.ceil(length / 32)
      this.#levels.push(new Int32Array(length))
    } while (length > 1)
  }

  add (value: number): void {
    let index = value
    for (const words of this.#levels) {
      words[index >>> 5]! |= 1 << (index & 31)
      index >>>= 5
    }
  }

  delete (value: number): void {
    let index = value
    for (const words of this.#levels) {
      words[index >>> 5]! &= ~(1 << (index & 31))
      if (words[index >>> 5] !== 0) return
      index >>>= 5
    }
  }

  /** The smallest integer of the set from `value` on; -1 if there is none. */
  atLeast (value: number): number {
    let index = value
    for (const [level, words] of this.#levels.entries()) {
      const word = index >>> 5
      const bits = word < words.length ? words[word]! & (-1 << (index & 31)) : 0
      if (bits !== 0) return this.#firstBelow(level, 32 * word + lowestBit(bits))
      index = word + 1
    }
    return -1
  }

  /** The smallest integer below a bit of a level. */
  #firstBelow (level: number, bit: number): number {
    let found = bit
    for (let below = level - 1; below >= 0; below--) found = 32 * found + lowestBit(this.#levels[below]![found]!)
    return found
  }
}

function lowestBit (bits: number): number {
  return 31 - Math.clz32(bits & -bits)
}
