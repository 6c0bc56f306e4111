import { ZstdDamage } from './damage.ts'

/** Four bytes, less up to seven bits that were already read from the first one. */
const MAX_READ = 25

/**
 * Reads a bit stream from its end towards its start, the way zstd stores Huffman and FSE streams (RFC 8878, 4.1). The
 * highest set bit of the last byte only marks the end; it is not data.
 *
 * `bytes` must have at least three more bytes after `end`; their values don't matter.
 */
export class BackwardBits {
  /** Bits not yet read; negative when more bits were read than the stream has. */
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

  /** Reads the next `count` bits (at most 25). Past the start of the stream it reads zeros. */
  read (count: number): number {
    const left = this.left -= count
    return left < 0
      ? this.#readAtStart(count)
      : (this.#view.getUint32(this.#start + (left >> 3), true) >>> (left & 7)) & ((1 << count) - 1)
  }

  /** Like `read`, for up to 31 bits. */
  readLong (count: number): number {
    return count <= MAX_READ ? this.read(count) : this.read(count - 16) * 65536 + this.read(16)
  }

  #readAtStart (count: number): number {
    const there = this.left + count
    return there <= 0 ? 0 : (this.#view.getUint32(this.#start, true) & ((1 << there) - 1)) << -this.left
  }
}
