import { ZstdDamage } from './damage.ts'

/** For fewer bytes than this, a loop is faster than a native copy. */
const SHORT = 128

/**
 * The buffer has at least this much free space after the window, and a quarter of the window's size if that is more.
 */
const MIN_FREE_BYTES = 1024 * 1024

/**
 * The last bytes of a decoded frame, which later blocks refer to, followed by the block that is being decoded.
 *
 * Blocks are decoded in place. When the buffer is full, the window moves to its start. On average that moves about four
 * bytes for each decoded one, however large the window is.
 */
export class Window {
  #buffer = new Uint8Array(0)
  #size = 0
  #end = 0
  #blockStart = 0
  #blockLimit = 0
  #first = 0 // first byte that may be referenced

  /**
   * Starts a frame; earlier content can't be referenced any more. Reuses the previous frame's buffer if it is large
   * enough.
   */
  startFrame (size: number, maxBlockBytes: number): void {
    this.#size = size
    const needed = size + maxBlockBytes + Math.max(MIN_FREE_BYTES, size >> 2)
    if (this.#buffer.length < needed) this.#buffer = new Uint8Array(needed)
    this.#end = 0
    this.#first = 0
  }

  /** Starts a block that decodes to at most this many bytes. */
  startBlock (maxBytes: number): void {
    if (this.#end + maxBytes > this.#buffer.length) {
      const start = Math.max(this.#first, this.#end - this.#size)
      this.#buffer.copyWithin(0, start, this.#end)
      this.#end -= start
      this.#first = 0
    }
    this.#blockStart = this.#end
    this.#blockLimit = this.#end + maxBytes
  }

  /**
   * Starts a frame that is kept as a whole: all of its content can be referenced, and `whole` returns it at the end.
   */
  startWhole (contentBytes: number, maxBlockBytes: number): void {
    this.#size = contentBytes
    this.#buffer = new Uint8Array(contentBytes + maxBlockBytes)
    this.#end = 0
    this.#first = 0
  }

  /** The content of a frame that was started with `startWhole`, up to the size that was given there. */
  whole (): Uint8Array {
    return this.#buffer.subarray(0, this.#end)
  }

  /** The content of the current block; valid until the next block starts. */
  block (): Uint8Array {
    return this.#buffer.subarray(this.#blockStart, this.#end)
  }

  append (bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#end)
    this.#end += bytes.length
  }

  appendRepeated (byte: number, count: number): void {
    this.#reserve(count)
    this.#buffer.fill(byte, this.#end, this.#end += count)
  }

  /**
   * Appends literals, and then a copy of `length` bytes from `offset` bytes back. The copy may overlap with its source.
   */
  appendSequence (literals: Uint8Array, taken: number, count: number, offset: number, length: number): void {
    this.#reserve(count + length)
    const buffer = this.#buffer
    let at = this.#end
    if (count > SHORT) {
      buffer.set(literals.subarray(taken, taken + count), at)
      at += count
    } else {
      for (const end = at + count; at < end;) buffer[at++] = literals[taken++]!
    }
    let from = at - offset
    if (offset <= 0 || offset > this.#size || from < this.#first) {
      throw new ZstdDamage(`a reference ${offset} bytes back, before the window's start`)
    }
    const end = at + length
    if (length > SHORT && offset >= length) buffer.copyWithin(at, from, from + length)
    else if (length > SHORT && offset === 1) buffer.fill(buffer[from]!, at, end)
    else while (at < end) buffer[at++] = buffer[from++]!
    this.#end = end
  }

  #reserve (bytes: number): void {
    if (this.#end + bytes > this.#blockLimit) throw new ZstdDamage('a block that is too large')
  }
}
