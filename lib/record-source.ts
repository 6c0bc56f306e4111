import { Readable } from 'node:stream'
import type { Document } from './document.ts'
import { SluiceError } from './errors.ts'
import { type FileNames, type InputFile, STANDARD_STREAM, documentPath, findFiles, readBytes, skipping } from './files.ts'
import { type Line, LineSplitter } from './lines.ts'
import { type MaxBad, isDue, judgeBadRecords, maxBadOption } from './max-bad.ts'
import { positive } from './options.ts'
import { type Done, type StageStats, type StreamOptions, objectStream } from './stage.ts'

/** Why a record gives no document. */
export type RecordFault = 'bad_json' | 'not_object' | 'no_text' | 'text_not_string' | 'bad_utf8' | 'lone_surrogate' | 'too_long'

/** Where a source stands: behind the last document that has left it. Small JSON. */
export interface SourcePosition {
  /** Index of the file in the list of input files. */
  readonly file: number
  /** The file as it was given. */
  readonly path: string
  /** Of the next record, in bytes of the decompressed content. */
  readonly offset: number
}

/** What a source has read. `in` counts records, `dropped` those that gave no document, by reason. */
export interface SourceStats extends StageStats {
  /** Bytes of decompressed content read so far. */
  bytes: number
}

/** What becomes of one record: a document, the reason why there is none, or null for a line that is no record. */
export type ParseRecord = (line: Buffer, id: () => string) => Document | RecordFault | null

/** Options of every source that reads records line by line. */
export const recordSourceOptions = {
  maxLineBytes: positive.default(8 * 1024 * 1024).describe('longest record read, in bytes; a longer one is counted as too_long'),
  maxBad: maxBadOption
}

export interface RecordSourceOptions {
  /** Where a record has its text, for the message when none has. */
  readonly textIn?: string
  readonly maxLineBytes: number
  readonly maxBad: MaxBad
}

/** What sources can be told in code, beside their own options. */
export interface SourceOptions extends StreamOptions {
  /** Goes on from here: a `position` that the same source gave for the same files. */
  readonly from?: SourcePosition | undefined
}

/** What a source reads: files by name, or bytes from anywhere, such as the body of an HTTP response. */
export type SourceInput = FileNames | AsyncIterable<Uint8Array>

/** Positions of documents that have left are taken off the list once it is so long, not at every document. */
const FORGET_FROM = 256

/**
 * Documents from the lines of files, one after the other. What a line is, the source that uses it says by `parse`.
 *
 * Nothing is read before it is asked for, and never more than a chunk of bytes ahead.
 */
export class RecordSource extends Readable {
  readonly stageName: string
  readonly stats: SourceStats = { in: 0, out: 0, dropped: {}, bytes: 0 }
  readonly #names: FileNames | null
  readonly #stream: AsyncIterable<Uint8Array> | null
  readonly #parse: ParseRecord
  readonly #options: RecordSourceOptions
  readonly #closed = new AbortController()
  #isOpen = false
  #firstBad: string | undefined
  #files: InputFile[] = []
  #file = 0 // in #files, the one that is open or to be opened next
  #idPath = ''
  #fileBytesRead = 0
  #bytesReadBefore = 0 // of the files before #file
  #chunks: AsyncGenerator<Buffer> | undefined
  #lines: LineSplitter | undefined
  #filling = false
  #stopped = false
  #startOffset = 0
  #positions: SourcePosition[] = [] // behind each document that is still in the buffer, and the last that left it
  #position: SourcePosition

  constructor (name: string, input: SourceInput, parse: ParseRecord, options: RecordSourceOptions, { from, highWaterMark, signal }: SourceOptions) {
    super(objectStream({ highWaterMark, signal }))
    this.stageName = name
    const named = typeof input === 'string' || Array.isArray(input)
    this.#names = named ? input as FileNames : null
    this.#stream = named ? null : input as AsyncIterable<Uint8Array>
    this.#parse = parse
    this.#options = options
    this.#position = from ?? { file: 0, path: '', offset: 0 }
  }

  /** Behind the last document that has left the source; what lies in its buffer is not counted as left. */
  get position (): SourcePosition {
    this.#forget()
    return this.#position
  }

  /** Bytes of the files read so far, as they lie on disk, and in all; null where that can't be known. */
  get progress (): { readonly read: number, readonly total: number | null } {
    const sizes = this.#files.map(file => file.size)
    const total = sizes.length > 0 && sizes.every(size => size !== null) ? sizes.reduce((sum, size) => sum + size, 0) : null
    return { read: this.#bytesReadBefore + this.#fileBytesRead, total }
  }

  /** Ends the flow as if the input ended here: nothing more is read, what lies in the buffer still comes. */
  stop (): void {
    this.#stopped = true
    this.#close()
  }

  override _read (): void {
    if (this.#filling) return
    this.#filling = true
    this.#fill().catch((error: unknown) => { this.destroy(error as Error) })
  }

  override _destroy (error: Error | null, done: Done): void {
    this.#close()
    done(error)
  }

  /** Lets go of the file that is open, or of the stream that was given. */
  #close (): void {
    this.#closed.abort()
    if (this.#stream instanceof Readable) this.#stream.destroy()
    // A chunk may be under way; `return` then waits for it, and nobody here waits for that.
    this.#chunks?.return(undefined).catch(() => {})
  }

  /** Not on construction: a source that is made and never read must not fail. */
  async #open (): Promise<void> {
    this.#isOpen = true
    const { file, path, offset } = this.#position
    if (![file, offset].every(number => Number.isSafeInteger(number) && number >= 0) || typeof path !== 'string') {
      throw new SluiceError('ERR_STATE', `expected a position { file, path, offset }, got ${JSON.stringify(this.#position)}`)
    }
    this.#files = this.#names !== null ? await findFiles(this.#names) : [{ path: STANDARD_STREAM, size: null }]
    if (path === '') { // a new start
      this.#position = { file: 0, path: this.#files[0]!.path, offset: 0 }
      return
    }
    if (this.#files[file]?.path !== path) {
      throw new SluiceError('ERR_STATE', `the saved position is in input file ${file + 1}, ${path}, but that is now ${this.#files[file]?.path ?? 'not there'}; start over, or give the same files in the same order`)
    }
    const { size } = this.#files[file]
    if (size !== null && !path.endsWith('.gz') && offset > size) {
      throw new SluiceError('ERR_STATE', `the saved position is at byte ${offset} of ${path}, which has only ${size} bytes; it was changed since`)
    }
    this.#file = file
    this.#startOffset = offset
    this.#bytesReadBefore = this.#files.slice(0, file).reduce((sum, before) => sum + (before.size ?? 0), 0)
  }

  /** Pushes documents until the buffer is full or the input ends. */
  async #fill (): Promise<void> {
    if (!this.#isOpen) await this.#open()
    for (;;) {
      if (this.#stopped) break
      this.#lines ??= this.#openNext()
      if (this.#lines === undefined) {
        this.#judge()
        this.#refuseNoText()
        break
      }
      if (!this.#pushLines(this.#lines)) {
        this.#filling = false
        return
      }
      const chunk = await this.#nextChunk()
      if (this.destroyed) return
      if (this.#isStopped()) break // a line that is only begun is not a document
      if (chunk.done !== true) {
        this.stats.bytes += chunk.value.length
        this.#lines.write(chunk.value)
      } else if (this.#closeFile(this.#lines)) {
        this.#filling = false
        return
      }
    }
    if (this.#stopped) this.#judge()
    this.push(null)
  }

  /** It may have been stopped while a chunk was awaited, which the compiler can't see. */
  #isStopped (): boolean {
    return this.#stopped
  }

  async #nextChunk (): Promise<IteratorResult<Buffer>> {
    try {
      return await this.#chunks!.next()
    } catch (error) {
      if (this.#stopped) return { done: true, value: undefined }
      throw error
    }
  }

  #openNext (): LineSplitter | undefined {
    const file = this.#files[this.#file]
    if (file === undefined) return undefined
    const offset = this.#startOffset
    this.#startOffset = 0
    this.#idPath = documentPath(file.path)
    const onRead = (bytes: number): void => { this.#fileBytesRead = bytes }
    this.#chunks = this.#stream === null
      ? readBytes(file.path, { offset, signal: this.#closed.signal, onRead })
      : skipping(offset, this.#stream, file.path)
    return new LineSplitter(this.#options.maxLineBytes, offset)
  }

  /** True when the file's last line filled the buffer. */
  #closeFile (lines: LineSplitter): boolean {
    const last = lines.end()
    const full = last !== undefined && !this.#pushLine(last)
    this.#bytesReadBefore += this.#fileBytesRead
    this.#fileBytesRead = 0
    this.#lines = undefined
    this.#file++
    return full
  }

  /** False when the buffer is full, true when it takes more bytes. */
  #pushLines (lines: LineSplitter): boolean {
    for (let line; (line = lines.next()) !== undefined;) {
      if (!this.#pushLine(line)) return this.#stopped
      if (this.#stopped || this.destroyed) return true
    }
    return true
  }

  /** False when the buffer is full. */
  #pushLine (line: Line): boolean {
    const bytes = line.offset === 0 ? withoutByteOrderMark(line.bytes) : line.bytes
    const record = line.tooLong ? 'too_long' : this.#parse(bytes, () => `${this.#idPath}#${line.offset}`)
    if (record === null) return true
    this.stats.in++
    if (isDue(this.stats.in)) this.#judge()
    if (typeof record === 'string') {
      this.stats.dropped[record] = (this.stats.dropped[record] ?? 0) + 1
      if (record !== 'no_text') this.#firstBad ??= `${record} at ${this.#idPath}#${line.offset}`
      return true
    }
    this.stats.out++
    this.#positions.push({ file: this.#file, path: this.#files[this.#file]!.path, offset: line.end })
    if (this.#positions.length > FORGET_FROM) this.#forget()
    return this.push(record)
  }

  /** Takes the positions of documents that have left the buffer off the list. */
  #forget (): void {
    const left = this.#positions.length - this.readableLength
    if (left <= 0) return
    this.#position = this.#positions[left - 1]!
    this.#positions.splice(0, left)
  }

  #judge (): void {
    judgeBadRecords(this.stats, this.#options.maxBad, this.#files.map(file => file.path), this.#firstBad)
  }

  /** A source all of whose records lack a text was asked for the wrong field: not an empty corpus. */
  #refuseNoText (): void {
    const { in: read, dropped } = this.stats
    if (read === 0 || dropped.no_text !== read) return
    throw new SluiceError('ERR_SOURCE', `${this.#files.map(file => file.path).join(', ')}: none of ${read} ${read === 1 ? 'record' : 'records'} has a text in ${this.#options.textIn ?? 'it'}; name the field that has it (--text-column, text_column)`)
  }
}

function withoutByteOrderMark (bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes
}
