import { AT_BOTH } from './alphabet.ts'

/** Groups of at most this many positions are sorted by insertion. */
const FEW = 12

/**
 * Positions are compared by the symbols of the longest piece and the one after it, because a piece needs occurrences
 * that different symbols follow.
 */
const FOLLOWING = 1

/** Number of symbols by which all positions are sorted at first: a piece of two characters and one that follows. */
const COMMON = 2 + FOLLOWING

/** The positions where pieces of at least two characters begin, sorted by the symbols from there on. */
export interface SortedPlaces {
  readonly places: Uint32Array
  /**
   * Number of symbols that each position has in common with the previous one: at most the length of a piece plus
   * `FOLLOWING`.
   */
  readonly common: Uint16Array
}

/**
 * Sorts the positions in a text by the symbols that follow, as a suffix array does, but only up to the length of
 * pieces. A long word or a repeated letter therefore takes no more time than other text. A counting sort orders
 * positions, from the third symbol to the first. Equal ones are then sorted by multikey quicksort (Bentley and
 * Sedgewick, "Fast Algorithms for Sorting and Searching Strings", 1997).
 *
 * @param lengths length of the longest piece at each position
 * @param alphabetSize a number greater than all symbols
 */
export function sortPlaces (symbols: Int32Array, lengths: Uint16Array, alphabetSize: number): SortedPlaces {
  let count = 0
  for (let at = 0; at < lengths.length; at++) if (lengths[at]! >= 2) count++
  let places = new Uint32Array(count)
  count = 0
  for (let at = 0; at < lengths.length; at++) if (lengths[at]! >= 2) places[count++] = at
  let other = new Uint32Array(count)
  for (let depth = COMMON - 1; depth >= 0; depth--) {
    const ends = new Uint32Array(alphabetSize)
    for (let i = 0; i < count; i++) ends[symbols[places[i]! + depth]!]!++
    for (let symbol = 0, sum = 0; symbol < alphabetSize; symbol++) {
      const more = ends[symbol]!
      ends[symbol] = sum
      sum += more
    }
    for (let i = 0; i < count; i++) other[ends[symbols[places[i]! + depth]!]!++] = places[i]!
    ;[places, other] = [other, places]
  }
  new MultikeySort(symbols, lengths, places, other).sortGroups()
  return { places, common: commonOf(symbols, lengths, places) }
}

class MultikeySort {
  readonly #symbols: Int32Array
  readonly #lengths: Uint16Array
  readonly #places: Uint32Array
  readonly #keys: Uint32Array

  constructor (symbols: Int32Array, lengths: Uint16Array, places: Uint32Array, keys: Uint32Array) {
    this.#symbols = symbols
    this.#lengths = lengths
    this.#places = places
    this.#keys = keys
  }

  /** Sorts each group of positions with the same first `COMMON` symbols. */
  sortGroups (): void {
    const places = this.#places
    const symbols = this.#symbols
    for (let from = 0; from < places.length;) {
      const place = places[from]!
      let to = from + 1
      while (
        to < places.length &&
        symbols[places[to]!] === symbols[place] &&
        symbols[places[to]! + 1] === symbols[place + 1] &&
        symbols[places[to]! + 2] === symbols[place + 2]
      ) to++
      this.#sort(from, to, COMMON)
      from = to
    }
  }

  /** Sorts positions whose first `common` symbols are the same. */
  #sort (first: number, last: number, common: number): void {
    const places = this.#places
    const keys = this.#keys
    const symbols = this.#symbols
    let from = first
    let to = last
    let depth = common
    for (;;) {
      // Positions that share all symbols of their longest piece are equal, because these pieces have the same length.
      if (to - from < 2 || this.#lengths[places[from]!]! + FOLLOWING <= depth) return
      if (to - from <= FEW) {
        this.#insert(from, to, depth)
        return
      }
      for (let i = from; i < to; i++) keys[i] = symbols[places[i]! + depth]!
      const pivot = middle(keys[from]!, keys[(from + to) >>> 1]!, keys[to - 1]!)
      let less = from
      let greater = to
      for (let i = from; i < greater;) {
        const key = keys[i]!
        if (key < pivot) swap(keys, places, less++, i++)
        else if (key > pivot) swap(keys, places, i, --greater)
        else i++
      }
      // The largest part is sorted last, in this loop, so the depth of recursion is at most the logarithm of the size.
      const same = greater - less
      const parts = [[from, less, depth], [less, greater, depth + 1], [greater, to, depth]] as const
      const largest = same >= less - from && same >= to - greater ? 1 : less - from >= to - greater ? 0 : 2
      for (let part = 0; part < 3; part++) if (part !== largest) this.#sort(...parts[part]!)
      ;[from, to, depth] = parts[largest]
    }
  }

  #insert (from: number, to: number, depth: number): void {
    const places = this.#places
    for (let i = from + 1; i < to; i++) {
      const place = places[i]!
      let at = i
      while (at > from && this.#isBefore(place, places[at - 1]!, depth)) {
        places[at] = places[at - 1]!
        at--
      }
      places[at] = place
    }
  }

  #isBefore (a: number, b: number, depth: number): boolean {
    const symbols = this.#symbols
    const most = this.#lengths[a]! + FOLLOWING
    for (let at = depth; at < most; at++) {
      const difference = symbols[a + at]! - symbols[b + at]!
      if (difference !== 0) return difference < 0
    }
    return false
  }
}

function middle (a: number, b: number, c: number): number {
  return a < b ? (b < c ? b : Math.max(a, c)) : (a < c ? a : Math.max(b, c))
}

function swap (keys: Uint32Array, places: Uint32Array, i: number, j: number): void {
  const key = keys[i]!
  keys[i] = keys[j]!
  keys[j] = key
  const place = places[i]!
  places[i] = places[j]!
  places[j] = place
}

/** `SortedPlaces.common`. Two words with `AT_BOTH` differ there, since each is followed by a space and by the end. */
function commonOf (symbols: Int32Array, lengths: Uint16Array, places: Uint32Array): Uint16Array {
  const common = new Uint16Array(places.length)
  for (let i = 1; i < places.length; i++) {
    const a = places[i - 1]!
    const b = places[i]!
    const most = lengths[a]! + FOLLOWING
    let depth = 0
    while (depth < most && symbols[a + depth] === symbols[b + depth] && symbols[a + depth] !== AT_BOTH) depth++
    common[i] = depth
  }
  return common
}
