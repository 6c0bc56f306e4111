import { ZstdDamage } from './damage.ts'

/** Below this, a loop is faster than a call that moves memory. */
const SHORT = 128

/** What is free behind the window before it is moved to the front: at least this, and a quarter of a larger window. */
const MIN_FREE_BYTES = 1024 * 1024

/**
 * The last bytes of a decoded frame, to which later ones refer, and the block that is being decoded after them.
 *
 * A block is decoded in place. When the buffer is full, what the window holds moves to its front, which costs each byte
 * some four moved ones however large the window is.
 */
export class Window {
  #buffer = new Uint8Array(0)
  #size = 0
  #end = 0
  #blockStart = 0
  #blockLimit = 0
  #first = 0 // of the bytes that may be referred to

  /** Begins a frame: nothing before it can be referred to. The last frame's buffer is reused if it is large enough. */
  startFrame (size: number, maxBlockBytes: number): void {
    this.#size = size
    const needed = size + maxBlockBytes + Math.max(MIN_FREE_BYTES, size >> 2)
    if (this.#buffer.length < needed) this.#buffer = new Uint8Array(needed)
    this.#end = 0
    this.#first = 0
  }

  /** Begins a block that gives at most so many bytes. */
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

  /** Begins a frame that is to stay whole: all of its content can be referred to, and is there at the end. */
  startWhole (contentBytes: number, maxBlockBytes: number): void {
    this.#size = contentBytes
    this.#buffer = new Uint8Array(contentBytes + maxBlockBytes)
    this.#end = 0
    this.#first = 0
  }

  /** The content of a frame that was begun to stay whole, unless it has more than it was begun for. */
  whole (): Uint8Array {
    return this.#buffer.subarray(0, this.#end)
  }

  /** What the block has given; valid until the next one begins. */
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

  /** Appends literals, and then bytes that are `offset` bytes before; they may overlap with the copy of them. */
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
      throw new ZstdDamage(`a reference ${offset} bytes back, where there are fewer`)
    }
    const end = at + length
    if (length > SHORT && offset >= length) buffer.copyWithin(at, from, from + length)
    else if (length > SHORT && offset === 1) buffer.fill(buffer[from]!, at, end)
    else while (at < end) buffer[at++] = buffer[from++]!
    this.#end = end
  }

  #reserve (bytes: number): void {
    if (this.#end + bytes > this.#blockLimit) throw new ZstdDamage('a block that gives more than it may')
  }
}
