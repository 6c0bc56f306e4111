import { createHash } from 'node:crypto'
import { type FileHandle, open, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { SluiceError } from './errors.ts'
import { sha256OfFile } from './hash.ts'
import { type Dtype, NPY_HEADER_BYTES, npyHeader } from './npy.ts'
import { makeFolder, publish, removeLeftovers, temporaryName, writing } from './output.ts'
import { positive, sha256Hex } from './options.ts'
import { isShardName, listShards } from './shard-names.ts'

/** A shard that is complete, under its final name, as stats have it. */
export const shardInfo = z.object({
  /** Its name in the folder. */
  file: z.string().refine(isShardName, 'expected the name of a shard, such as shard_00000.npy'),
  sequences: positive,
  bytes: z.int().min(1), // a shard can have more than `positive` holds
  sha256: sha256Hex
})
export type ShardInfo = Readonly<z.output<typeof shardInfo>>

/** Deletes the shards in a folder. */
export async function removeShards (folder: string): Promise<void> {
  for (const name of await listShards(folder)) await rm(join(folder, name))
}

/** Makes a folder ready for shards: there, and without what killed runs have left half-written. */
export async function prepareFolder (folder: string): Promise<void> {
  await makeFolder(folder)
  await removeLeftovers(folder, isShardName)
}

/** @throws SluiceError `ERR_OUTPUT_EXISTS` when a folder holds shards */
export async function refuseShards (folder: string): Promise<void> {
  const { length } = await listShards(folder)
  if (length > 0) throw new SluiceError('ERR_OUTPUT_EXISTS', `${folder}: holds ${length} ${length === 1 ? 'shard' : 'shards'} of another run; name another folder, or have them deleted by --overwrite (overwrite: true in code)`)
}

/** Data is collected to about this many bytes before it goes to the file. */
const WRITE_BYTES = 1024 * 1024

/**
 * Writes one shard, under a temporary name until `finish`.
 *
 * The number of rows stands in the header, before the data: it is written for a full shard, and once more, in the same
 * number of bytes, where the shard ends early.
 */
export class ShardWriter {
  readonly #path: string
  readonly #file: FileHandle
  readonly #columns: number
  readonly #maxRows: number
  readonly #dtype: Dtype
  readonly #hash = createHash('sha256')
  #pending: Buffer[] = []
  #pendingBytes = 0
  #bytes = 0
  #rows = 0

  /** @throws SluiceError `ERR_OUTPUT` */
  static async create (path: string, shape: { readonly columns: number, readonly maxRows: number, readonly dtype: Dtype }): Promise<ShardWriter> {
    return new ShardWriter(path, await writing(path, () => open(temporaryName(path), 'w')), shape)
  }

  private constructor (path: string, file: FileHandle, { columns, maxRows, dtype }: { readonly columns: number, readonly maxRows: number, readonly dtype: Dtype }) {
    this.#path = path
    this.#file = file
    this.#columns = columns
    this.#maxRows = maxRows
    this.#dtype = dtype
    this.#collect(npyHeader({ dtype, rows: maxRows, columns }))
  }

  get full (): boolean {
    return this.#rows === this.#maxRows
  }

  /** Adds a row, as `npyData` gives it; its bytes must not change afterwards. */
  async add (row: Buffer): Promise<void> {
    this.#collect(row)
    this.#rows++
    if (this.#pendingBytes >= WRITE_BYTES) await this.#flush()
  }

  /** Gives the shard its name. @throws SluiceError `ERR_OUTPUT`; `ERR_OUTPUT_EXISTS` when there is one of that name by now */
  async finish (): Promise<ShardInfo> {
    return await writing(this.#path, async () => {
      await this.#flush()
      let sha256 = this.#hash.digest('hex')
      if (!this.full) {
        await this.#file.write(npyHeader({ dtype: this.#dtype, rows: this.#rows, columns: this.#columns }), 0, NPY_HEADER_BYTES, 0)
        sha256 = await sha256OfFile(temporaryName(this.#path))
      }
      if (await stat(this.#path).catch(() => null) !== null) throw new SluiceError('ERR_OUTPUT_EXISTS', `${this.#path}: was written by another run in the meantime; run one at a time in a folder`)
      await publish(this.#file, this.#path)
      return { file: basename(this.#path), sequences: this.#rows, bytes: this.#bytes, sha256 }
    })
  }

  /** Deletes what has been written. */
  async abandon (): Promise<void> {
    await this.#file.close().catch(() => {})
    await rm(temporaryName(this.#path), { force: true })
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
    this.#bytes += bytes.length
    await writing(this.#path, () => this.#file.appendFile(bytes))
  }
}
