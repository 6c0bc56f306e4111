import { isAscii, isUtf8 } from 'node:buffer'

/** A line of a byte stream, without its ending. */
export interface Line {
  /** Valid until the next `write`. For a line that is too long: its beginning. */
  readonly bytes: Buffer
  /** Of the line's first byte, in the stream. */
  readonly offset: number
  /** Of the byte behind the line and its ending. */
  readonly end: number
  readonly tooLong: boolean
}

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/**
 * Where the byte is that ends a line, from an index of a chunk on; -1 when it isn't in this chunk. It is given every byte
 * once, in order, so that it may keep what it knows of the open line.
 */
export type FindEnd = (chunk: Buffer, from: number) => number

const findNewline: FindEnd = (chunk, from) => chunk.indexOf(NEWLINE, from)

/** How much of a line that is too long is kept. */
const TOO_LONG_KEPT_BYTES = 4096

/**
 * Cuts a byte stream into lines at `\n` or `\r\n`. Give it a chunk, take lines until there are none, give it the next.
 *
 * Works on bytes, so that a line can be judged (UTF-8, length) before it is decoded. The pieces of an open line are
 * joined once, at its end, so that a long line costs its length and not the square of it; of a line longer than
 * `maxBytes` only the beginning is held.
 */
export class LineSplitter {
  readonly #maxBytes: number
  readonly #findEnd: FindEnd
  #chunk: Buffer = Buffer.alloc(0)
  #next = 0 // in #chunk
  #base: number // of #chunk's first byte, in the stream
  #held: Buffer[] = []
  #heldBytes = 0
  #openBytes = 0 // of the open line in earlier chunks; more than #heldBytes once the line is too long

  /**
   * @param maxBytes longest line held whole, inclusive, ending not counted
   * @param offset of the first chunk's first byte
   * @param findEnd of what else than lines the stream is made of
   */
  constructor (maxBytes: number, offset = 0, findEnd: FindEnd = findNewline) {
    this.#maxBytes = maxBytes
    this.#findEnd = findEnd
    this.#base = offset
  }

  /** Takes the next chunk. Only once `next` has given undefined. The chunk must not be changed while it is in use. */
  write (chunk: Buffer): void {
    this.#base += this.#chunk.length
    this.#chunk = chunk
    this.#next = 0
  }

  /** The next whole line, or undefined when it takes another chunk to say. */
  next (): Line | undefined {
    const end = this.#findEnd(this.#chunk, this.#next)
    if (end === -1) {
      this.#hold(this.#chunk.subarray(this.#next))
      this.#next = this.#chunk.length
      return undefined
    }
    const start = this.#next
    this.#next = end + 1
    if (this.#openBytes === 0) return this.#line(this.#chunk.subarray(start, end), this.#base + start, this.#base + end + 1, end - start)
    this.#hold(this.#chunk.subarray(start, end))
    return this.#takeHeld(this.#base + end + 1, 1)
  }

  /** The input has ended: its last line, if that has no ending. */
  end (): Line | undefined {
    return this.#openBytes === 0 ? undefined : this.#takeHeld(this.#base + this.#chunk.length, 0)
  }

  #hold (piece: Buffer): void {
    if (piece.length === 0) return
    this.#openBytes += piece.length
    if (this.#openBytes <= this.#maxBytes + 1) { // one more for the \r of a line of just maxBytes
      this.#held.push(Buffer.from(piece)) // a copy: the piece would keep its whole chunk in memory
      this.#heldBytes += piece.length
    } else if (this.#heldBytes > TOO_LONG_KEPT_BYTES) {
      this.#held = [Buffer.from(Buffer.concat(this.#held, TOO_LONG_KEPT_BYTES))]
      this.#heldBytes = TOO_LONG_KEPT_BYTES
    } else if (this.#heldBytes < TOO_LONG_KEPT_BYTES) {
      this.#held.push(Buffer.from(piece.subarray(0, TOO_LONG_KEPT_BYTES - this.#heldBytes)))
      this.#heldBytes = Math.min(TOO_LONG_KEPT_BYTES, this.#heldBytes + piece.length)
    }
  }

  #takeHeld (end: number, endingBytes: number): Line {
    const size = this.#openBytes
    const bytes = this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held)
    this.#held = []
    this.#heldBytes = 0
    this.#openBytes = 0
    return this.#line(bytes, end - endingBytes - size, end, size)
  }

  #line (bytes: Buffer, offset: number, end: number, size: number): Line {
    const returned = size === bytes.length && bytes[size - 1] === CARRIAGE_RETURN
    const tooLong = size - (returned ? 1 : 0) > this.#maxBytes
    if (tooLong) return { bytes: bytes.subarray(0, TOO_LONG_KEPT_BYTES), offset, end, tooLong }
    return { bytes: returned ? bytes.subarray(0, size - 1) : bytes, offset, end, tooLong }
  }
}

/** Bytes as text; null where they aren't UTF-8. ASCII, which is most of what is read, decodes seven times as fast as Latin-1. */
export function decodeUtf8 (bytes: Buffer): string | null {
  if (isAscii(bytes)) return bytes.toString('latin1')
  return isUtf8(bytes) ? bytes.toString() : null
}
