/** 32-bit words of a key, the highest first. */
export const KEY_WORDS = 4
export const KEY_BYTES = 4 * KEY_WORDS

/** Entries after the last slot, for keys that find theirs taken. */
const REST = 4096

const LEAST_BITS = 12

/** A table is full when more of its slots are taken: each search then takes several steps. */
const MOST_LOAD = 0.75

/**
 * A set of 128-bit keys in one array, by open addressing. A key's first slot is its highest bits, so that the table is
 * sorted but for a few neighbours. Keys must be hashes: others would fill some slots and leave the rest empty.
 */
export class KeyTable {
  #bits = LEAST_BITS
  #words = wordsFor(LEAST_BITS)
  #count = 0
  readonly #mostBits: number

  /** @param memory the maximum size in bytes; a table that grows briefly has half as much in addition */
  constructor (memory: number) {
    this.#mostBits = Math.max(LEAST_BITS, Math.floor(Math.log2(memory / KEY_BYTES)))
  }

  get size (): number {
    return this.#count
  }

  /** Whether it must be emptied before another key is added. */
  get isFull (): boolean {
    return this.#bits >= this.#mostBits && this.#count >= MOST_LOAD * 2 ** this.#bits
  }

  has (key: Uint32Array): boolean {
    return this.#find(key) < 0
  }

  /** Adds a key that isn't in the table. */
  add (key: Uint32Array): void {
    if (this.#count >= MOST_LOAD * 2 ** this.#bits) this.#grow()
    this.#place(key, 0)
    this.#count++
  }

  /** Sorts the keys. They are at the beginning of the table, one after another, until `clear` empties it. */
  sort (): Uint32Array {
    const words = this.#words
    let end = 0
    for (let at = 0; at < words.length; at += KEY_WORDS) {
      if (isEmpty(words, at)) continue
      const [a, b, c, d] = [words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!]
      let to = end
      // A key is at most a few places after the one where it belongs.
      while (to > 0 && isLess(a, b, c, d, words, to - KEY_WORDS)) to -= KEY_WORDS
      if (to < end) words.copyWithin(to + KEY_WORDS, to, end)
      words[to] = a
      words[to + 1] = b
      words[to + 2] = c
      words[to + 3] = d
      end += KEY_WORDS
    }
    return words.subarray(0, end)
  }

  clear (): void {
    this.#words.fill(0)
    this.#count = 0
  }

  /** The place of a key that isn't there; `-1 - place` of one that is. */
  #find (key: Uint32Array, from = 0): number {
    const words = this.#words
    let at = (key[from]! >>> (32 - this.#bits)) * KEY_WORDS
    while (at < words.length && !isEmpty(words, at)) {
      if (compareKeys(words, at, key, from) === 0) return -1 - at
      at += KEY_WORDS
    }
    return at
  }

  #place (keys: Uint32Array, from: number): void {
    const at = this.#find(keys, from)
    if (at >= this.#words.length) throw new Error(`more than ${REST} keys begin with the same bits: they are no hashes`)
    for (let i = 0; i < KEY_WORDS; i++) this.#words[at + i] = keys[from + i]!
  }

  #grow (): void {
    const old = this.#words
    this.#bits++
    this.#words = wordsFor(this.#bits)
    for (let at = 0; at < old.length; at += KEY_WORDS) {
      if (isEmpty(old, at)) continue
      this.#place(old, at)
    }
  }
}

function wordsFor (bits: number): Uint32Array {
  return new Uint32Array((2 ** bits + REST) * KEY_WORDS)
}

function isLess (a: number, b: number, c: number, d: number, words: Uint32Array, at: number): boolean {
  if (a !== words[at]) return a < words[at]!
  if (b !== words[at + 1]) return b < words[at + 1]!
  if (c !== words[at + 2]) return c < words[at + 2]!
  return d < words[at + 3]!
}

function isEmpty (words: Uint32Array, at: number): boolean {
  return (words[at]! | words[at + 1]! | words[at + 2]! | words[at + 3]!) === 0
}

/** Below 0 if the first key is lower, 0 if both are the same. */
export function compareKeys (a: Uint32Array, at: number, b: Uint32Array, from: number): number {
  for (let i = 0; i < KEY_WORDS; i++) {
    const difference = a[at + i]! - b[from + i]!
    if (difference !== 0) return difference
  }
  return 0
}
