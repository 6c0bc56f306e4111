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
import type { FoundRecord, OpenRecords, RecordReader } from './reader.ts'
import type { BatchThreads, UnparsedRecord } from './record-batch.ts'
import { type SourceOptions, type SourceState, type SourceStats, sourceState } from './source-options.ts'

export type { KnownFiles, SourceInput }

export interface RecordSourceOptions {
  /** Where a record has its text, for the message when none has. */
  readonly textIn?: string
  readonly maxBad: MaxBad
  /** Opens a file for records that threads parse. @default as records that the source parses itself */
  readonly openUnparsed?: OpenRecords<Document | UnparsedRecord>
}

/** What a source can be told; `located` of what it makes, documents or what threads make of them. */
interface SharedOptions<Item> extends Omit<SourceOptions, 'located'> {
  readonly located?: Located<Item>['tell'] | undefined
}

/**
 * A method, and no function: so a source of documents can be taken for one of any items, as nobody calls it from
 * outside.
 */
interface Located<Item> {
  tell (item: Item, position: string): void
}

/**
 * Documents from the records of files, one after the other. What a record is, the source that uses it says by
 * `openRecords`.
 *
 * Nothing is read before it is asked for, and never more than the reader reads at once.
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
  readonly #given: { readonly input: SourceInput, readonly own: RecordSourceOptions, readonly shared: SharedOptions<Item> }
  #isOpen = false
  #records: RecordReader<Item> | undefined // of the file that is open
  #begun = { in: 0, bytes: 0, isWhole: true } // the counts when it was begun, and whether that was at its beginning
  #line: number | undefined // where the source stands, if lines are counted
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

  /** After the last document that has left the source; what lies in its buffer is not counted as left. */
  get position (): SourcePosition {
    return this.#positions.current
  }

  /** Bytes of the files read so far, as they lie on disk, and in all; null where that can't be known. */
  get progress (): ReadProgress {
    return this.#files.progress
  }

  /**
   * What `restore` needs to go on from here; only while a barrier is at the end of the flow, when nothing is in the
   * buffer.
   */
  save (): SourceState {
    const stats = { ...this.stats, dropped: { ...this.stats.dropped } }
    const line = this.#line === undefined ? {} : { line: this.#line }
    return { position: { ...this.position }, stats, firstBad: this.#bad.first, ...line }
  }

  /** Goes on from a saved state, before anything is read. @throws SluiceError `ERR_STATE` for any other */
  restore (state: unknown): void {
    const { position, stats, firstBad, line } = parseState(this.stageName, sourceState, state)
    this.#positions.start(position)
    Object.assign(this.stats, stats)
    this.#bad.first = firstBad
    this.#line = line
  }

  /** Sends barriers after documents, before anything is read: what the documents come to must know them. */
  sendBarriers (barriers: Barriers): void {
    this.#barriers = barriers
  }

  /**
   * A source of what threads make of the same records, in the same order and with the same positions. It is read in
   * place of this one.
   */
  inBatches<Result extends object> (this: RecordSource, threads: BatchThreads<Result>): RecordSource<Result> {
    const { input, own, shared: { located, ...shared } } = this.#given
    const open = own.openUnparsed ?? this.#openRecords
    return new RecordSource<Result>(this.stageName, input, file => new BatchedReader(file, open, threads), own, {
      ...shared,
      ...located && { located: (result, position) => { located(threads.documentOf(result), position) } }
    })
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
    this.#files.close()
    this.#pass()
    this.#records?.close()
  }

  /** Not on construction: a source that is made and never read must not fail. */
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
        this.#bad.judgeSoFar()
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
    this.#bad.judgeAll(this.#stopped)
    this.push(null)
  }

  /** It may have been stopped while something was awaited, which the compiler can't see. */
  #isStopped (): boolean {
    return this.#stopped
  }

  /** False at the end of the file, and once the source was stopped: a record that is only begun is no document. */
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
    this.#tellOfNothing(records)
    this.#records = undefined
    this.#files.end()
  }

  /** Of a file that was read as a whole, and has nothing in it. */
  #tellOfNothing ({ isBlank }: RecordReader<Item>): void {
    const { path, size } = this.#files.current!
    const hasRecords = this.stats.in > this.#begun.in
    if (this.#tell === undefined || !this.#begun.isWhole || (hasRecords && isBlank !== true)) return
    const isEmpty = size === 0 || (isBlank !== undefined && this.stats.bytes === this.#begun.bytes)
    const name = path === STANDARD_STREAM ? 'standard input' : path
    const what = isEmpty ? 'is empty' : isBlank === true ? 'is blank: it holds white space only' : 'holds no records'
    this.#tell(`warning: ${name} ${what}`)
  }

  /** False when the buffer is full. */
  #give ({ offset, end, nextLine }: FoundRecord<Item>, item: Item): boolean {
    this.stats.out++
    this.#line = nextLine
    this.#positions.add({ file: this.#files.index, path: this.#files.current!.path, offset: end })
    this.#located?.(item, this.#files.idAt(offset))
    return this.push(item)
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
}
