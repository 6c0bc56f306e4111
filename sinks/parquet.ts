import { Writable } from 'node:stream'
import { z } from 'zod'
import type { Document } from '../lib/document.ts'
import { toJson } from '../lib/json/json.ts'
import type { LineSinkOptions } from '../lib/output/line-sink.ts'
import { parseOptions, parseState } from '../lib/options.ts'
import { DocumentTable, documentTableState } from '../lib/parquet/document-table.ts'
import { openOutput } from '../lib/output/open.ts'
import type { Output } from '../lib/output/output.ts'
import { type ResumableOutput, openResumable, outputState } from '../lib/output/resumable.ts'
import { Barrier } from '../lib/stage/barrier.ts'
import { type Done, type StageStats, objectStream, settle, settleDestroy } from '../lib/stage/stage.ts'
import { loadZstdCompressor } from '../lib/zstd/compress.ts'

export const parquetSinkOptions = z.strictObject({})

/** Options of `parquetSink`. */
export type ParquetSinkOptions = LineSinkOptions

const parquetSinkState = z.strictObject({ table: documentTableState, output: outputState })

/** The state of a `parquetSink`, as small JSON. */
export type ParquetSinkState = z.output<typeof parquetSinkState>

/** Whether documents written to this file become parquet. */
export function isParquetFile (path: string): boolean {
  return path.endsWith('.parquet')
}

/**
 * Writes documents to a parquet file with the columns `id`, `text` and `meta`, which is JSON. The file gets its name
 * only when the flow ends without an error.
 *
 * @throws SluiceError `ERR_OPTION`; the stream fails with `ERR_OUTPUT`
 */
export function parquetSink (path: string, options: ParquetSinkOptions = {}): ParquetSink {
  const { highWaterMark, signal, resumable, ...own } = options
  parseOptions('parquet', parquetSinkOptions, own)
  return new ParquetSink(path, { highWaterMark, signal, resumable })
}

/** The stream that `parquetSink` returns. */
export class ParquetSink extends Writable {
  readonly stageName = 'parquet'
  readonly stats: StageStats = { in: 0, out: 0, dropped: {} }
  readonly #path: string
  readonly #resumable: boolean
  #saved: ParquetSinkState | null = null
  #table: DocumentTable | undefined
  #output: Output | undefined
  #working: Promise<void> = Promise.resolve()

  constructor (path: string, { highWaterMark, signal, resumable = false }: ParquetSinkOptions) {
    super(objectStream({ highWaterMark, signal }))
    this.#path = path
    this.#resumable = resumable
  }

  /** Ends the row group, and syncs all documents so far. @returns the state for `restore` to resume from */
  async save (): Promise<ParquetSinkState> {
    const table = await this.#open()
    await table.endGroup()
    return { table: table.save(), output: await (this.#output as ResumableOutput).mark() }
  }

  /**
   * Resumes the file of an earlier run. Call it before any write.
   *
   * @throws SluiceError `ERR_STATE` for a state that isn't from `save`
   */
  restore (state: unknown): void {
    this.#saved = parseState(this.stageName, parquetSinkState, state)
    this.stats.in = this.stats.out = this.#saved.table.groups.reduce((sum, { rows }) => sum + rows, 0)
  }

  override _write (item: Document | Barrier, _encoding: BufferEncoding, done: Done): void {
    this.#working = item instanceof Barrier ? item.arrive() : this.#add(item)
    settle(this.#working, done)
  }

  override _final (done: Done): void {
    this.#working = this.#finish()
    settle(this.#working, done)
  }

  override _destroy (error: Error | null, done: Done): void {
    settleDestroy(this.#working.catch(() => {}).then(() => this.#output?.abandon()), error, done)
  }

  async #add ({ id, text, meta }: Document): Promise<void> {
    const table = this.#table ?? await this.#open()
    this.stats.in++
    await table.add([id, text, toJson(meta)])
    this.stats.out++
  }

  async #finish (): Promise<void> {
    const table = await this.#open()
    await table.end()
    await this.#output!.commit()
    this.#output = undefined
  }

  /** Not in the constructor: a sink that is never used must not touch the folder. */
  async #open (): Promise<DocumentTable> {
    if (this.#table !== undefined) return this.#table
    const compress = await loadZstdCompressor()
    const output = this.#resumable
      ? await openResumable(this.#path, this.#saved?.output ?? null)
      : await openOutput(this.#path)
    this.#output = output
    const columns = ['id', 'text', 'meta'] as const
    this.#table = new DocumentTable(columns, { compress, write: output.write }, this.#saved?.table)
    return this.#table
  }
}
