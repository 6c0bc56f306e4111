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
  /** Which line it is, or is in: the first one is 1. */
  readonly number: number
}

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/**
 * Where the byte is that ends a line, from an index of a chunk on; -1 when it isn't in this chunk. It is given every
 * byte once, in order, so that it may keep what it knows of the open line.
 */
export type FindEnd = (chunk: Buffer, from: number) => number

const findNewline: FindEnd = (chunk, from) => chunk.indexOf(NEWLINE, from)

/**
 * Finds what Python takes for the end of a line, as its universal newlines have it: `\n`, `\r\n`, or `\r` alone. Chunks
 * must not end between `\r` and `\n`; see `keepingBreaks`.
 */
export function universalNewlines (): FindEnd {
  let looked: Buffer | undefined
  let next = 0 // carriage return of `looked`
  return (chunk, from) => {
    if (looked !== chunk || next < from) {
      looked = chunk
      next = chunk.indexOf(CARRIAGE_RETURN, from)
      if (next === -1) next = Infinity // text has none, mostly: it is looked for once a chunk
    }
    const newline = chunk.indexOf(NEWLINE, from)
    return next === Infinity || (newline !== -1 && newline <= next + 1) ? newline : next
  }
}

/** Passes chunks on so that none ends with a `\r` to which the next one has the `\n`. */
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
  #number = 1 // of the open line
  readonly #findInLong: FindEnd | undefined
  #isInLong = false

  /**
   * @param maxBytes longest line held whole, inclusive, ending not counted
   * @param offset of the first chunk's first byte
   * @param findEnd of what else than lines the stream is made of
   * @param findInLong where parts of a line end that is too long: the index behind a part, or behind the line break;
   *   lines that are too long are given as such parts then
   */
  constructor (maxBytes: number, offset = 0, findEnd: FindEnd = findNewline, findInLong?: FindEnd) {
    this.#maxBytes = maxBytes
    this.#findInLong = findInLong
    this.#findEnd = findEnd
    this.#base = offset
  }

  /** Takes the next chunk. Only once `next` has given undefined. The chunk must not be changed while it is in use. */
  write (chunk: Buffer): void {
    this.#base += this.#chunk.length
    this.#chunk = chunk
    this.#next = 0
  }

  /** Of the byte behind the line that was given last. */
  get offset (): number {
    return this.#base + this.#next
  }

  /** Which line is open: as many are before it, from where the splitter began. */
  get number (): number {
    return this.#number
  }

  /** The next whole line, or undefined when it takes another chunk to say. */
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
    if (this.#openBytes === 0) return this.#line(this.#chunk.subarray(start, end), this.#base + start, this.#base + end + 1, end - start, number)
    this.#hold(this.#chunk.subarray(start, end))
    return this.#takeHeld(this.#base + end + 1, 1, number)
  }

  /** The input has ended: its last line, if that has no ending. */
  end (): Line | undefined {
    return this.#openBytes === 0 ? undefined : this.#takeHeld(this.#base + this.#chunk.length, 0, this.#number)
  }

  /** Looks at the open line from its beginning on for its parts: all of it is held so far. */
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

/**
 * Bytes as text; null where they aren't UTF-8. ASCII, which is most of what is read, decodes seven times as fast as
 * Latin-1.
 */
export function decodeUtf8 (bytes: Buffer): string | null {
  if (isAscii(bytes)) return bytes.toString('latin1')
  return isUtf8(bytes) ? bytes.toString() : null
}
