import { createHash } from 'node:crypto'
import { type FileHandle, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { SluiceError } from '../errors.ts'
import { sha256OfFile } from '../hash.ts'
import { type Dtype, NPY_HEADER_BYTES, npyHeader } from './npy.ts'
import { createTemporary, makeFolder, publish, removeLeftovers, temporaryName, writing } from '../output/output.ts'
import { count, positive, sha256Hex } from '../options.ts'
import { partialName, reopen, writeAll } from '../output/resumable.ts'
import { isShardName, listShards, namesIn } from './names.ts'

/** The entry of a complete shard in stats. */
export const shardInfo = z.object({
  /** Its name in the folder. */
  file: z.string().refine(isShardName, 'expected the name of a shard, such as shard_00000.npy'),
  sequences: positive,
  bytes: z.int().min(1), // may be more than the limit of `positive`
  sha256: sha256Hex
})
/** The entry of a complete shard in stats. */
export type ShardInfo = Readonly<z.output<typeof shardInfo>>

/** Deletes the shards in a folder. */
export async function removeShards (folder: string): Promise<void> {
  for (const name of await listShards(folder)) await rm(join(folder, name))
}

/** Creates the folder if it is missing, and deletes the unfinished files of killed runs. */
export async function prepareFolder (folder: string): Promise<void> {
  await makeFolder(folder)
  await removeLeftovers(folder, isShardName)
}

/** Deletes the unfinished shards of earlier runs that won't be resumed. */
export async function removePartials (folder: string): Promise<void> {
  for (const name of await namesIn(folder)) {
    const isPartial = !isShardName(name) && isShardName(name.replace(/\.partial$/, ''))
    if (isPartial) await rm(join(folder, name), { force: true })
  }
}

/** @throws SluiceError `ERR_OUTPUT_EXISTS` when a folder has shards */
export async function refuseShards (folder: string): Promise<void> {
  const { length } = await listShards(folder)
  if (length > 0) {
    throw new SluiceError('ERR_OUTPUT_EXISTS', `${folder}: holds ${length} ${length === 1 ? 'shard' : 'shards'} of ` +
      'another run; name another folder, or delete them with --overwrite (overwrite: true in code)')
  }
}

/** An unfinished shard in a checkpoint. */
export const openShard = z.strictObject({
  rows: count,
  bytes: count,
  /** Hash of these bytes, with the header of a full shard. */
  sha256: sha256Hex
})
export type OpenShard = Readonly<z.output<typeof openShard>>

/** The type of the ids, the length of a row, and the maximum number of rows. */
export interface ShardShape {
  readonly columns: number
  readonly maxRows: number
  readonly dtype: Dtype
}

/** About this many bytes are collected before they are written to the file. */
const WRITE_BYTES = 1024 * 1024

/**
 * Writes one shard, under a temporary name until `finish`.
 *
 * The header, which is before the data, has the number of rows. It is written for a full shard first, and overwritten
 * in place if the shard ends early.
 */
export class ShardWriter {
  readonly #path: string
  readonly #name: string // temporary name, until `finish`
  readonly #replaces: boolean
  readonly #file: FileHandle
  readonly #columns: number
  readonly #maxRows: number
  readonly #dtype: Dtype
  readonly #hash = createHash('sha256')
  #pending: Buffer[] = []
  #pendingBytes = 0
  #bytes = 0
  #rows = 0
  #isSaved = false

  /**
   * @param resumable whether `save` will be called; if so, only one run may write into the folder, and a shard of the
   *   same name is replaced
   * @throws SluiceError `ERR_OUTPUT`
   */
  static async create (path: string, shape: ShardShape, { resumable = false } = {}): Promise<ShardWriter> {
    const name = resumable ? partialName(path) : temporaryName(path)
    const shard = new ShardWriter(path, name, await writing(path, () => createTemporary(name)), shape, resumable)
    shard.#collect(npyHeader({ ...shape, rows: shape.maxRows }))
    return shard
  }

  /**
   * Resumes a shard from the result of `save`.
   *
   * @throws SluiceError `ERR_CHECKPOINT` when the shard is missing or was changed, `ERR_OUTPUT`
   */
  static async resume (path: string, shape: ShardShape, { rows, bytes, sha256 }: OpenShard): Promise<ShardWriter> {
    return await writing(path, async () => {
      let shard!: ShardWriter
      await reopen(path, bytes, async file => {
        shard = new ShardWriter(path, partialName(path), file, shape, true)
        await shard.#readSaved(bytes)
        return shard.#hash.copy().digest('hex') === sha256
      })
      shard.#rows = rows
      shard.#isSaved = true
      return shard
    })
  }

  private constructor (
    path: string,
    name: string,
    file: FileHandle,
    { columns, maxRows, dtype }: ShardShape,
    replaces: boolean
  ) {
    this.#path = path
    this.#name = name
    this.#replaces = replaces
    this.#file = file
    this.#columns = columns
    this.#maxRows = maxRows
    this.#dtype = dtype
  }

  get full (): boolean {
    return this.#rows === this.#maxRows
  }

  /** Adds a row, as `npyData` returns it; its bytes must not change afterwards. */
  async add (row: Buffer): Promise<void> {
    this.#collect(row)
    this.#rows++
    if (this.#pendingBytes >= WRITE_BYTES) await this.#flush()
  }

  /**
   * Completes the shard and gives it its final name.
   *
   * @throws SluiceError `ERR_OUTPUT`; `ERR_OUTPUT_EXISTS` when a shard of that name was written by now
   */
  async finish (): Promise<ShardInfo> {
    return await writing(this.#path, async () => {
      await this.#flush()
      let sha256 = this.#hash.digest('hex')
      if (!this.full) {
        const header = npyHeader({ dtype: this.#dtype, rows: this.#rows, columns: this.#columns })
        await this.#file.write(header, 0, NPY_HEADER_BYTES, 0)
        sha256 = await sha256OfFile(this.#name)
      }
      if (!this.#replaces && await stat(this.#path).catch(() => null) !== null) {
        throw new SluiceError('ERR_OUTPUT_EXISTS', `${this.#path}: was written by another run in the meantime; ` +
          'let only one run at a time write into a folder')
      }
      await publish(this.#file, this.#path, this.#name)
      return { file: basename(this.#path), sequences: this.#rows, bytes: this.#bytes, sha256 }
    })
  }

  /** Writes and syncs the rows so far. @returns the state from which `resume` continues */
  async save (): Promise<OpenShard> {
    await this.#flush()
    await writing(this.#path, () => this.#file.sync())
    this.#isSaved = true
    return { rows: this.#rows, bytes: this.#bytes, sha256: this.#hash.copy().digest('hex') }
  }

  /** Closes the file, and deletes it unless it was saved. */
  async abandon (): Promise<void> {
    await this.#file.close().catch(() => {})
    if (!this.#isSaved) await rm(this.#name, { force: true })
  }

  /**
   * Hashes the saved bytes of the file. The header of a full shard is restored before, since a run that ended after the
   * save may have written one for fewer rows.
   */
  async #readSaved (bytes: number): Promise<void> {
    await writeAll(this.#file, npyHeader({ dtype: this.#dtype, rows: this.#maxRows, columns: this.#columns }), 0)
    const chunk = Buffer.alloc(WRITE_BYTES)
    while (this.#bytes < bytes) {
      const { bytesRead } = await this.#file.read(chunk, 0, Math.min(chunk.length, bytes - this.#bytes), this.#bytes)
      this.#hash.update(chunk.subarray(0, bytesRead))
      this.#bytes += bytesRead
    }
  }

  #collect (bytes: Buffer): void {
    this.#pending.push(bytes)
    this.#pendingBytes += bytes.length
  }

  async #flush (): Promise<void> {
    const bytes = Buffer.concat(this.#pending)
    this.#pending = []
    this.#pendingBytes = 0
    this.#hash.update(bytes)
    await writing(this.#path, () => writeAll(this.#file, bytes, this.#bytes))
    this.#bytes += bytes.length
  }
}
