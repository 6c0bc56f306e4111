import { SluiceError } from '../errors.ts'
import { type DocumentRecord, readDocuments } from './documents.ts'
import { documentsName } from './names.ts'
import type { Ids } from './npy.ts'
import { type IdBlock, type ShardFile, readIds } from './reader.ts'
import { continues } from './units.ts'

/** Where a document is: the index of the shard, and of the record in its file of documents. */
export interface DocumentPosition {
  readonly shard: number
  readonly record: number
}

/** The ids of a unit of shards: see `DocumentUnit`. */
export interface ShardDocument {
  /** The xxHash64 of the document's id. */
  readonly id: bigint
  /** Index of the first id in the document: 0 where the document begins. */
  readonly offset: number
  readonly ids: Int32Array
  /** Where the next one is, to resume there. */
  readonly next: DocumentPosition
}

export interface DocumentsOptions {
  /** Where to begin. @default the first document */
  readonly from?: DocumentPosition | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Reads the documents of shards in order, by the files of documents next to them. Ids that fill no document, such as
 * padding, are left out.
 *
 * @param shards in order, all with rows of the same length
 * @throws SluiceError `ERR_FILES` or `ERR_SHARD` when a file can't be read or doesn't fit its shard, `ERR_ABORTED`
 */
export async function * documentsOf (
  shards: readonly ShardFile[], { from = { shard: 0, record: 0 }, signal }: DocumentsOptions = {}
): AsyncGenerator<ShardDocument> {
  const ids = new GrowingIds()
  let open: { readonly id: bigint, readonly offset: number } | null = null
  for (let shard = from.shard; shard < shards.length; shard++) {
    const file = shards[shard]!
    let record = shard === from.shard ? from.record : 0
    let reader: IdReader | null = null
    try {
      for await (const records of readDocuments(documentsName(file.path), { from: record, signal })) {
        for (const next of records) {
          if (open !== null && !continues(open.id, open.offset + ids.length, next)) {
            yield { ...open, ids: ids.take(), next: { shard, record } }
            open = null
          }
          open ??= { id: next.id, offset: next.offset }
          reader ??= new IdReader(file, placeOf(next, file), signal)
          await reader.copy(placeOf(next, file), next.length, ids)
          record++
        }
      }
    } finally {
      await reader?.close()
    }
  }
  if (open !== null) yield { ...open, ids: ids.take(), next: { shard: shards.length, record: 0 } }
}

/** Index of a record's first id in the shard. @throws SluiceError `ERR_SHARD` unless the record is within a row */
function placeOf ({ row, column, length }: DocumentRecord, { path, rows, columns }: ShardFile): number {
  if (row < rows && column + length <= columns) return row * columns + column
  throw new SluiceError('ERR_SHARD', `${documentsName(path)}: has a document at row ${row}, column ${column}, of ` +
    `${length} ids, and the shard has ${rows} rows of ${columns}; make the shards again`)
}

/** Collects the ids of a document. */
class GrowingIds {
  #ids = new Int32Array(4096)
  length = 0

  add (ids: Ids): void {
    const end = this.length + ids.length
    if (end > this.#ids.length) {
      const larger = new Int32Array(Math.max(2 * this.#ids.length, end))
      larger.set(this.#ids.subarray(0, this.length))
      this.#ids = larger
    }
    this.#ids.set(ids, this.length)
    this.length = end
  }

  /** A copy of the ids, which are removed. */
  take (): Int32Array {
    const ids = this.#ids.slice(0, this.length)
    this.length = 0
    return ids
  }
}

/** Reads ranges of a shard's ids, each after the one before. */
class IdReader {
  readonly #shard: ShardFile
  readonly #blocks: AsyncGenerator<IdBlock>
  #block: IdBlock

  constructor (shard: ShardFile, from: number, signal: AbortSignal | undefined) {
    this.#shard = shard
    this.#blocks = readIds(shard, { from, signal })
    this.#block = { ids: new Int32Array(0), first: from }
  }

  async copy (from: number, length: number, target: GrowingIds): Promise<void> {
    for (let at = from; at < from + length;) {
      const { ids, first } = this.#block
      if (at < first) throw new SluiceError('ERR_SHARD', `${documentsName(this.#shard.path)}: isn't in order`)
      if (at >= first + ids.length) {
        const next = await this.#blocks.next()
        if (next.done === true) throw new SluiceError('ERR_SHARD', `${this.#shard.path}: ends before its documents`)
        this.#block = next.value
        continue
      }
      const end = Math.min(from + length, first + ids.length)
      target.add(ids.subarray(at - first, end - first))
      at = end
    }
  }

  async close (): Promise<void> {
    await this.#blocks.return(undefined)
  }
}
