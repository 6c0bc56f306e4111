import { join } from 'node:path'
import { z } from 'zod'
import { SluiceError } from '../../errors.ts'
import { count } from '../../options.ts'
import { writing } from '../../output/output.ts'
import { HashedFile, hashedBytes, writeWhole } from '../hashed-file.ts'
import { type Dtype, bytesPerId } from '../npy.ts'
import type { EndsIndex, FileInfo, FlatFormat, FormatShard } from './format.ts'
import { restoreSpool } from './spool.ts'

/** An unfinished file of a flat format in a checkpoint. */
export const openFlat = z.strictObject({
  tokens: count,
  documents: count,
  data: hashedBytes,
  /** The ends of the documents; null for a format without an index. */
  ends: hashedBytes.nullable()
})
export type OpenFlat = Readonly<z.output<typeof openFlat>>

export interface FlatShape {
  readonly format: FlatFormat
  readonly dtype: Dtype
}

const WORD_BYTES = 4

/**
 * Writes one file of ids, and its index, under temporary names until `finish`.
 *
 * The ends of the documents are collected in a separate file, from which the index is made at the end.
 */
export class FlatWriter {
  readonly #folder: string
  readonly #index: number
  readonly #shape: FlatShape
  readonly #data: HashedFile
  readonly #ends: HashedFile | null
  readonly #end = Buffer.alloc(WORD_BYTES)
  #tokens = 0
  #documents = 0

  /** @param index number of the file in the folder @throws SluiceError `ERR_OUTPUT` */
  static async create (
    folder: string, index: number, shape: FlatShape, options: { readonly resumable: boolean }
  ): Promise<FlatWriter> {
    const { data, ends } = pathsOf(folder, index, shape.format)
    const head = shape.format.header(shape.dtype, 0)
    const dataFile = await HashedFile.create(data, { ...options, head })
    const endsFile = shape.format.index === null ? null : await HashedFile.create(ends, options)
    return new FlatWriter(folder, index, shape, dataFile, endsFile)
  }

  /** @throws SluiceError `ERR_CHECKPOINT` when a file is missing or was changed, `ERR_OUTPUT` */
  static async resume (folder: string, index: number, shape: FlatShape, open: OpenFlat): Promise<FlatWriter> {
    const { data, ends, index: indexPath } = pathsOf(folder, index, shape.format)
    const dataFile = await HashedFile.resume(data, open.data, shape.format.header(shape.dtype, 0))
    let endsFile: HashedFile | null = null
    if (open.ends !== null) {
      await restoreSpool(ends, open.ends.bytes, indexPath, () => wordsOf(shape.format.index!, indexPath))
      endsFile = await HashedFile.resume(ends, open.ends)
    }
    const writer = new FlatWriter(folder, index, shape, dataFile, endsFile)
    writer.#tokens = open.tokens
    writer.#documents = open.documents
    return writer
  }

  private constructor (folder: string, index: number, shape: FlatShape, data: HashedFile, ends: HashedFile | null) {
    this.#folder = folder
    this.#index = index
    this.#shape = shape
    this.#data = data
    this.#ends = ends
  }

  get tokens (): number {
    return this.#tokens
  }

  /** Number of documents. */
  get items (): number {
    return this.#documents
  }

  /** Adds a document, as `npyData` returns its ids. */
  async add (ids: Buffer): Promise<void> {
    const { format, dtype } = this.#shape
    const tokens = this.#tokens + ids.length / bytesPerId(dtype)
    if (tokens > format.maxTokens) {
      throw new SluiceError('ERR_SHARD', `${this.#folder}: a document has ${tokens - this.#tokens} ids, ` +
        `expected at most ${format.maxTokens}, the most that a file of format ${format.name} holds`)
    }
    this.#tokens = tokens
    this.#documents++
    await this.#data.add(ids)
    this.#end.writeUInt32LE(tokens)
    await this.#ends?.add(this.#end)
  }

  /** Writes the index and gives the files their names: first that of the index. */
  async finish (): Promise<FormatShard> {
    const { format, dtype } = this.#shape
    const { index: path } = pathsOf(this.#folder, this.#index, format)
    const spool = this.#ends
    let index: FileInfo | undefined
    if (spool !== null) {
      const ends = { count: this.#documents, dtype, blocks: () => blocksOf(spool) }
      index = await writing(path, () => writeWhole(path, format.index!.write(ends)))
    }
    const info = await this.#data.finish(format.header(dtype, this.#tokens))
    await spool?.remove()
    const counts = { sequences: 0, tokens: this.#tokens, ended: this.#documents }
    return { ...info, ...counts, ...(index !== undefined && { index }) }
  }

  /** Writes and syncs the documents so far. @returns the state from which `resume` continues */
  async save (): Promise<OpenFlat> {
    return {
      tokens: this.#tokens,
      documents: this.#documents,
      data: await this.#data.save(),
      ends: await this.#ends?.save() ?? null
    }
  }

  /** Closes the files, and deletes them unless they were saved. */
  async abandon (): Promise<void> {
    await this.#data.abandon()
    await this.#ends?.abandon()
  }
}

interface FlatPaths {
  readonly data: string
  readonly ends: string
  readonly index: string
}

function pathsOf (folder: string, index: number, format: FlatFormat): FlatPaths {
  const data = join(folder, format.fileName(index))
  return { data, ends: `${data}.ends`, index: format.index === null ? '' : join(folder, format.index.fileName(index)) }
}

async function * blocksOf (spool: HashedFile): AsyncGenerator<Uint32Array> {
  for await (const block of spool.read()) {
    yield new Uint32Array(block.buffer as ArrayBuffer, block.byteOffset, block.length / WORD_BYTES)
  }
}

async function * wordsOf (index: EndsIndex, path: string): AsyncGenerator<Buffer> {
  for await (const { buffer, byteOffset, byteLength } of index.read(path)) {
    yield Buffer.from(buffer, byteOffset, byteLength)
  }
}
