import { Readable } from 'node:stream'
import { type FileNames, type InputFile, STANDARD_STREAM } from '../bytes.ts'
import type { Document } from '../document.ts'
import { SluiceError } from '../errors.ts'
import { refuseOtherKinds } from '../file-kind.ts'
import { isHubName } from '../hub/address.ts'
import { documentPath, findFiles, isCompressed } from '../input/find.ts'
import { ReadAhead } from '../input/read-ahead.ts'
import { openHubFile, readBytes, skipping } from '../input/read.ts'
import { parseState } from '../options.ts'
import { type Barriers, Barrier } from '../stage/barrier.ts'
import { type Done, objectStream } from '../stage/stage.ts'
import { type MaxBad, isDue } from './bad-records.ts'
import { BatchedReader } from './batched-reader.ts'
import { DroppedRecords } from './dropped-records.ts'
import { type SourcePosition, Positions } from './positions.ts'
import type { FoundRecord, OpenRecords, RecordReader } from './reader.ts'
import { type SourceOptions, type SourceState, type SourceStats, sourceState } from './source-options.ts'

export interface RecordSourceOptions {
  /** Where a record has its text, for the message when none has. */
  readonly textIn?: string
  readonly maxBad: MaxBad
}

/** Files that are known already, or found when the source is first read, and not looked for on disk. */
export interface KnownFiles {
  readonly files: readonly InputFile[] | ((signal: AbortSignal) => Promise<readonly InputFile[]>)
}

/** What a source reads: files by name, or that are found, or bytes from anywhere, such as the body of an HTTP response. */
export type SourceInput = FileNames | KnownFiles | AsyncIterable<Uint8Array>

/**
 * Documents from the records of files, one after the other. What a record is, the source that uses it says by `openRecords`.
 *
 * Nothing is read before it is asked for, and never more than the reader reads at once.
 */
export class RecordSource extends Readable {
  readonly stageName: string
  readonly stats: SourceStats = { in: 0, out: 0, dropped: {}, bytes: 0 }
  readonly #input: FileNames | KnownFiles | null
  readonly #stream: AsyncIterable<Uint8Array> | null
  readonly #openRecords: OpenRecords
  readonly #options: RecordSourceOptions
  readonly #dropped: DroppedRecords
  readonly #tell: SourceOptions['tell']
  readonly #located: SourceOptions['located']
  readonly #barriers: Barriers | undefined
  readonly #hub: SourceOptions['hub']
  readonly #closed = new AbortController()
  #isOpen = false
  #files: InputFile[] = []
  #file = 0 // in #files, the one that is open or to be opened next
  #idPath = ''
  #fileBytesRead = 0
  #bytesReadBefore = 0 // of the files before #file
  #records: RecordReader | undefined
  #filling = false
  #stopped = false
  #pass: () => void = () => {} // ends the wait for a barrier
  #startOffset = 0
  #line: number | undefined // where the source stands, if lines are counted
  #begun = { in: 0, bytes: 0, isWhole: true } // the counts when the open file was begun, and whether that was at its beginning
  #ahead: ReadAhead | undefined // of files on the Hub
  readonly #positions: Positions

  constructor (name: string, input: SourceInput, openRecords: OpenRecords, options: RecordSourceOptions, { from, rejects, located, tell, hub, examination, barriers, highWaterMark, signal }: SourceOptions) {
    super(objectStream({ highWaterMark, signal }))
    this.stageName = name
    const isStream = isIterable(input)
    if (!isStream && !isNamed(input)) throw new SluiceError('ERR_OPTION', `${name}: expected a path, a glob, a list of them, or an iterable of bytes, such as a stream`)
    this.#input = isStream ? null : input
    this.#stream = isStream ? input : null
    this.#openRecords = examination === undefined ? openRecords : file => new BatchedReader(file, openRecords, examination)
    this.#options = options
    this.#dropped = new DroppedRecords(name, this.stats, rejects)
    this.#tell = tell
    this.#located = located
    this.#barriers = barriers
    this.#hub = hub
    this.#positions = new Positions(from ?? { file: 0, path: '', offset: 0 }, () => this.readableLength)
  }

  /** Behind the last document that has left the source; what lies in its buffer is not counted as left. */
  get position (): SourcePosition {
    return this.#positions.current
  }

  /** Bytes of the files read so far, as they lie on disk, and in all; null where that can't be known. */
  get progress (): { readonly read: number, readonly total: number | null } {
    const sizes = this.#files.map(file => file.size)
    const total = sizes.length > 0 && sizes.every(size => size !== null) ? sizes.reduce((sum, size) => sum + size, 0) : null
    return { read: this.#bytesReadBefore + this.#fileBytesRead, total }
  }

  /** What `restore` needs to go on from here; only while a barrier is at the end of the flow, when nothing is in the buffer. */
  save (): SourceState {
    const { dropped } = this.stats
    return { position: { ...this.position }, stats: { ...this.stats, dropped: { ...dropped } }, firstBad: this.#dropped.firstBad, ...this.#line !== undefined && { line: this.#line } }
  }

  /** Goes on from a saved state, before anything is read. @throws SluiceError `ERR_STATE` for any other */
  restore (state: SourceState): void {
    const { position, stats, firstBad, line } = parseState(this.stageName, sourceState, state)
    this.#positions.start(position)
    Object.assign(this.stats, stats)
    this.#dropped.firstBad = firstBad
    this.#line = line
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
    this.#pass()
    if (this.#stream instanceof Readable) this.#stream.destroy()
    this.#records?.close()
    this.#ahead?.close()
  }

  /** Not on construction: a source that is made and never read must not fail. */
  async #open (): Promise<void> {
    this.#isOpen = true
    const start = this.position
    const { file, path, offset } = start
    if (![file, offset].every(number => Number.isSafeInteger(number) && number >= 0) || typeof path !== 'string') {
      throw new SluiceError('ERR_STATE', `expected a position { file, path, offset }, got ${JSON.stringify(start)}`)
    }
    this.#files = await this.#find()
    if (path === '') { // a new start
      this.#positions.start({ file: 0, path: this.#files[0]!.path, offset: 0 })
      return
    }
    if (this.#files[file]?.path !== path) {
      throw new SluiceError('ERR_STATE', `the saved position is in input file ${file + 1}, ${path}, but that is now ${this.#files[file]?.path ?? 'not there'}; start over, or give the same files in the same order`)
    }
    this.#file = file
    this.#startOffset = offset
    this.#bytesReadBefore = this.#files.slice(0, file).reduce((sum, before) => sum + (before.size ?? 0), 0)
  }

  async #find (): Promise<InputFile[]> {
    if (this.#input === null) return [{ path: STANDARD_STREAM, size: null }]
    if (typeof this.#input !== 'object' || !('files' in this.#input)) return await findFiles(this.#input, { hub: this.#hub, signal: this.#closed.signal })
    return [...typeof this.#input.files === 'function' ? await this.#input.files(this.#closed.signal) : this.#input.files]
  }

  /** Pushes documents until the buffer is full or the input ends. */
  async #fill (): Promise<void> {
    if (!this.#isOpen) await this.#open().catch((error: unknown) => { if (!this.#stopped) throw error })
    while (!this.#isStopped()) {
      this.#records ??= this.#openNext()
      if (this.#records === undefined) break
      const record = this.#records.next()
      if (record === undefined) {
        if (!await this.#readOn(this.#records) && !this.#isStopped()) this.#closeFile(this.#records)
      } else if (record.outcome !== null) {
        this.stats.in++
        if (isDue(this.stats.in)) this.#judge(false)
        if (typeof record.outcome === 'string') await this.#dropped.add(record, record.outcome, `${this.#idPath}#${record.offset}`, this.#records.columns)
        else {
          const hasRoom = this.#give(record, record.outcome)
          if (this.#barriers?.isDue() === true) await this.#sendBarrier(this.#barriers)
          else if (!hasRoom && !this.#stopped) {
            this.#filling = false
            return
          }
        }
      }
      if (this.destroyed) return
    }
    this.#judge(true)
    this.push(null)
  }

  /** It may have been stopped while something was awaited, which the compiler can't see. */
  #isStopped (): boolean {
    return this.#stopped
  }

  /** False at the end of the file, and once the source was stopped: a record that is only begun is no document. */
  async #readOn (records: RecordReader): Promise<boolean> {
    try {
      return await records.read() && !this.#stopped
    } catch (error) {
      if (this.#stopped) return false
      throw error
    }
  }

  #openNext (): RecordReader | undefined {
    const file = this.#files[this.#file]
    if (file === undefined) return undefined
    const index = this.#file
    const offset = this.#startOffset
    this.#startOffset = 0
    this.#begun = { in: this.stats.in, bytes: this.stats.bytes, isWhole: offset === 0 }
    const idPath = this.#idPath = documentPath(file.path)
    return this.#openRecords({
      index,
      fileCount: this.#files.length,
      path: file.path,
      offset,
      line: offset === 0 ? 1 : this.#line,
      isNamed: this.#stream === null && file.path !== STANDARD_STREAM,
      idAt: at => `${idPath}#${at}`,
      bytesFrom: start => this.#bytesFrom(index, start, start < offset),
      onRead: bytes => { this.#fileBytesRead = bytes },
      count: bytes => { this.stats.bytes += bytes },
      signal: this.#closed.signal
    })
  }

  /** @param isLook whether only the beginning is wanted: the file is gone on with further behind */
  #bytesFrom (index: number, offset: number, isLook: boolean): AsyncGenerator<Buffer> {
    const { path, size } = this.#files[index]!
    if (this.#stream !== null) return skipping(offset, refuseOtherKinds(this.#stream, path), path)
    if (size !== null && !isCompressed(path) && offset > size) {
      throw new SluiceError('ERR_STATE', `the saved position is at byte ${offset} of ${path}, which has only ${size} bytes; it was changed since`)
    }
    return readBytes(path, { offset, signal: this.#closed.signal, hub: this.#hub, ...isLook ? { isLook } : { ahead: start => this.#readAhead().read(index, start) }, onRead: bytes => { this.#fileBytesRead = bytes } })
  }

  #readAhead (): ReadAhead {
    this.#ahead ??= new ReadAhead(this.#files, (path, offset, signal) => openHubFile(path, { offset, signal, hub: this.#hub }), { reads: ({ path }) => isHubName(path) })
    return this.#ahead
  }

  #closeFile (records: RecordReader): void {
    records.close()
    this.#tellOfNothing(records)
    this.#bytesReadBefore += this.#fileBytesRead
    this.#fileBytesRead = 0
    this.#records = undefined
    this.#file++
  }

  /** Of a file that was read as a whole, and has nothing in it. */
  #tellOfNothing ({ isBlank }: RecordReader): void {
    const { path, size } = this.#files[this.#file]!
    const hasRecords = this.stats.in > this.#begun.in
    if (this.#tell === undefined || !this.#begun.isWhole || (hasRecords && isBlank !== true)) return
    const isEmpty = size === 0 || (isBlank !== undefined && this.stats.bytes === this.#begun.bytes)
    this.#tell(`warning: ${path === STANDARD_STREAM ? 'standard input' : path} ${isEmpty ? 'is empty' : isBlank === true ? 'is blank: it holds white space only' : 'holds no records'}`)
  }

  /** False when the buffer is full. */
  #give ({ offset, end, nextLine }: FoundRecord, document: Document): boolean {
    this.stats.out++
    this.#line = nextLine
    this.#positions.add({ file: this.#file, path: this.#files[this.#file]!.path, offset: end })
    this.#located?.(document, `${this.#idPath}#${offset}`)
    return this.push(document)
  }

  /** Ends once it has come through, or the source is closed. The buffer has room then. */
  async #sendBarrier ({ arrived }: Barriers): Promise<void> {
    await new Promise<void>(resolve => {
      this.#pass = resolve
      this.push(new Barrier(async () => {
        await arrived()
        resolve()
      }))
    })
  }

  #judge (ended: boolean): void {
    const { maxBad, textIn = 'it' } = this.#options
    this.#dropped.judge({ maxBad, textIn, names: this.#files.map(file => file.path), ended, stopped: this.#stopped })
  }
}

function isIterable (input: unknown): input is AsyncIterable<Uint8Array> {
  return typeof input === 'object' && input !== null && Symbol.asyncIterator in input
}

/** Types tell it, but not to programs in JavaScript: a Buffer would be taken for a list. */
function isNamed (input: unknown): boolean {
  return typeof input === 'string' || (Array.isArray(input) && input.every(name => typeof name === 'string')) || (typeof input === 'object' && input !== null && 'files' in input)
}
