import { isAscii, isUtf8 } from 'node:buffer'

/** A line of a byte stream, without its ending. */
export interface Line {
  /** The bytes of the line, or of its beginning if it is too long. Valid until the next `write`. */
  readonly bytes: Buffer
  /** Offset of its first byte in the stream. */
  readonly offset: number
  /** Offset of the byte after the line and its ending. */
  readonly end: number
  readonly tooLong: boolean
  /** Line number, from 1. A part of a line has the number of its line. */
  readonly number: number
}

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/**
 * Returns the index of the byte that ends a line, at or after an index of a chunk; -1 if the chunk has none. It gets
 * each byte once and in order, so it may keep state about the open line.
 */
export type FindEnd = (chunk: Buffer, from: number) => number

const findNewline: FindEnd = (chunk, from) => chunk.indexOf(NEWLINE, from)

/**
 * Finds ends of lines as Python's universal newlines: `\n`, `\r\n`, or `\r` alone. Chunks must not end between `\r` and
 * `\n`; see `keepingBreaks`.
 */
export function universalNewlines (): FindEnd {
  let looked: Buffer | undefined
  let next = 0 // index of the next carriage return in `looked`
  return (chunk, from) => {
    if (looked !== chunk || next < from) {
      looked = chunk
      next = chunk.indexOf(CARRIAGE_RETURN, from)
      if (next === -1) next = Infinity // most text has none, so each chunk is searched only once
    }
    const newline = chunk.indexOf(NEWLINE, from)
    return next === Infinity || (newline !== -1 && newline <= next + 1) ? newline : next
  }
}

/** Re-chunks bytes so that no chunk ends between `\r` and `\n`. */
export async function * keepingBreaks (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let isHeld = false
  for await (const given of chunks) {
    if (given.length === 0) continue
    const chunk: Buffer = isHeld ? Buffer.concat([Buffer.of(CARRIAGE_RETURN), given]) : given
    isHeld = chunk.at(-1) === CARRIAGE_RETURN
    if (!isHeld) yield chunk
    else if (chunk.length > 1) yield chunk.subarray(0, -1)
  }
  if (isHeld) yield Buffer.of(CARRIAGE_RETURN)
}

/** Bytes kept of a line that is too long. */
const TOO_LONG_KEPT_BYTES = 4096

/**
 * Splits a byte stream into lines at `\n` or `\r\n`. Write a chunk, take lines until there are none, write the next
 * chunk.
 *
 * It works on bytes, so that a line can be checked (UTF-8, length) before it is decoded. The pieces of an open line
 * are joined once, at its end, so a long line takes linear time. Only the beginning of a line longer than `maxBytes`
 * is kept.
 */
export class LineSplitter {
  readonly #maxBytes: number
  readonly #findEnd: FindEnd
  #chunk: Buffer = Buffer.alloc(0)
  #next = 0 // in #chunk
  #base: number // offset of #chunk in the stream
  #held: Buffer[] = []
  #heldBytes = 0
  #openBytes = 0 // bytes of the open line in earlier chunks; more than #heldBytes once it is too long
  #number = 1 // line number of the open line
  readonly #findInLong: FindEnd | undefined
  #isInLong = false

  /**
   * @param maxBytes maximum length of a line that is kept whole, without its ending
   * @param offset the offset of the first chunk in the stream
   * @param findEnd finds the ends of records that aren't lines
   * @param findInLong splits a line that is too long into parts, which are returned one by one. Finds the index after
   *   a part, or after the line break
   */
  constructor (maxBytes: number, offset = 0, findEnd: FindEnd = findNewline, findInLong?: FindEnd) {
    this.#maxBytes = maxBytes
    this.#findInLong = findInLong
    this.#findEnd = findEnd
    this.#base = offset
  }

  /** Passes the next chunk, when `next` has returned undefined. The chunk must not change while it is in use. */
  write (chunk: Buffer): void {
    this.#base += this.#chunk.length
    this.#chunk = chunk
    this.#next = 0
  }

  /** Offset of the byte after the line returned last. */
  get offset (): number {
    return this.#base + this.#next
  }

  /** Number of the open line, counted from where the splitter started. */
  get number (): number {
    return this.#number
  }

  /** The next complete line, or undefined if another chunk is needed. */
  next (): Line | undefined {
    if (this.#isInLong) return this.#nextInLong()
    const end = this.#findEnd(this.#chunk, this.#next)
    const size = this.#openBytes + (end === -1 ? this.#chunk.length : end) - this.#next
    if (size > this.#maxBytes && this.#findInLong !== undefined) return this.#lookInside()
    if (end === -1) {
      this.#holdRest()
      return undefined
    }
    const start = this.#next
    this.#next = end + 1
    const number = this.#number++
    const piece = this.#chunk.subarray(start, end)
    const lineEnd = this.#base + end + 1
    if (this.#openBytes === 0) return this.#line(piece, this.#base + start, lineEnd, end - start, number)
    this.#hold(piece)
    return this.#takeHeld(lineEnd, 1, number)
  }

  /** Call at the end of the input. Returns the last line if it has no ending. */
  end (): Line | undefined {
    return this.#openBytes === 0 ? undefined : this.#takeHeld(this.#base + this.#chunk.length, 0, this.#number)
  }

  /** Searches the open line for parts, from its beginning. All of it is still kept. */
  #lookInside (): Line | undefined {
    if (this.#openBytes > 0) {
      const rest = this.#chunk.subarray(this.#next)
      this.#base += this.#next - this.#openBytes
      this.#chunk = Buffer.concat([...this.#held, rest])
      this.#next = 0
      this.#forgetHeld()
    }
    this.#isInLong = true
    return this.#nextInLong()
  }

  #nextInLong (): Line | undefined {
    const end = this.#findInLong!(this.#chunk, this.#next)
    if (end === -1) {
      this.#holdRest()
      return undefined
    }
    const isBreak = end > this.#next && this.#chunk[end - 1] === NEWLINE
    this.#hold(this.#chunk.subarray(this.#next, isBreak ? end - 1 : end))
    this.#next = end
    this.#isInLong = !isBreak
    const line = this.#takeHeld(this.#base + end, isBreak ? 1 : 0, this.#number)
    if (isBreak) this.#number++
    return line
  }

  #holdRest (): void {
    this.#hold(this.#chunk.subarray(this.#next))
    this.#next = this.#chunk.length
  }

  #hold (piece: Buffer): void {
    if (piece.length === 0) return
    this.#openBytes += piece.length
    if (this.#openBytes <= this.#maxBytes + 1) { // + 1 for the \r that ends a line of exactly maxBytes
      this.#held.push(Buffer.from(piece)) // a copy, because the piece would keep its whole chunk in memory
      this.#heldBytes += piece.length
    } else if (this.#heldBytes > TOO_LONG_KEPT_BYTES) {
      this.#held = [Buffer.from(Buffer.concat(this.#held, TOO_LONG_KEPT_BYTES))]
      this.#heldBytes = TOO_LONG_KEPT_BYTES
    } else if (this.#heldBytes < TOO_LONG_KEPT_BYTES) {
      this.#held.push(Buffer.from(piece.subarray(0, TOO_LONG_KEPT_BYTES - this.#heldBytes)))
      this.#heldBytes = Math.min(TOO_LONG_KEPT_BYTES, this.#heldBytes + piece.length)
    }
  }

  #takeHeld (end: number, endingBytes: number, number: number): Line {
    const size = this.#openBytes
    const bytes = this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held)
    this.#forgetHeld()
    return this.#line(bytes, end - endingBytes - size, end, size, number)
  }

  #forgetHeld (): void {
    this.#held = []
    this.#heldBytes = 0
    this.#openBytes = 0
  }

  #line (bytes: Buffer, offset: number, end: number, size: number, number: number): Line {
    const returned = size === bytes.length && bytes[size - 1] === CARRIAGE_RETURN
    const tooLong = size - (returned ? 1 : 0) > this.#maxBytes
    if (tooLong) return { bytes: bytes.subarray(0, TOO_LONG_KEPT_BYTES), offset, end, tooLong, number }
    return { bytes: returned ? bytes.subarray(0, size - 1) : bytes, offset, end, tooLong, number }
  }
}

/** Decodes UTF-8; null if it isn't valid. Most of it is ASCII, which decodes seven times as fast as Latin-1. */
export function decodeUtf8 (bytes: Buffer): string | null {
  if (isAscii(bytes)) return bytes.toString('latin1')
  return isUtf8(bytes) ? bytes.toString() : null
}
