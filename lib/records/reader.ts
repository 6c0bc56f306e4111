import type { Document } from '../document.ts'
import { LineValues, isBlank } from '../json/structure.ts'
import { type Line, LineSplitter } from './lines.ts'
import type { RecordOutcome } from './record-batch.ts'

/** A record as it was found in a file, and what becomes of it: of most, a document. */
export interface FoundRecord<Item = Document> {
  /** Where the record begins: in bytes of the decompressed content, or in rows. */
  readonly offset: number
  /** Where the next one is looked for. */
  readonly end: number
  /** The record as it lies in the file, or its beginning; valid until the next `read`. */
  readonly bytes: Buffer
  /** Of the whole record, in bytes. */
  readonly size: number
  /** The document, the reason why there is none, or null where there is no record (a blank line). */
  readonly outcome: RecordOutcome<Item>
  /** The lines that the record begins in, and the next one; where they are counted. The first one of a file is 1. */
  readonly line?: number | undefined
  readonly nextLine?: number | undefined
}

/** The records of one file. What `next` has is taken before `read` fetches more, so that nothing piles up. */
export interface RecordReader<Item = Document> {
  /** The next record, or undefined when more has to be read first. */
  readonly next: () => FoundRecord<Item> | undefined
  /** Reads on. False once there is nothing more. */
  readonly read: () => Promise<boolean>
  /** Of a table that is open: the names of all its columns, of which records may have only some. */
  readonly columns?: readonly string[] | undefined
  /** Lets go of the file; what is under way is waited for by nobody. */
  readonly close: () => void
  /**
   * Whether what was read so far is white space, empty documents or nothing; undefined where a format has more than its
   * records.
   */
  readonly isBlank?: boolean | undefined
  /** The records in what was taken for one, and is bad as a whole; undefined where it has no others. */
  readonly partsOf?: ((record: FoundRecord<object>) => Generator<FoundRecord<Item>> | undefined) | undefined
}

/** A file whose records are to be read. */
export interface RecordFile {
  /** Among the files of the source. */
  readonly index: number
  /** How many files the source has. @default 1 */
  readonly fileCount?: number
  /** As it was given; `-` for standard input and for bytes from elsewhere. */
  readonly path: string
  /** Where the next record is looked for, as `FoundRecord.end` says. */
  readonly offset: number
  /** Which line that is; undefined where it isn't known. */
  readonly line?: number | undefined
  /** The id of a record that has none of its own. */
  readonly idAt: (offset: number) => string
  /** The content from an offset on, chunk by chunk, decompressed. Of a stream it can be asked for once only. */
  readonly bytesFrom: (offset: number) => AsyncGenerator<Buffer>
  /** Whether `bytesFrom` can be asked again. */
  readonly isNamed: boolean
  /** To be told how much of the file, as it lies on disk, has been read; `bytesFrom` does so itself. */
  readonly onRead: (bytes: number) => void
  /**
   * To be told of decompressed bytes as their records are taken: how many were counted hangs on where the source stands
   * only.
   */
  readonly count: (bytes: number) => void
  readonly signal: AbortSignal
}

/**
 * What becomes of the bytes of one record: a document, the reason why there is none, or null for a line that is no
 * record.
 */
export type ParseRecord<Item = Document> = (bytes: Buffer, id: () => string) => RecordOutcome<Item>

export interface BytesReaderOptions<Item = Document> {
  /** Whether white space before a record is no part of it. @default false */
  readonly skipsBlanks?: boolean
  /** What becomes of the values in a record that turns out to be several, in JSON; without it, none is looked for. */
  readonly parsePart?: ParseRecord<Item> | undefined
  /** Whether records are lines, which are counted. @default false */
  readonly countsLines?: boolean
  readonly isBlank?: () => boolean
}

/** Records out of bytes that end each with one byte that a `LineSplitter` finds. */
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
  #uncounted = 0 // bytes that were read and are not of a record that was taken

  constructor (file: RecordFile, chunks: AsyncGenerator<Buffer>, splitter: LineSplitter, parse: ParseRecord<Item>, { skipsBlanks = false, parsePart, countsLines = false, isBlank }: BytesReaderOptions<Item> = {}) {
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

  /** Of the byte behind what was found last, whatever parts of it are yet to be given. */
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

  /** Of a line that is no JSON as a whole, or no UTF-8, the values that it has. */
  readonly partsOf = (record: FoundRecord<object>): Generator<FoundRecord<Item>> | undefined => {
    const { bytes, outcome } = record
    if (this.#parsePart === undefined || (outcome !== 'bad_json' && outcome !== 'bad_utf8')) return undefined
    return this.#values().find(bytes, 0) === -1 ? undefined : this.#partsIn(record, this.#parsePart)
  }

  * #partsIn (
    { offset, end, bytes, size, line, nextLine }: FoundRecord<object>, parse: ParseRecord<Item>
  ): Generator<FoundRecord<Item>> {
    const values = this.#values()
    const place = size - bytes.length > 2 ? offset + 3 : offset // more is missing than a line break: a byte order mark
    for (let at = 0; at < bytes.length;) {
      const found = values.find(bytes, at)
      const isLast = found === -1
      const next = isLast ? bytes.length : found
      const from = at === 0 ? offset : place + at
      const part = bytes.subarray(at, next)
      const partEnd = isLast ? end : place + next
      yield { offset: from, end: partEnd, bytes: part, size: partEnd - from, outcome: parse(part, () => this.#file.idAt(from)), line, nextLine: isLast ? nextLine : line }
      at = next
    }
  }

  /** A record in an array may have several lines. */
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

/** What a file with a byte order mark begins with is read as if the mark were not there. */
export function withoutByteOrderMark (bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes
}

/** Opens a file for its records. What it throws, and what the reader throws, ends the source. */
export type OpenRecords<Item = Document> = (file: RecordFile) => RecordReader<Item>
