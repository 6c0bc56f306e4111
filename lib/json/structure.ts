/**
 * Finds the ends of JSON values by looking only at quotes and brackets. This works with chunks of any size and with
 * damaged data.
 */

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT, NEWLINE] =
  Buffer.from('"\\[]{}\n') as unknown as readonly [number, number, number, number, number, number, number]

/** JSON's white space: tab, line feed, carriage return, space. */
export function isBlank (byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** Follows quotes and brackets byte by byte. */
export class Structure {
  /** The number of open lists and objects. */
  depth = 0
  /** Whether a string is open. */
  inString = false
  #escaped = false

  /** Processes a byte outside of strings. */
  take (byte: number): void {
    if (byte === QUOTE) this.inString = true
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) this.depth++
    else if ((byte === CLOSE_LIST || byte === CLOSE_OBJECT) && this.depth > 0) this.depth--
  }

  /**
   * Skips the open string, using `indexOf` for speed: most bytes of a corpus are in strings.
   *
   * @returns the index after its closing quote, or the end of the chunk
   */
  passString (chunk: Buffer, from: number): number {
    for (let start = from; ;) {
      const quote = chunk.indexOf(QUOTE, start)
      const end = quote === -1 ? chunk.length : quote
      let backslashes = 0
      while (end - backslashes > start && chunk[end - backslashes - 1] === BACKSLASH) backslashes++
      if (end - backslashes === start && this.#escaped) backslashes++
      this.#escaped = backslashes % 2 === 1
      if (quote === -1) return end
      start = quote + 1
      if (!this.#escaped) {
        this.inString = false
        return start
      }
      this.#escaped = false // the escaped character was this quote
    }
  }

  /** Whether all lists, objects and strings are closed. */
  get isClosed (): boolean {
    return this.depth === 0 && !this.inString
  }

  /** Starts over. */
  reset (): void {
    this.depth = 0
    this.inString = this.#escaped = false
  }
}

/** The bytes of a byte order mark, which concatenated files may have in the middle. */
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]

/**
 * Splits lines that have several values: lists, objects or strings, each with the white space after it. Anything else
 * extends to the end of its line, and so does a value that isn't closed on its line. The result doesn't depend on
 * earlier values, so that reading can start at any value.
 */
export class LineValues {
  readonly #structure = new Structure()
  readonly #endsAtNewline: boolean
  #is: 'before' | 'value' | 'after' | 'other' = 'before'
  #chunk: Buffer | undefined
  #line: Buffer = Buffer.alloc(0) // the part of #chunk up to the end of a line

  /** @param endsAtNewline whether values always end at the end of a line @default true */
  constructor ({ endsAtNewline = true } = {}) {
    this.#endsAtNewline = endsAtNewline
  }

  /** The index after the open value or after its line break; -1 if the chunk ends first. */
  readonly find = (chunk: Buffer, from: number): number => {
    if (from >= chunk.length) return -1
    if (this.#chunk !== chunk || from >= this.#line.length) {
      const newline = this.#endsAtNewline ? chunk.indexOf(NEWLINE, from) : -1
      this.#chunk = chunk
      this.#line = newline === -1 ? chunk : chunk.subarray(0, newline + 1)
    }
    const line = this.#line
    for (let i = from; i < line.length; i++) {
      const byte = line[i]!
      if (this.#structure.inString) {
        i = this.#structure.passString(line, i) - 1
        this.#endValue()
      } else if (this.#is === 'value') {
        this.#structure.take(byte)
        this.#endValue()
      } else if (this.#is === 'other') break
      else if (!isBlank(byte)) {
        if (this.#is === 'after') return this.#found(i)
        this.#structure.take(byte)
        if (!this.#structure.isClosed) this.#is = 'value'
        else if (!BYTE_ORDER_MARK.includes(byte)) this.#is = 'other'
      }
    }
    return this.#endsAtNewline && line.at(-1) === NEWLINE ? this.#found(line.length) : -1
  }

  #endValue (): void {
    if (this.#structure.isClosed) this.#is = 'after'
  }

  #found (index: number): number {
    this.#structure.reset()
    this.#is = 'before'
    return index
  }
}
