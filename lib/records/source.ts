import { STANDARD_STREAM } from '../bytes.ts'
import type { Document } from '../document.ts'
import { parseState } from '../options.ts'
import { type Barriers, Barrier } from '../stage/barrier.ts'
import { type Done, objectStream } from '../stage/stage.ts'
import { TypedReadable } from '../stage/typed-streams.ts'
import { type MaxBad, BadRecords } from './bad-records.ts'
import { BatchedReader } from './batched-reader.ts'
import { type KnownFiles, type ReadProgress, type SourceInput, FileQueue } from './file-queue.ts'
import { type SourcePosition, Positions } from './positions.ts'
import { type FoundRecord, type OpenRecords, type RecordReader, PartReader } from './reader.ts'
import type { BatchThreads, UnparsedRecord } from './record-batch.ts'
import { type SourceOptions, type SourceState, type SourceStats, sourceState } from './source-options.ts'

export type { KnownFiles, SourceInput }

/** A part of a file: from one record up to another, by offsets as positions have them. */
export interface FilePart {
  /** Index of the file among the files of the source, and its name. */
  readonly file: Omit<SourcePosition, 'offset'>
  readonly from: number
  readonly to: number | null
}

export interface RecordSourceOptions {
  /** Where the text of a record should be, for the message if no record has one. */
  readonly textIn?: string
  readonly maxBad: MaxBad
  /** Opens a file whose records threads parse. @default like a file whose records the source parses itself */
  readonly openUnparsed?: OpenRecords<Document | UnparsedRecord>
}

/** Options of all sources, with `located` called for the items of this one: documents, or results of threads. */
interface SharedOptions<Item> extends Omit<SourceOptions, 'located'> {
  readonly located?: Located<Item>['tell'] | undefined
}

/** A method instead of a function property, so that a source of documents is assignable to one of any items. */
interface Located<Item> {
  tell (item: Item, position: string): void
}

interface GivenOptions<Item> {
  readonly input: SourceInput
  readonly own: RecordSourceOptions
  readonly shared: SharedOptions<Item>
}

/**
 * Emits documents from the records of files, in order. `openRecords` defines what a record is.
 *
 * It reads only on demand, one chunk of the reader at a time.
 */
export class RecordSource<Item extends object = Document> extends TypedReadable<Item> {
  readonly stageName: string
  readonly stats: SourceStats = { in: 0, out: 0, dropped: {}, bytes: 0 }
  readonly #files: FileQueue
  readonly #openRecords: OpenRecords<Item>
  readonly #bad: BadRecords
  readonly #positions: Positions
  readonly #tell: SourceOptions['tell']
  readonly #located: SharedOptions<Item>['located']
  readonly #given: GivenOptions<Item>
  #isOpen = false
  #records: RecordReader<Item> | undefined // of the file that is open
  #begun = { in: 0, bytes: 0, isWhole: true } // counts when it was opened; whether from its start
  #line: number | undefined // of the position, if lines are counted
  #barriers: Barriers | undefined
  #filling = false
  #stopped = false
  #pass: () => void = () => {} // ends the wait for a barrier

  constructor (
    name: string, input: SourceInput, openRecords: OpenRecords<Item>, own: RecordSourceOptions,
    shared: SharedOptions<Item>
  ) {
    const { from, rejects, located, tell, hub, highWaterMark, signal } = shared
    super(objectStream({ highWaterMark, signal }))
    this.stageName = name
    const files = this.#files = new FileQueue(name, input, hub)
    this.#openRecords = openRecords
    this.#bad = new BadRecords({
      stage: name, stats: this.stats, maxBad: own.maxBad, textIn: own.textIn, rejects, files: () => files.names
    })
    this.#given = { input, own, shared }
    this.#positions = new Positions(from ?? { file: 0, path: '', offset: 0 }, () => this.readableLength)
    this.#tell = tell
    this.#located = located
  }

  /** The position after the last document that has left the source; documents in its buffer have not left. */
  get position (): SourcePosition {
    return this.#positions.current
  }

  /** Bytes of the files read so far, as stored on disk, and in total; `total` is null if unknown. */
  get progress (): ReadProgress {
    return this.#files.progress
  }

  /**
   * The state for `restore` to resume from. Call it only while a barrier is at the end of the flow, when the buffer is
   * empty.
   */
  save (): SourceState {
    const stats = { ...this.stats, dropped: { ...this.stats.dropped } }
    const line = this.#line === undefined ? {} : { line: this.#line }
    return { position: { ...this.position }, stats, firstBad: this.#bad.first, ...line }
  }

  /**
   * Resumes from a saved state; call it before anything is read.
   *
   * @throws SluiceError `ERR_STATE` for an invalid state
   */
  restore (state: unknown): void {
    const { position, stats, firstBad, line } = parseState(this.stageName, sourceState, state)
    this.#positions.start(position)
    Object.assign(this.stats, stats)
    this.#bad.first = firstBad
    this.#line = line
  }

  /**
   * Makes the source send barriers after documents. Call it before anything is read; the stages after it must handle
   * barriers.
   */
  sendBarriers (barriers: Barriers): void {
    this.#barriers = barriers
  }

  /**
   * Creates a source of the results of threads for the same records, in the same order and with the same positions.
   * Read it instead of this one.
   */
  inBatches<Result extends object> (this: RecordSource, threads: BatchThreads<Result>): RecordSource<Result> {
    const open = this.#given.own.openUnparsed ?? this.#openRecords
    return this.reading(file => new BatchedReader(file, open, threads), threads.documentOf)
  }

  /**
   * Creates a source that reads the same files, with the same positions and counts, by another reader of their records.
   * Read it instead of this one.
   *
   * @param documentOf the document of an item
   */
  reading<Result extends object> (
    this: RecordSource, open: OpenRecords<Result>, documentOf: (item: Result) => Document
  ): RecordSource<Result> {
    const { input, own, shared: { located, ...shared } } = this.#given
    return new RecordSource<Result>(this.stageName, input, open, own, {
      ...shared,
      ...located && { located: (item, position) => { located(documentOf(item), position) } }
    })
  }

  /**
   * Opens the records of a part of a file, processed by threads. Lines are counted from the start of the part.
   *
   * @param part from the record at `from` up to the one at `to`, which is not read; null for the end of the file
   * @param count called with the bytes of records as they are taken
   * @throws SluiceError `ERR_FILES`
   */
  async openPart<Result extends object> (
    this: RecordSource, { file, from, to }: FilePart, threads: BatchThreads<Result>, count: (bytes: number) => void
  ): Promise<RecordReader<Result>> {
    const { own } = this.#given
    await this.#files.open({ ...file, offset: from })
    const open = own.openUnparsed ?? this.#openRecords
    const limited: typeof open = given => to === null ? open(given) : new PartReader(open(given), to)
    return new BatchedReader(this.#files.begin(1, count)!, limited, threads)
  }

  /** Ends the flow as if the input ended here: nothing more is read, but documents in the buffer are still emitted. */
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
    this.pause() // otherwise a web stream of this one may receive items after it was cancelled, and throw
    this.#close()
    done(error)
  }

  /** Closes the open file, or destroys the input stream. */
  #close (): void {
    this.#files.close()
    this.#pass()
    this.#records?.close()
  }

  /** Not in the constructor: a source that is never read must not fail. */
  async #open (): Promise<void> {
    this.#isOpen = true
    this.#positions.start(await this.#files.open(this.position))
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
        this.#bad.checkSoFar()
        if (typeof record.outcome === 'string') {
          await this.#bad.add(record, record.outcome, this.#files.idAt(record.offset), this.#records.columns)
        } else {
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
    this.#bad.checkAll(this.#stopped)
    this.push(null)
  }

  /** A method, as the compiler can't see that the field may change during an `await`. */
  #isStopped (): boolean {
    return this.#stopped
  }

  /** Resolves to false at the end of the file, or if the source was stopped, which drops an incomplete record. */
  async #readOn (records: RecordReader<Item>): Promise<boolean> {
    try {
      return await records.read() && !this.#stopped
    } catch (error) {
      if (this.#stopped) return false
      throw error
    }
  }

  #openNext (): RecordReader<Item> | undefined {
    const file = this.#files.begin(this.#line, bytes => { this.stats.bytes += bytes })
    if (file === undefined) return undefined
    this.#begun = { in: this.stats.in, bytes: this.stats.bytes, isWhole: file.offset === 0 }
    return this.#openRecords(file)
  }

  #closeFile (records: RecordReader<Item>): void {
    records.close()
    this.#warnOfNothing(records)
    this.#records = undefined
    this.#files.end()
  }

  /** Warns of a file without records, if it was read from its start. */
  #warnOfNothing ({ isBlank }: RecordReader<Item>): void {
    const { path, size } = this.#files.current!
    const hasRecords = this.stats.in > this.#begun.in
    if (this.#tell === undefined || !this.#begun.isWhole || (hasRecords && isBlank !== true)) return
    const isEmpty = size === 0 || (isBlank !== undefined && this.stats.bytes === this.#begun.bytes)
    const name = path === STANDARD_STREAM ? 'standard input' : path
    const what = isEmpty ? 'is empty' : isBlank === true ? 'is blank: it has only white space' : 'has no records'
    this.#tell(`warning: ${name} ${what}`)
  }

  /** Pushes an item. @returns false if the buffer is full */
  #give ({ offset, end, nextLine }: FoundRecord<Item>, item: Item): boolean {
    this.stats.out++
    this.#line = nextLine
    this.#positions.add({ file: this.#files.index, path: this.#files.current!.path, offset: end })
    this.#located?.(item, this.#files.idAt(offset))
    return this.push(item)
  }

  /** Sends a barrier, and waits until it has passed the flow, or the source is closed. The buffer is empty then. */
  async #sendBarrier ({ arrived }: Barriers): Promise<void> {
    await new Promise<void>(resolve => {
      this.#pass = resolve
      this.push(new Barrier(async () => {
        await arrived()
        resolve()
      }))
    })
  }
}
