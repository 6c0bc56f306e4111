import { SluiceError } from '../errors.ts'
import { type DocumentRecord, type DocumentRecords, readDocuments } from './documents.ts'
import { documentsName } from './names.ts'
import type { Ids } from './npy.ts'
import { type ShardFile, readIds } from './reader.ts'

/** Ids of one document in one row. */
export interface PartIds {
  readonly record: DocumentRecord
  /** The index in the document of the first of these ids: they may be a part of those of the record. */
  readonly offset: number
  /** Memory that is reused when the next part but one is read. */
  readonly ids: Ids
}

/**
 * Reads the ids of a shard with its documents, in the order of rows; padding is left out.
 *
 * @throws SluiceError as `readIds` and `readDocuments`; `ERR_SHARD` when the documents are not those of the shard
 */
export async function * readParts (shard: ShardFile, signal?: AbortSignal): AsyncGenerator<PartIds, void> {
  const cursor = new RecordCursor(shard, signal)
  try {
    let record = await cursor.next(0)
    let at = 0
    for await (const { ids, first } of readIds(shard, { signal })) {
      const end = first + ids.length
      while (record !== null && at < end) {
        const from: number = record.row * shard.columns + record.column
        const to: number = from + record.length
        const until = Math.min(at < from ? from : to, end)
        const some = ids.subarray(at - first, until - first)
        if (at >= from) yield { record, offset: record.offset + at - from, ids: some }
        at = until
        if (at === to) record = await cursor.next(at)
      }
      at = end
    }
  } finally {
    await cursor.close()
  }
}

class RecordCursor {
  readonly #shard: ShardFile
  readonly #path: string
  readonly #blocks: AsyncGenerator<DocumentRecords, void>
  #block: DocumentRecords | null = null
  #next = 0

  constructor (shard: ShardFile, signal: AbortSignal | undefined) {
    this.#shard = shard
    this.#path = documentsName(shard.path)
    this.#blocks = readDocuments(this.#path, { signal })
  }

  /** The next record, which must be at or after an index of the shard; null after the last one. */
  async next (at: number): Promise<DocumentRecord | null> {
    if (this.#block === null || this.#next === this.#block.length) {
      this.#block = await this.#blocks.next().then(({ value }) => value ?? null)
      this.#next = 0
    }
    const record = this.#block?.at(this.#next++) ?? null
    if (record === null) return null
    const { rows, columns } = this.#shard
    const from = record.row * columns + record.column
    if (from >= at && record.length > 0 && from + record.length <= rows * columns) return record
    throw new SluiceError('ERR_SHARD', `${this.#path}: these are not the documents of this shard; run sluice verify`)
  }

  async close (): Promise<void> {
    await this.#blocks.return()
  }
}
