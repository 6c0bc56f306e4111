import type { Document } from '../document.ts'
import { LineValues, isBlank } from '../json/structure.ts'
import { type Line, LineSplitter } from './lines.ts'
import type { RecordOutcome } from './record-batch.ts'

/** A record that was found in a file, and its outcome: usually a document. */
export interface FoundRecord<Item = Document> {
  /** Start of the record, in bytes of the decompressed content, or in rows. */
  readonly offset: number
  /** Where reading continues after it. */
  readonly end: number
  /** The record as in the file, or its beginning; valid until the next `read`. */
  readonly bytes: Buffer
  /** Bytes of the whole record. */
  readonly size: number
  /** The document, the reason why there is none, or null for a blank line. */
  readonly outcome: RecordOutcome<Item>
  /** Number of the line that it starts in, from 1, if lines are counted. */
  readonly line?: number | undefined
  /** Number of the line that the next record starts in, if lines are counted. */
  readonly nextLine?: number | undefined
}

/** Reads the records of one file. Take records from `next` until it returns undefined, then call `read`. */
export interface RecordReader<Item = Document> {
  /** The next record, or undefined if more has to be read first. */
  readonly next: () => FoundRecord<Item> | undefined
  /** Reads more of the file. Resolves to false at its end. */
  readonly read: () => Promise<boolean>
  /** For a table, once it is open: the names of all its columns; records may have only some of them. */
  readonly columns?: readonly string[] | undefined
  /** Closes the file, without waiting for pending reads. */
  readonly close: () => void
  /**
   * Whether only white space, empty documents or nothing was read so far; undefined for formats that store other data
   * besides records.
   */
  readonly isBlank?: boolean | undefined
  /** The records within a bad one; undefined if it has none. */
  readonly partsOf?: ((record: FoundRecord<object>) => Generator<FoundRecord<Item>> | undefined) | undefined
}

/** A file, for a reader of its records. */
export interface RecordFile {
  /** Index among the files of the source. */
  readonly index: number
  /** How many files the source has. @default 1 */
  readonly fileCount?: number
  /** Name as given; `-` for standard input and other streams. */
  readonly path: string
  /** Where to start reading: 0, or the `end` of a record. */
  readonly offset: number
  /** Line number at that offset; undefined if unknown. */
  readonly line?: number | undefined
  /** The id for a record that has none. */
  readonly idAt: (offset: number) => string
  /** The decompressed content from an offset, in chunks. For a stream, it can be called only once. */
  readonly bytesFrom: (offset: number) => AsyncGenerator<Buffer>
  /** Whether `bytesFrom` can be called again. */
  readonly isNamed: boolean
  /** Call it with the bytes of the file, as stored on disk, that were read so far. `bytesFrom` does so itself. */
  readonly onRead: (bytes: number) => void
  /**
   * Call it with the decompressed bytes of records as they are taken, so that the count depends only on the position of
   * the source.
   */
  readonly count: (bytes: number) => void
  readonly signal: AbortSignal
}

/** Parses the bytes of a record: returns a document, the reason why there is none, or null for a blank line. */
export type ParseRecord<Item = Document> = (bytes: Buffer, id: () => string) => RecordOutcome<Item>

export interface BytesReaderOptions<Item = Document> {
  /** Whether white space before a record is skipped. @default false */
  readonly skipsBlanks?: boolean
  /** Parses the values of a bad JSON record that consists of several; without it, they aren't looked for. */
  readonly parsePart?: ParseRecord<Item> | undefined
  /** Whether records are lines, which are counted. @default false */
  readonly countsLines?: boolean
  readonly isBlank?: () => boolean
}

/** Reads records that end with one byte each, found by a `LineSplitter`. */
export class BytesReader<Item extends object = Document> implements RecordReader<Item> {
  readonly #file: RecordFile
  readonly #chunks: AsyncGenerator<Buffer>
  readonly #splitter: LineSplitter
  readonly #parse: ParseRecord<Item>
  readonly #parsePart: ParseRecord<Item> | undefined
  readonly #skipsBlanks: boolean
  readonly #linesBefore: number | undefined
  readonly #isBlank: (() => boolean) | undefined
  #last: Line | undefined
  #parts: Generator<FoundRecord<Item>> | undefined
  #uncounted = 0 // bytes that were read, and belong to no record that was taken

  constructor (
    file: RecordFile,
    chunks: AsyncGenerator<Buffer>,
    splitter: LineSplitter,
    parse: ParseRecord<Item>,
    { skipsBlanks = false, parsePart, countsLines = false, isBlank }: BytesReaderOptions<Item> = {}
  ) {
    this.#skipsBlanks = skipsBlanks
    this.#file = file
    this.#chunks = chunks
    this.#splitter = splitter
    this.#parse = parse
    this.#parsePart = parsePart
    this.#isBlank = isBlank
    this.#linesBefore = countsLines && file.line !== undefined ? file.line - 1 : undefined
  }

  get isBlank (): boolean | undefined {
    return this.#isBlank?.()
  }

  /** Offset of the byte after the record found last, even if parts of it are still to be returned. */
  get offset (): number {
    return this.#splitter.offset
  }

  next (): FoundRecord<Item> | undefined {
    const part = this.#parts?.next()
    if (part?.done === false) return this.#counted(part.value)
    this.#parts = undefined
    const line = this.#last ?? this.#splitter.next()
    this.#last = undefined
    if (line === undefined) return undefined
    const { end } = line
    const blanks = this.#skipsBlanks ? blanksBefore(line.bytes) : 0
    const offset = line.offset + blanks
    const bytes = line.offset === 0 ? withoutByteOrderMark(line.bytes) : line.bytes.subarray(blanks)
    const outcome = line.tooLong ? 'too_long' : this.#parse(bytes, () => this.#file.idAt(offset))
    const lines = this.#linesBefore === undefined ? undefined : this.#linesBefore + line.number
    const nextLine = lines === undefined ? undefined : this.#linesBefore! + this.#splitter.number
    const found = { offset, end, bytes, size: end - offset, outcome, line: lines, nextLine }
    this.#parts = typeof outcome === 'string' ? this.partsOf(found) : undefined
    this.#count(this.#parts === undefined ? end - line.offset : blanks)
    return this.#parts === undefined ? found : this.next()
  }

  /** The values in a line that is not valid JSON, or not UTF-8, as a whole. */
  readonly partsOf = (record: FoundRecord<object>): Generator<FoundRecord<Item>> | undefined => {
    const { bytes, outcome } = record
    if (this.#parsePart === undefined || (outcome !== 'bad_json' && outcome !== 'bad_utf8')) return undefined
    return this.#values().find(bytes, 0) === -1 ? undefined : this.#partsIn(record, this.#parsePart)
  }

  * #partsIn (
    { offset, end, bytes, size, line, nextLine }: FoundRecord<object>, parse: ParseRecord<Item>
  ): Generator<FoundRecord<Item>> {
    const values = this.#values()
    const place = size - bytes.length > 2 ? offset + 3 : offset // more than a line break is missing: a byte order mark
    for (let at = 0; at < bytes.length;) {
      const found = values.find(bytes, at)
      const isLast = found === -1
      const next = isLast ? bytes.length : found
      const from = at === 0 ? offset : place + at
      const part = bytes.subarray(at, next)
      const partEnd = isLast ? end : place + next
      const outcome = parse(part, () => this.#file.idAt(from))
      const lineAfter = isLast ? nextLine : line
      yield { offset: from, end: partEnd, bytes: part, size: partEnd - from, outcome, line, nextLine: lineAfter }
      at = next
    }
  }

  /** Finds values; in an array, a value may have several lines. */
  #values (): LineValues {
    return new LineValues({ endsAtNewline: !this.#skipsBlanks })
  }

  async read (): Promise<boolean> {
    const chunk = await this.#chunks.next()
    if (chunk.done !== true) {
      this.#uncounted += chunk.value.length
      this.#splitter.write(chunk.value)
      return true
    }
    this.#last = this.#splitter.end()
    if (this.#last === undefined) this.#count(this.#uncounted)
    return this.#last !== undefined
  }

  close (): void {
    this.#chunks.return(undefined).catch(() => {})
  }

  #counted (record: FoundRecord<Item>): FoundRecord<Item> {
    this.#count(record.end - record.offset)
    return record
  }

  #count (bytes: number): void {
    this.#uncounted -= bytes
    this.#file.count(bytes)
  }
}

function blanksBefore (bytes: Buffer): number {
  let count = 0
  while (isBlank(bytes[count])) count++
  return count
}

/** Removes a UTF-8 byte order mark. */
export function withoutByteOrderMark (bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes
}

/** Opens a file to read its records. An error of it or of the reader ends the source. */
export type OpenRecords<Item = Document> = (file: RecordFile) => RecordReader<Item>

/** The records of another reader up to an offset. */
export class PartReader<Item> implements RecordReader<Item> {
  readonly #reader: RecordReader<Item>
  readonly #to: number
  #hasEnded = false

  /** @param to the offset of the first record that is not read */
  constructor (reader: RecordReader<Item>, to: number) {
    this.#reader = reader
    this.#to = to
  }

  next (): FoundRecord<Item> | undefined {
    if (this.#hasEnded) return undefined
    const found = this.#reader.next()
    this.#hasEnded = found !== undefined && found.offset >= this.#to
    return this.#hasEnded ? undefined : found
  }

  async read (): Promise<boolean> {
    return !this.#hasEnded && await this.#reader.read()
  }

  close (): void {
    this.#reader.close()
  }

  get columns (): readonly string[] | undefined {
    return this.#reader.columns
  }

  get isBlank (): boolean | undefined {
    return this.#reader.isBlank
  }

  get partsOf (): RecordReader<Item>['partsOf'] {
    return this.#reader.partsOf
  }
}
