import { SluiceError } from './errors.ts'
import { LineSplitter } from './lines.ts'
import { lookAhead } from './look-ahead.ts'
import { BytesReader, type FoundRecord, type ParseRecord, type RecordFile, type RecordReader, isBlank, withoutByteOrderMark } from './record-reader.ts'

const [QUOTE, BACKSLASH, COMMA, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = Buffer.from('"\\,[]{}') as unknown as readonly [number, number, number, number, number, number, number]

/** A file that begins with more white space than this is taken for lines. */
const LOOKED_AT_BYTES = 64 * 1024

/** Records out of JSON: a line each, or the elements of one array, where the first character of the file is `[`. */
export class JsonReader implements RecordReader {
  readonly #file: RecordFile
  readonly #maxBytes: number
  readonly #parse: ParseRecord
  #records: BytesReader | undefined
  #array: ArrayEnds | undefined
  #hasEnded = false
  #closed = false

  /** @param maxBytes longest record, inclusive */
  constructor (file: RecordFile, maxBytes: number, parse: ParseRecord) {
    this.#file = file
    this.#maxBytes = maxBytes
    this.#parse = parse
  }

  next (): FoundRecord | undefined {
    const found = this.#records?.next()
    if (found === undefined || this.#array === undefined) return found
    // A comma with nothing before it, or behind it, is no JSON.
    const record = found.outcome === null && this.#array.isMissing ? { ...found, outcome: 'bad_json' as const } : found
    if (!this.#array.isClosed) return record
    if (this.#hasEnded) return undefined // padding
    this.#hasEnded = true
    this.#file.count(-1)
    return { ...record, end: record.end - 1 } // whoever goes on from there meets the array's end again
  }

  async read (): Promise<boolean> {
    this.#records ??= await this.#open()
    if (await this.#records.read()) return true
    if (this.#hasEnded) this.#file.count(1)
    if (this.#array?.isClosed === false) throw new SluiceError('ERR_SOURCE', `${this.#file.path}: the JSON array that the file begins with has no end: it is cut off, or a bracket or quote in it is damaged; get the file again`)
    return false
  }

  close (): void {
    this.#closed = true
    this.#records?.close()
  }

  async #open (): Promise<BytesReader> {
    const { offset, path } = this.#file
    const { seen: first, from } = await lookAhead(this.#file, firstByte)
    const isArray = first.byte === OPEN_LIST
    if (isArray) this.#array = new ArrayEnds(path)
    const start = offset === 0 && isArray ? first.offset + 1 : offset
    const splitter = new LineSplitter(this.#maxBytes, start, this.#array?.find)
    const chunks = this.#array !== undefined && offset > 0 ? this.#array.goOn(from(offset - 1)) : from(start)
    const records = new BytesReader(this.#file, chunks, splitter, this.#parse, { skipsBlanks: isArray })
    if (this.#closed) records.close()
    return records
  }
}

/** Finds where the elements of an array end, behind its opening bracket: brackets and quotes are all that it looks at. */
class ArrayEnds {
  isClosed = false
  /** Whether there must be an element before the byte that was found last. */
  isMissing = false
  readonly #path: string
  #depth = 0
  #inString = false
  #escaped = false
  #hasComma = false

  constructor (path: string) {
    this.#path = path
  }

  /** Takes an array from the byte before an element on, and gives what is behind that byte: where it is a comma, the array must not end there. */
  async * goOn (chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
    let isFirst = true
    for await (const chunk of chunks) {
      if (isFirst) this.#hasComma = chunk[0] === COMMA
      yield isFirst ? chunk.subarray(1) : chunk
      isFirst = false
    }
  }

  readonly find = (chunk: Buffer, from: number): number => {
    if (this.isClosed) this.#refuseMore(chunk, from)
    for (let i = from; i < chunk.length; i++) {
      if (this.#inString) i = this.#passString(chunk, i)
      const byte = chunk[i]
      if (byte === QUOTE) this.#inString = !this.#inString
      else if (byte === OPEN_LIST || byte === OPEN_OBJECT) this.#depth++
      else if (this.#depth > 0) {
        if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) this.#depth--
      } else if (byte === COMMA) {
        this.#hasComma = this.isMissing = true
        return i
      } else if (byte === CLOSE_LIST) {
        this.isClosed = true
        this.isMissing = this.#hasComma
        return i
      }
    }
    return -1
  }

  /** To the quote that ends the open string, or to the chunk's end. Most of a corpus is strings: `indexOf` is what makes it fast. */
  #passString (chunk: Buffer, from: number): number {
    for (let start = from; ;) {
      const quote = chunk.indexOf(QUOTE, start)
      const end = quote === -1 ? chunk.length : quote
      let backslashes = 0
      while (end - backslashes > start && chunk[end - backslashes - 1] === BACKSLASH) backslashes++
      if (end - backslashes === start && this.#escaped) backslashes++
      this.#escaped = backslashes % 2 === 1
      if (quote === -1 || !this.#escaped) return end
      this.#escaped = false // it was the quote that is escaped
      start = quote + 1
    }
  }

  /** Behind the array there may be white space, and zeros as padding. */
  #refuseMore (chunk: Buffer, from: number): void {
    for (let i = from; i < chunk.length; i++) {
      if (!isBlank(chunk[i]) && chunk[i] !== 0) {
        throw new SluiceError('ERR_SOURCE', `${this.#path}: the JSON array that the file begins with has ended, and more follows: ${JSON.stringify(chunk.toString('latin1', i, i + 20))}; expected one array, or an object a line`)
      }
    }
  }
}

/** The first byte that isn't white space, behind a byte order mark. */
interface First {
  /** Undefined where there is none. */
  readonly byte: number | undefined
  readonly offset: number
}

function firstByte (head: Buffer, ended: boolean): First | undefined {
  const text = withoutByteOrderMark(head)
  const index = text.findIndex(byte => !isBlank(byte))
  const certain = ended || head.length > LOOKED_AT_BYTES || (head.length >= 3 && index !== -1)
  return certain ? { byte: text[index], offset: head.length - text.length + index } : undefined
}
