import { stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import type { DocumentPart } from '../document.ts'
import { SluiceError } from '../errors.ts'
import { count, positive, sha256Hex } from '../options.ts'
import { DocumentsWriter, documentsInfo, openDocuments } from './documents.ts'
import { HashedFile, hashedBytes } from './hashed-file.ts'
import { documentsName, isShardName } from './names.ts'
import { type Dtype, npyHeader } from './npy.ts'

/** The entry of a complete shard in stats. */
export const shardInfo = z.object({
  /** Its name in the folder. */
  file: z.string().refine(isShardName, 'expected the name of a shard, such as shard_00000.npy'),
  sequences: positive,
  bytes: z.int().min(1), // may be more than the limit of `positive`
  sha256: sha256Hex,
  /** Absent where the documents aren't known, as in shards of older versions. */
  documents: documentsInfo.optional()
})
/** The entry of a complete shard in stats. */
export type ShardInfo = Readonly<z.output<typeof shardInfo>>

/** An unfinished shard in a checkpoint. */
export const openShard = hashedBytes.extend({ // of the bytes with the header of a full shard
  rows: count,
  documents: openDocuments.optional()
})
export type OpenShard = Readonly<z.output<typeof openShard>>

/** The type of the ids, the length of a row, and the maximum number of rows. */
export interface ShardShape {
  readonly columns: number
  readonly maxRows: number
  readonly dtype: Dtype
}

/**
 * Writes one shard, under a temporary name until `finish`, and its documents next to it.
 *
 * The header, which is before the data, has the number of rows. It is written for a full shard first, and overwritten
 * in place if the shard ends early.
 */
export class ShardWriter {
  readonly #path: string
  readonly #shape: ShardShape
  readonly #replaces: boolean
  readonly #file: HashedFile
  readonly #documents: DocumentsWriter | null
  #rows: number

  /**
   * @param resumable whether `save` will be called; if so, only one run may write into the folder, and a shard of the
   *   same name is replaced
   * @param documents whether the documents of each row are known
   * @throws SluiceError `ERR_OUTPUT`
   */
  static async create (
    path: string, shape: ShardShape, { resumable = false, documents = false } = {}
  ): Promise<ShardWriter> {
    const file = await HashedFile.create(path, { resumable, head: npyHeader({ ...shape, rows: shape.maxRows }) })
    try {
      const writer = documents ? await DocumentsWriter.create(documentsPath(path), { resumable }) : null
      return new ShardWriter(path, shape, file, writer, { replaces: resumable, rows: 0 })
    } catch (error) {
      await file.abandon()
      throw error
    }
  }

  /**
   * Resumes a shard from the result of `save`.
   *
   * @throws SluiceError `ERR_CHECKPOINT` when the shard is missing or was changed, `ERR_OUTPUT`
   */
  static async resume (path: string, shape: ShardShape, open: OpenShard): Promise<ShardWriter> {
    const { rows, documents, ...saved } = open
    const file = await HashedFile.resume(path, saved, npyHeader({ ...shape, rows: shape.maxRows }))
    try {
      const writer = documents === undefined ? null : await DocumentsWriter.resume(documentsPath(path), documents)
      return new ShardWriter(path, shape, file, writer, { replaces: true, rows })
    } catch (error) {
      await file.abandon()
      throw error
    }
  }

  private constructor (
    path: string,
    shape: ShardShape,
    file: HashedFile,
    documents: DocumentsWriter | null,
    { replaces, rows }: { readonly replaces: boolean, readonly rows: number }
  ) {
    this.#path = path
    this.#shape = shape
    this.#file = file
    this.#documents = documents
    this.#replaces = replaces
    this.#rows = rows
  }

  get full (): boolean {
    return this.#rows === this.#shape.maxRows
  }

  /**
   * Adds a row, as `npyData` returns it.
   *
   * @throws SluiceError `ERR_SHARD` when the documents of only some rows are known
   */
  async add (row: Buffer, parts?: readonly DocumentPart[]): Promise<void> {
    if (this.#documents !== null && parts === undefined) {
      const mistake = 'got a sequence whose documents aren\'t known after sequences with documents'
      throw new SluiceError('ERR_SHARD', `${dirname(this.#path)}: ${mistake}`)
    }
    await this.#documents?.add(this.#rows, parts!)
    await this.#file.add(row)
    this.#rows++
  }

  /**
   * Completes the shard and gives it its final name. Its documents get theirs before.
   *
   * @throws SluiceError `ERR_OUTPUT`; `ERR_OUTPUT_EXISTS` when a shard of that name was written by now
   */
  async finish (): Promise<ShardInfo> {
    if (!this.#replaces && await stat(this.#path).catch(() => null) !== null) {
      throw new SluiceError('ERR_OUTPUT_EXISTS', `${this.#path}: was written by another run in the meantime; ` +
        'let only one run at a time write into a folder')
    }
    const documents = await this.#documents?.finish()
    const { file, ...written } = await this.#file.finish(npyHeader({ ...this.#shape, rows: this.#rows }))
    return { file, sequences: this.#rows, ...written, ...(documents && { documents }) }
  }

  /** Writes and syncs the rows so far. @returns the state from which `resume` continues */
  async save (): Promise<OpenShard> {
    const saved = await this.#file.save()
    const documents = await this.#documents?.save()
    return { rows: this.#rows, ...saved, ...(documents && { documents }) }
  }

  /** Closes the files, and deletes them unless they were saved. */
  async abandon (): Promise<void> {
    await this.#file.abandon()
    await this.#documents?.abandon()
  }
}

function documentsPath (shard: string): string {
  return join(dirname(shard), documentsName(basename(shard)))
}
