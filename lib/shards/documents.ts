import { type FileHandle, open, stat } from 'node:fs/promises'
import { z } from 'zod'
import type { DocumentPart } from '../document.ts'
import { SluiceError, reasonOf } from '../errors.ts'
import { count, sha256Hex } from '../options.ts'
import { HashedFile, hashedBytes } from './hashed-file.ts'
import { isShardFile } from './names.ts'

/** The entry in stats of the file with the documents of a shard. */
export const documentsInfo = z.object({
  /** Its name in the folder. */
  file: z.string().refine(isShardFile, 'expected the name of a file of documents, such as shard_00000.docs'),
  records: count,
  /** Documents that begin in the shard. */
  begun: count,
  bytes: count,
  sha256: sha256Hex
})
/** The entry in stats of the file with the documents of a shard. */
export type DocumentsInfo = Readonly<z.output<typeof documentsInfo>>

/** An unfinished file of documents in a checkpoint. */
export const openDocuments = hashedBytes.extend({ begun: count })
export type OpenDocuments = Readonly<z.output<typeof openDocuments>>

/** The ids of one document in one row of a shard: all of them, or a part. */
export interface DocumentRecord {
  readonly row: number
  /** Column of the first id. */
  readonly column: number
  /** Number of ids in the row. */
  readonly length: number
  /** Index of the first id in the document: 0 where the document begins. */
  readonly offset: number
  /** The xxHash64, with seed 0, of the document's id. */
  readonly id: bigint
}

/** `row`, `column`, `length` and `offset` in 32 bits each, and `id` in 64 bits; all little-endian. */
export const DOCUMENT_RECORD_BYTES = 24

/** Writes the documents of a shard, under a temporary name until `finish`. */
export class DocumentsWriter {
  readonly #file: HashedFile
  #begun: number

  /** @param resumable whether `save` will be called @throws SluiceError `ERR_OUTPUT` */
  static async create (path: string, options: { readonly resumable?: boolean } = {}): Promise<DocumentsWriter> {
    return new DocumentsWriter(await HashedFile.create(path, options), 0)
  }

  /**
   * Resumes from the result of `save`.
   *
   * @throws SluiceError `ERR_CHECKPOINT` when the file is missing or was changed, `ERR_OUTPUT`
   */
  static async resume (path: string, { begun, ...saved }: OpenDocuments): Promise<DocumentsWriter> {
    return new DocumentsWriter(await HashedFile.resume(path, saved), begun)
  }

  private constructor (file: HashedFile, begun: number) {
    this.#file = file
    this.#begun = begun
  }

  /** Adds the documents of a row. */
  async add (row: number, parts: readonly DocumentPart[]): Promise<void> {
    const view = new DataView(new ArrayBuffer(DOCUMENT_RECORD_BYTES * parts.length)) // a Buffer's methods are slower
    let at = 0
    for (const { id, offset, start, length } of parts) {
      view.setUint32(at, row, true)
      view.setUint32(at + 4, start, true)
      view.setUint32(at + 8, length, true)
      view.setUint32(at + 12, offset, true)
      view.setBigUint64(at + 16, id, true)
      at += DOCUMENT_RECORD_BYTES
      if (offset === 0) this.#begun++
    }
    await this.#file.add(Buffer.from(view.buffer))
  }

  /** Writes and syncs the records so far. @returns the state from which `resume` continues */
  async save (): Promise<OpenDocuments> {
    return { ...await this.#file.save(), begun: this.#begun }
  }

  /** Completes the file and gives it its final name. @throws SluiceError `ERR_OUTPUT` */
  async finish (): Promise<DocumentsInfo> {
    const { file, bytes, sha256 } = await this.#file.finish()
    return { file, records: bytes / DOCUMENT_RECORD_BYTES, begun: this.#begun, bytes, sha256 }
  }

  /** Closes the file, and deletes it unless it was saved. */
  async abandon (): Promise<void> {
    await this.#file.abandon()
  }
}

/** Records are read in steps of this many. */
const BLOCK_RECORDS = 2 ** 15

/** The records of a file of documents, by their bytes. */
export class DocumentRecords implements Iterable<DocumentRecord> {
  readonly bytes: Buffer

  /** @param bytes of whole records */
  constructor (bytes: Buffer) {
    this.bytes = bytes
  }

  get length (): number {
    return this.bytes.length / DOCUMENT_RECORD_BYTES
  }

  /** The record at an index, which must be in range. */
  at (index: number): DocumentRecord {
    const { bytes } = this
    const at = DOCUMENT_RECORD_BYTES * index
    return {
      row: bytes.readUInt32LE(at),
      column: bytes.readUInt32LE(at + 4),
      length: bytes.readUInt32LE(at + 8),
      offset: bytes.readUInt32LE(at + 12),
      id: bytes.readBigUInt64LE(at + 16)
    }
  }

  * [Symbol.iterator] (): Generator<DocumentRecord> {
    for (let i = 0; i < this.length; i++) yield this.at(i)
  }
}

/** A range of the records of a file. */
export interface RecordRange {
  /** Index of the first record. @default 0 */
  readonly from?: number
  /** Index after the last one. @default the number of records */
  readonly to?: number
  /** Stops reading when it fires: `ERR_ABORTED`. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Reads the records of a file of documents, in order, some thousand at a time.
 *
 * @throws SluiceError `ERR_FILES` when it can't be read, `ERR_SHARD` when it doesn't consist of whole records,
 *   `ERR_ABORTED`
 */
export async function * readDocuments (
  path: string, { from = 0, to = Infinity, signal }: RecordRange = {}
): AsyncGenerator<DocumentRecords, void> {
  const end = Math.min(to, await countRecords(path))
  const file = await open(path).catch((error: unknown) => { throw unreadable(path, error) })
  try {
    for (let first = from; first < end; first += BLOCK_RECORDS) {
      if (signal?.aborted === true) throw new SluiceError('ERR_ABORTED', `${path}: stopped`)
      yield new DocumentRecords(await readBlock(file, path, first, Math.min(first + BLOCK_RECORDS, end)))
    }
  } finally {
    await file.close()
  }
}

/** One record of a file of documents, by its index, which must be in range. @throws SluiceError as `readDocuments` */
export async function recordAt (path: string, index: number, signal?: AbortSignal): Promise<DocumentRecord> {
  const found: DocumentRecord[] = []
  for await (const records of readDocuments(path, { from: index, to: index + 1, signal })) found.push(records.at(0))
  return found[0]!
}

/** The number of records of a file of documents. @throws SluiceError as `readDocuments` */
export async function countRecords (path: string): Promise<number> {
  const { size } = await stat(path).catch((error: unknown) => { throw unreadable(path, error) })
  if (size % DOCUMENT_RECORD_BYTES === 0) return size / DOCUMENT_RECORD_BYTES
  const mistake = `has ${size} bytes, expected a multiple of ${DOCUMENT_RECORD_BYTES}`
  throw new SluiceError('ERR_SHARD', `${path}: ${mistake}; make the shards again`)
}

async function readBlock (file: FileHandle, path: string, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.alloc(DOCUMENT_RECORD_BYTES * (to - from))
  for (let filled = 0; filled < bytes.length;) {
    const position = DOCUMENT_RECORD_BYTES * from + filled
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, position)
      .catch((error: unknown) => { throw unreadable(path, error) })
    if (bytesRead === 0) throw new SluiceError('ERR_SHARD', `${path}: was changed while it was being read`)
    filled += bytesRead
  }
  return bytes
}

function unreadable (path: string, cause: unknown): SluiceError {
  return new SluiceError('ERR_FILES', `${path}: ${reasonOf(cause)}`, { cause })
}
