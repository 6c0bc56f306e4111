import { z } from 'zod'
import { SluiceError } from '../errors.ts'
import { count, parseOptions, parseState } from '../options.ts'
import { BatchReader, type RecordBatch } from './batch.ts'
import { Merge } from './merge.ts'
import { BufferedRecords, RecordBuffer } from './record-buffer.ts'
import { RunFiles } from './run-files.ts'
import { run } from './run.ts'
import { Runs, throwIfAborted } from './runs.ts'

const shuffleOptions = z.strictObject({
  memory: z.int().min(2 ** 20).default(512_000_000)
})

/** Options of a shuffle. */
export interface ShuffleOptions {
  /** The most memory that it takes, in bytes, at least 2 ** 20. @default 512_000_000 */
  readonly memory?: number
  readonly signal?: AbortSignal | undefined
}

const shuffleState = z.strictObject({
  next_file: count,
  runs: z.array(run),
  /** Where in each run the next records are, and how many of them were taken; null before the first is read. */
  reading: z.strictObject({ positions: z.array(count), taken: count }).nullable()
})

/** The state of a shuffle, plain JSON, from which it is resumed. */
export type ShuffleState = Readonly<z.output<typeof shuffleState>>

/** What of the memory is for records. The rest is for buffers of files, a batch and JavaScript's heap. */
const RECORDS_SHARE = 3 / 4
const BATCH_SHARE = 1 / 16
const MOST_BATCH_BYTES = 2 ** 20

/**
 * Sorts records by keys, in bounded memory: an external merge sort (Knuth, TAOCP 3, 5.4). With keys of `shuffleKey`,
 * the records are shuffled. Records with equal keys stay in the order in which they were added. So the result depends
 * on the keys and on this order alone.
 *
 * Records fill a buffer; each time it is full, it is sorted and written to a file, a run. Reading merges all runs. If
 * everything fits into the buffer, no file is written.
 */
export class Shuffle {
  readonly #runs: Runs
  readonly #memory: number
  readonly #signal: AbortSignal | undefined
  readonly #buffer: RecordBuffer
  /** A record that did not fit. */
  #late: { readonly key: number, readonly record: Uint8Array } | null = null
  /** As in the state; `positions` is null if the records are read from memory. */
  #reading: { positions: readonly number[] | null, taken: number } | null = null

  /**
   * Starts a shuffle.
   *
   * @param folder for its files, for nothing else; files of an earlier shuffle in it are deleted
   * @throws SluiceError `ERR_OPTION`, `ERR_OUTPUT`
   */
  static async create (folder: string, { signal, ...options }: ShuffleOptions = {}): Promise<Shuffle> {
    const { memory } = parseOptions('shuffle', shuffleOptions, options)
    return new Shuffle(new Runs(await RunFiles.open(folder, 0, []), [], signal), memory, signal)
  }

  /**
   * Resumes a shuffle. The memory may be another.
   *
   * @throws SluiceError `ERR_STATE` if this isn't the state of a shuffle, `ERR_OPTION`, `ERR_OUTPUT`
   */
  static async restore (
    folder: string, state: unknown, { signal, ...options }: ShuffleOptions = {}
  ): Promise<Shuffle> {
    const { memory } = parseOptions('shuffle', shuffleOptions, options)
    const { next_file: next, runs, reading } = parseState('shuffle', shuffleState, state)
    if (reading !== null && reading.positions.length !== runs.length) {
      throw new SluiceError('ERR_STATE', `shuffle: not a state of a shuffle: it has ${runs.length} runs, but ` +
        `${reading.positions.length} positions`)
    }
    const shuffle = new Shuffle(new Runs(await RunFiles.open(folder, next, runs), runs, signal), memory, signal)
    shuffle.#reading = reading
    return shuffle
  }

  private constructor (runs: Runs, memory: number, signal: AbortSignal | undefined) {
    this.#runs = runs
    this.#memory = memory
    this.#signal = signal
    this.#buffer = new RecordBuffer(Math.floor(memory * RECORDS_SHARE))
  }

  get folder (): string {
    return this.#runs.files.folder
  }

  /** Bytes that were written to files so far, since `create` or `restore`. */
  get spilledBytes (): number {
    return this.#runs.written
  }

  /**
   * Adds a record, which is copied.
   *
   * @param key an integer from 0 to 2 ** 48 - 1
   * @returns whether the next one can be added at once; if not, `drain` must be called before, and this record must not
   *   change until that resolves
   */
  add (key: number, record: Uint8Array): boolean {
    if (this.#late !== null) throw new Error('shuffle: add was called before drain had resolved')
    if (this.#reading !== null) throw new Error('shuffle: add was called after reading had begun')
    if (this.#buffer.add(key, record)) return true
    this.#late = { key, record }
    return false
  }

  /** Writes the records in memory to a file. @throws SluiceError `ERR_OUTPUT`, `ERR_ABORTED` */
  async drain (): Promise<void> {
    await this.#spill()
    if (this.#late === null) return
    const { key, record } = this.#late
    if (!this.#buffer.add(key, record)) await this.#runs.writeOne(key, record)
    this.#late = null
  }

  /**
   * The records that were not taken yet, in order, in batches. All records must have been added. For `save`, all
   * records of a batch are taken once it is given out.
   *
   * @throws SluiceError `ERR_CHECKPOINT` if a file is missing or damaged, `ERR_OUTPUT`, `ERR_ABORTED`
   */
  async * batches (): AsyncGenerator<RecordBatch> {
    const merge = await this.#merge()
    const reading = this.#reading!
    try {
      await skip(merge, reading.taken)
      const reader = new BatchReader(Math.min(MOST_BATCH_BYTES, Math.floor(this.#memory * BATCH_SHARE)))
      for (;;) {
        throwIfAborted(this.#signal)
        const positions = merge.sources.map(({ position }) => position)
        const batch = await reader.read(merge)
        if (reading.positions !== null) Object.assign(reading, { positions, taken: 0 })
        if (batch.length === 0) break
        reading.taken += batch.length
        yield batch
      }
    } finally {
      await merge.close()
    }
  }

  /** Like `batches`, record by record. A record is valid until the next one is read. */
  async * records (): AsyncGenerator<Buffer> {
    for await (const batch of this.batches()) {
      this.#reading!.taken -= batch.length
      for (const record of batch) {
        this.#reading!.taken++
        yield record
      }
    }
  }

  /**
   * The state after the records that were added or taken so far, when all of it is synced to disk. The files of a state
   * are kept until a later one has been stored: until `save` is called twice more, or `remove`.
   *
   * @throws SluiceError `ERR_OUTPUT`, `ERR_ABORTED`
   */
  async save (): Promise<ShuffleState> {
    if (this.#reading === null) await this.drain()
    else if (this.#buffer.count > 0 && this.#runs.list.length === 0) await this.#runs.write(this.#buffer)
    const { list, files } = this.#runs
    await files.save(list)
    const reading = this.#reading === null
      ? null
      : { positions: [...this.#reading.positions ?? list.map(() => 0)], taken: this.#reading.taken }
    return { next_file: files.next, runs: [...list], reading }
  }

  /** Ends the shuffle before its end. Files of saved states are kept, others are deleted. */
  async abandon (): Promise<void> {
    await this.#runs.files.sweep([])
  }

  /** Deletes all files, once the shuffled records have been stored. */
  async remove (): Promise<void> {
    await this.#runs.files.remove()
  }

  async #spill (): Promise<void> {
    if (this.#buffer.count === 0) return
    this.#buffer.sort()
    await this.#runs.write(this.#buffer)
    this.#buffer.clear()
  }

  /** Ends the adding, and opens the records at those that weren't taken, with `#reading` set. */
  async #merge (): Promise<Merge> {
    if (this.#late !== null) await this.drain()
    if (this.#reading === null) {
      this.#reading = { positions: await this.#endAdding(), taken: 0 }
    }
    const { positions } = this.#reading
    if (positions === null) return new Merge([new BufferedRecords(this.#buffer)])
    return await this.#runs.open(this.#runs.list, positions, this.#buffer.bytes)
  }

  /** @returns the positions of the first records, null if all records are in memory */
  async #endAdding (): Promise<number[] | null> {
    if (this.#runs.list.length === 0) {
      this.#buffer.sort()
      return null
    }
    await this.#spill()
    await this.#runs.reduce(this.#buffer.bytes)
    return this.#runs.list.map(() => 0)
  }
}

async function skip (merge: Merge, records: number): Promise<void> {
  for (let left = records; left > 0; left--) {
    const waiting = merge.next()
    if (waiting !== undefined) await waiting
  }
}
