/**
 * A Bloom filter of keys that are hashes: it says that a key is not in a set, or may be. With 20 bits a key, one in
 * 1,000 that is not there may be; with 5 bits, one in 10.
 *
 * Each 32-bit word of a key gives one bit, because the words of a hash are independent.
 */
export class KeyFilter {
  readonly #bits: Uint32Array
  readonly #mask: number

  /** @param memory the maximum size in bytes */
  constructor (memory: number) {
    const bits = Math.min(32, Math.max(10, Math.floor(Math.log2(8 * memory))))
    this.#bits = new Uint32Array(2 ** (bits - 5))
    this.#mask = 2 ** bits - 1
  }

  add (keys: Uint32Array, at: number): void {
    for (let i = at; i < at + 4; i++) {
      const bit = (keys[i]! & this.#mask) >>> 0
      this.#bits[bit >>> 5]! |= 1 << (bit & 31)
    }
  }

  mayHave (keys: Uint32Array, at: number): boolean {
    for (let i = at; i < at + 4; i++) {
      const bit = (keys[i]! & this.#mask) >>> 0
      if ((this.#bits[bit >>> 5]! & (1 << (bit & 31))) === 0) return false
    }
    return true
  }
}
