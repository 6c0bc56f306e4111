import { ZstdDamage } from './damage.ts'

/** What four bytes hold, less the seven bits that may lie before the first one. */
const MAX_READ = 25

/**
 * Reads a bit stream from its end towards its beginning, as zstd lays out Huffman and FSE streams (RFC 8878, 4.1):
 * the highest set bit of the last byte marks the end and is no data.
 *
 * `bytes` must have three more bytes behind `end`, whatever they hold.
 */
export class BackwardBits {
  /** Bits not yet read; negative once more was asked for than there is. */
  left: number
  readonly #view: DataView
  readonly #start: number

  constructor (bytes: Uint8Array, start: number, end: number) {
    const last = end > start ? bytes[end - 1]! : 0
    if (last === 0) throw new ZstdDamage('a bit stream without its end mark')
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#start = start
    this.left = (end - start) * 8 - 8 + 31 - Math.clz32(last)
  }

  /** The next `count` bits, at most 25; zeros stand for those behind the stream's beginning. */
  read (count: number): number {
    const left = this.left -= count
    return left < 0
      ? this.#readAtStart(count)
      : (this.#view.getUint32(this.#start + (left >> 3), true) >>> (left & 7)) & ((1 << count) - 1)
  }

  /** As `read`, at most 31 bits. */
  readLong (count: number): number {
    return count <= MAX_READ ? this.read(count) : this.read(count - 16) * 65536 + this.read(16)
  }

  #readAtStart (count: number): number {
    const there = this.left + count
    return there <= 0 ? 0 : (this.#view.getUint32(this.#start, true) & ((1 << there) - 1)) << -this.left
  }
}
