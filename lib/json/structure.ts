/**
 * Where values of JSON end, by quotes and brackets alone: it is found in chunks of any size, and in what is damaged.
 */

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT, NEWLINE] =
  Buffer.from('"\\[]{}\n') as unknown as readonly [number, number, number, number, number, number, number]

/** JSON's white space: tab, line feed, carriage return, space. */
export function isBlank (byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** Follows quotes and brackets, byte after byte. */
export class Structure {
  /** Lists and objects that are open. */
  depth = 0
  /** Whether a string is open. */
  inString = false
  #escaped = false

  /** Takes a byte outside of strings. */
  take (byte: number): void {
    if (byte === QUOTE) this.inString = true
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) this.depth++
    else if ((byte === CLOSE_LIST || byte === CLOSE_OBJECT) && this.depth > 0) this.depth--
  }

  /**
   * The index behind the quote that ends the open string, or the end. Most of a corpus is strings: `indexOf` is what
   * makes it fast.
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
      this.#escaped = false // it was the quote that is escaped
    }
  }

  /** Whether all that was open is closed. */
  get isClosed (): boolean {
    return this.depth === 0 && !this.inString
  }

  /** Forgets what is open. */
  reset (): void {
    this.depth = 0
    this.inString = this.#escaped = false
  }
}

/** A byte order mark, byte by byte: where files were put together, one may be in the middle. */
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]

/**
 * Cuts lines with several values: a list, an object or a string each, with the white space after it. What begins with
 * anything else goes to the end of its line, and so does a value that isn't closed there. What it finds depends on
 * nothing before the value, so that reading can begin at each.
 */
export class LineValues {
  readonly #structure = new Structure()
  readonly #endsAtNewline: boolean
  #is: 'before' | 'value' | 'after' | 'other' = 'before'
  #chunk: Buffer | undefined
  #line: Buffer = Buffer.alloc(0) // of #chunk, to the end of a line

  /** @param endsAtNewline whether nothing goes on in the next line @default true */
  constructor ({ endsAtNewline = true } = {}) {
    this.#endsAtNewline = endsAtNewline
  }

  /** The index behind the value that is open, or behind the line break; -1 where the chunk ends first. */
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
