import { ByteBuffer } from '../sentencepiece/byte-buffer.ts'

/** What comes after an occurrence of a word in a text: a space, or the end. */
export type Following = 'space' | 'end'

const FIRST_SLOTS = 2 ** 16
const MAX_LOAD = 0.5

/** Distinct words and how often each occurs, in a hash table. Texts themselves aren't kept. */
export class WordCounts {
  readonly #arena = new ByteBuffer()
  #slots = new Int32Array(FIRST_SLOTS) // number of a word + 1; 0 for none
  #hashes = new Int32Array(FIRST_SLOTS)
  #ends = new Float64Array(FIRST_SLOTS) // end of each word in the arena
  #beforeSpace = new Float64Array(FIRST_SLOTS)
  #beforeEnd = new Float64Array(FIRST_SLOTS)
  /** Number of distinct words. */
  length = 0

  /** The bytes of all words, one after the other. */
  get bytes (): Uint8Array {
    return this.#arena.bytes
  }

  start (word: number): number {
    return word === 0 ? 0 : this.#ends[word - 1]!
  }

  end (word: number): number {
    return this.#ends[word]!
  }

  /** How often a word occurs before a space, or before the end of a text. */
  count (word: number, following: Following): number {
    return following === 'space' ? this.#beforeSpace[word]! : this.#beforeEnd[word]!
  }

  total (word: number): number {
    return this.#beforeSpace[word]! + this.#beforeEnd[word]!
  }

  /** Counts an occurrence of a word. */
  add (source: Uint8Array, from: number, to: number, following: Following): void {
    let hash = 0
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ source[at]!, 0x01000193)
    hash ^= hash >>> 15
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = Math.imul(hash, 0x9e3779b1 | 0) >>> 7 & mask
    for (let word = slots[slot]! - 1; word >= 0; word = slots[slot]! - 1) {
      if (this.#hashes[word] === hash && this.#is(word, source, from, to)) {
        this.#count(word, following)
        return
      }
      slot = (slot + 1) & mask
    }
    slots[slot] = this.length + 1
    this.#append(source, from, to, hash)
    this.#count(this.length - 1, following)
    if (this.length > MAX_LOAD * slots.length) this.#rehash()
  }

  #count (word: number, following: Following): void {
    if (following === 'space') this.#beforeSpace[word]!++
    else this.#beforeEnd[word]!++
  }

  #is (word: number, source: Uint8Array, from: number, to: number): boolean {
    const { bytes } = this.#arena
    let own = word === 0 ? 0 : this.#ends[word - 1]!
    if (this.#ends[word]! - own !== to - from) return false
    for (let at = from; at < to; at++) {
      if (bytes[own++] !== source[at]) return false
    }
    return true
  }

  #append (source: Uint8Array, from: number, to: number, hash: number): void {
    if (this.length === this.#ends.length) {
      this.#ends = grown(this.#ends, new Float64Array(2 * this.length))
      this.#beforeSpace = grown(this.#beforeSpace, new Float64Array(2 * this.length))
      this.#beforeEnd = grown(this.#beforeEnd, new Float64Array(2 * this.length))
      this.#hashes = grown(this.#hashes, new Int32Array(2 * this.length))
    }
    const arena = this.#arena
    arena.reserve(to - from)
    const { bytes } = arena
    for (let at = from; at < to; at++) bytes[arena.length++] = source[at]!
    this.#hashes[this.length] = hash
    this.#ends[this.length++] = arena.length
  }

  #rehash (): void {
    const slots = new Int32Array(4 * this.#slots.length)
    const mask = slots.length - 1
    for (let word = 0; word < this.length; word++) {
      let slot = Math.imul(this.#hashes[word]!, 0x9e3779b1 | 0) >>> 7 & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = word + 1
    }
    this.#slots = slots
  }
}

function grown<T extends Int32Array | Float64Array> (from: T, to: T): T {
  to.set(from)
  return to
}
