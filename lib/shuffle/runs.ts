import { SluiceError } from '../errors.ts'
import { copyOfFirst } from './batch.ts'
import { Merge } from './merge.ts'
import type { RecordBuffer } from './record-buffer.ts'
import type { RunFiles } from './run-files.ts'
import { LEAST_BUFFER_BYTES, RunReader } from './run-reader.ts'
import { RunWriter } from './run-writer.ts'
import { BLOCK_BYTES, type Run, fileBytes } from './run.ts'

/** Systems allow a process to open at least a thousand files. */
const MOST_RUNS = 512
/** Larger buffers are not faster. */
const MOST_BUFFER_BYTES = 2 ** 20

/** The runs of a shuffle: sorted files, in the order in which their records were added. */
export class Runs {
  readonly files: RunFiles
  /** Bytes that were written. */
  written = 0
  #list: readonly Run[]
  readonly #signal: AbortSignal | undefined

  constructor (files: RunFiles, list: readonly Run[], signal: AbortSignal | undefined) {
    this.files = files
    this.#list = list
    this.#signal = signal
  }

  get list (): readonly Run[] {
    return this.#list
  }

  /** Writes a sorted buffer as the last run. */
  async write (buffer: RecordBuffer): Promise<void> {
    const run = await this.#write(buffer.recordBytes, async writer => {
      for (let i = 0; i < buffer.count; i++) {
        const index = buffer.order[i]!
        const start = buffer.startOf(index)
        const waiting = writer.add(buffer.keyOf(index), buffer.bytes, start, buffer.endOf(index))
        if (waiting !== undefined) await this.#unlessAborted(waiting)
      }
    })
    this.#list = [...this.#list, run]
  }

  /** Writes a single record as the last run. */
  async writeOne (key: number, record: Uint8Array): Promise<void> {
    const run = await this.#write(record.length, async writer => { await writer.add(key, record, 0, record.length) })
    this.#list = [...this.#list, run]
  }

  /**
   * Merges runs until there are few enough to be read at the same time.
   *
   * @param memory for their buffers
   */
  async reduce (memory: Buffer): Promise<void> {
    const most = Math.max(2, Math.min(MOST_RUNS, Math.floor(memory.length / LEAST_BUFFER_BYTES)))
    while (this.#list.length > most) {
      const count = Math.min(most, this.#list.length - most + 1)
      const start = smallest(this.#list, count)
      const merged = this.#list.slice(start, start + count)
      const run = await this.#merged(merged, memory)
      this.#list = [...this.#list.slice(0, start), run, ...this.#list.slice(start + count)]
      await this.files.sweep(this.#list)
    }
  }

  /** Opens runs to be merged. @param positions of the first records, one for each run */
  async open (runs: readonly Run[], positions: readonly number[], memory: Buffer): Promise<Merge<RunReader>> {
    const share = Math.min(MOST_BUFFER_BYTES, Math.floor(memory.length / runs.length))
    const bytes = Math.max(LEAST_BUFFER_BYTES, share - share % BLOCK_BYTES)
    const buffers = bytes * runs.length > memory.length ? Buffer.allocUnsafeSlow(bytes * runs.length) : memory
    const readers: RunReader[] = []
    try {
      for (const [i, run] of runs.entries()) {
        const buffer = buffers.subarray(i * bytes, (i + 1) * bytes)
        readers.push(await RunReader.open(this.files.pathOf(run.file), run, positions[i]!, buffer))
      }
    } catch (error) {
      await Promise.all(readers.map(reader => reader.close()))
      throw error
    }
    return new Merge(readers)
  }

  async #merged (runs: readonly Run[], memory: Buffer): Promise<Run> {
    const merge = await this.open(runs, runs.map(() => 0), memory)
    const [first, ...others] = runs.map(({ record_bytes: bytes }) => bytes)
    const recordBytes = others.every(bytes => bytes === first) ? first! : null
    try {
      return await this.#write(recordBytes, async writer => {
        for (let from = merge.first; from !== null; from = merge.first) {
          const { bytes, start, length, key } = from
          const adding = start === -1
            ? writer.add(key, await copyOfFirst(merge), 0, length)
            : writer.add(key, bytes, start, start + length)
          if (adding !== undefined) await this.#unlessAborted(adding)
          const reading = merge.next()
          if (reading !== undefined) await reading
        }
      })
    } finally {
      await merge.close()
    }
  }

  async #write (recordBytes: number | null, fill: (writer: RunWriter) => Promise<void>): Promise<Run> {
    const writer = await RunWriter.create(this.files.add(), recordBytes)
    try {
      await fill(writer)
      const run = await writer.finish()
      this.written += fileBytes(run)
      return run
    } catch (error) {
      await writer.abandon()
      throw error
    }
  }

  async #unlessAborted (work: Promise<void>): Promise<void> {
    await work
    throwIfAborted(this.#signal)
  }
}

/** @throws SluiceError `ERR_ABORTED` */
export function throwIfAborted (signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new SluiceError('ERR_ABORTED', 'shuffle: stopped', { cause: signal.reason })
}

/** Where in the list the `count` adjacent runs with the fewest bytes begin. */
function smallest (runs: readonly Run[], count: number): number {
  const sums = runs.slice(0, runs.length - count + 1).map((_, start) =>
    runs.slice(start, start + count).reduce((sum, { bytes }) => sum + bytes, 0))
  return sums.indexOf(Math.min(...sums))
}
