import type { Document } from './document.ts'
import { type Line, LineSplitter } from './lines.ts'
import type { RecordFault } from './record.ts'

/** A record as it was found in a file, and what becomes of it. */
export interface FoundRecord {
  /** Where the record begins: in bytes of the decompressed content, or in rows. */
  readonly offset: number
  /** Where the next one is looked for. */
  readonly end: number
  /** The record as it lies in the file, or its beginning; valid until the next `read`. */
  readonly bytes: Buffer
  /** Of the whole record, in bytes. */
  readonly size: number
  /** The document, the reason why there is none, or null where there is no record (a blank line). */
  readonly outcome: Document | RecordFault | null
}

/** The records of one file. What `next` has is taken before `read` fetches more, so that nothing piles up. */
export interface RecordReader {
  /** The next record, or undefined when more has to be read first. */
  readonly next: () => FoundRecord | undefined
  /** Reads on. False once there is nothing more. */
  readonly read: () => Promise<boolean>
  /** Of a table that is open: the names of all its columns, of which records may have only some. */
  readonly columns?: readonly string[] | undefined
  /** Lets go of the file; what is under way is waited for by nobody. */
  readonly close: () => void
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
  /** The id of a record that has none of its own. */
  readonly idAt: (offset: number) => string
  /** The content from an offset on, chunk by chunk, decompressed. Of a stream it can be asked for once only. */
  readonly bytesFrom: (offset: number) => AsyncGenerator<Buffer>
  /** Whether `bytesFrom` can be asked again. */
  readonly isNamed: boolean
  /** To be told how much of the file, as it lies on disk, has been read; `bytesFrom` does so itself. */
  readonly onRead: (bytes: number) => void
  /** To be told of decompressed bytes as their records are taken: how many were counted hangs on where the source stands only. */
  readonly count: (bytes: number) => void
  readonly signal: AbortSignal
}

/** What becomes of the bytes of one record: a document, the reason why there is none, or null for a line that is no record. */
export type ParseRecord = (bytes: Buffer, id: () => string) => Document | RecordFault | null

/** Records out of bytes that end each with one byte that a `LineSplitter` finds. */
export class BytesReader implements RecordReader {
  readonly #file: RecordFile
  readonly #chunks: AsyncGenerator<Buffer>
  readonly #splitter: LineSplitter
  readonly #parse: ParseRecord
  readonly #skipsBlanks: boolean
  #last: Line | undefined
  #uncounted = 0 // bytes that were read and are not of a record that was taken

  /** @param skipsBlanks whether white space before a record is no part of it */
  constructor (file: RecordFile, chunks: AsyncGenerator<Buffer>, splitter: LineSplitter, parse: ParseRecord, { skipsBlanks = false } = {}) {
    this.#skipsBlanks = skipsBlanks
    this.#file = file
    this.#chunks = chunks
    this.#splitter = splitter
    this.#parse = parse
  }

  next (): FoundRecord | undefined {
    const line = this.#last ?? this.#splitter.next()
    this.#last = undefined
    if (line === undefined) return undefined
    const { end } = line
    this.#count(end - line.offset)
    const blanks = this.#skipsBlanks ? blanksBefore(line.bytes) : 0
    const offset = line.offset + blanks
    const bytes = line.offset === 0 ? withoutByteOrderMark(line.bytes) : line.bytes.subarray(blanks)
    return { offset, end, bytes, size: end - offset, outcome: line.tooLong ? 'too_long' : this.#parse(bytes, () => this.#file.idAt(offset)) }
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

  #count (bytes: number): void {
    this.#uncounted -= bytes
    this.#file.count(bytes)
  }
}

/** JSON's white space: tab, line feed, carriage return, space. */
export function isBlank (byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
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
