import { join } from 'node:path'
import { z } from 'zod'
import { count } from '../../options.ts'
import { writing } from '../../output/output.ts'
import { HashedFile, hashedBytes, writeWhole } from '../hashed-file.ts'
import { bytesPerId } from '../npy.ts'
import type { FormatShard, RowFormat, Rows } from './format.ts'
import { restoreSpool } from './spool.ts'

/** An unfinished shard of a format of rows in a checkpoint. */
export const openRows = z.strictObject({ rows: count, data: hashedBytes })
export type OpenRows = Readonly<z.output<typeof openRows>>

export interface RowShape extends Omit<Rows, 'rows'> {
  readonly format: RowFormat
}

/** Rows are read in blocks of about this size. */
const BLOCK_BYTES = 1024 * 1024

/**
 * Writes one shard of rows. The rows are collected in a file, from which the shard is made at the end: its first bytes
 * depend on all rows.
 */
export class RowWriter {
  readonly #path: string
  readonly #shape: RowShape
  readonly #spool: HashedFile
  #rows = 0

  /** @param index number of the shard in the folder @throws SluiceError `ERR_OUTPUT` */
  static async create (
    folder: string, index: number, shape: RowShape, options: { readonly resumable: boolean }
  ): Promise<RowWriter> {
    const path = join(folder, shape.format.fileName(index))
    return new RowWriter(path, shape, await HashedFile.create(spoolOf(path), options))
  }

  /** @throws SluiceError `ERR_CHECKPOINT` when a file is missing or was changed, `ERR_OUTPUT` */
  static async resume (folder: string, index: number, shape: RowShape, open: OpenRows): Promise<RowWriter> {
    const path = join(folder, shape.format.fileName(index))
    await restoreSpool(spoolOf(path), open.data.bytes, path, () => shape.format.read(path, shape))
    const writer = new RowWriter(path, shape, await HashedFile.resume(spoolOf(path), open.data))
    writer.#rows = open.rows
    return writer
  }

  private constructor (path: string, shape: RowShape, spool: HashedFile) {
    this.#path = path
    this.#shape = shape
    this.#spool = spool
  }

  /** Number of rows. */
  get items (): number {
    return this.#rows
  }

  get tokens (): number {
    return this.#rows * this.#shape.columns
  }

  /** Adds a row, as `npyData` returns it. */
  async add (row: Buffer): Promise<void> {
    this.#rows++
    await this.#spool.add(row)
  }

  /** Makes the shard and gives it its name. */
  async finish (): Promise<FormatShard> {
    const { format, dtype, columns } = this.#shape
    const rowBytes = columns * bytesPerId(dtype)
    const step = rowBytes * Math.max(1, Math.floor(BLOCK_BYTES / rowBytes))
    const info = await writing(this.#path, () => writeWhole(this.#path, format.write({
      dtype, columns, rows: this.#rows, blocks: () => this.#spool.read(step)
    })))
    await this.#spool.remove()
    return { ...info, sequences: this.#rows }
  }

  /** Writes and syncs the rows so far. @returns the state from which `resume` continues */
  async save (): Promise<OpenRows> {
    return { rows: this.#rows, data: await this.#spool.save() }
  }

  /** Closes the file, and deletes it unless it was saved. */
  async abandon (): Promise<void> {
    await this.#spool.abandon()
  }
}

function spoolOf (path: string): string {
  return `${path}.ids`
}
