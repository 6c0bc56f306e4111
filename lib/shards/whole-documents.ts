import type { Tokens } from '../document.ts'
import { type DocumentRecord, readDocuments } from './documents.ts'
import { documentsName } from './names.ts'
import { readIds, type ShardFile } from './reader.ts'

/** The shards of a component, in order. */
export interface DocumentShards {
  readonly shards: readonly ShardFile[]
  /** Ends each document; -1 if it isn't known. */
  readonly eosId: number
  /** Whether each shard has its documents next to it. Without them, documents are cut after EOS ids. */
  readonly hasDocuments: boolean
  readonly signal?: AbortSignal | undefined
}

/** Counts of documents that were read. */
export interface ReadCounts {
  documents: number
  /** Documents that don't end with the EOS id, because the rest of them is elsewhere, or in no shard. */
  cut: number
}

/**
 * Reads the documents of shards as ids. Ids of padding are left out. A document whose parts don't follow each other is
 * returned as several ones.
 *
 * @throws SluiceError as `readIds` and `readDocuments`
 */
export async function * wholeDocuments (
  { shards, eosId, hasDocuments, signal }: DocumentShards, counts: ReadCounts
): AsyncGenerator<Pick<Tokens, 'ids'>> {
  const open = new OpenDocument()
  const ended = (): Pick<Tokens, 'ids'> => {
    const ids = open.take()
    counts.documents++
    if (ids.at(-1) !== eosId) counts.cut++
    return { ids }
  }
  const state = { offset: 0, documents: 0n }
  for (const shard of shards) {
    const records = hasDocuments ? recordsOf(shard, signal) : recordsByEos(shard, { eosId, signal }, state)
    let record = (await records.next()).value as DocumentRecord | undefined
    let used = 0 // ids of the record
    for await (const { ids, first } of readIds(shard, { signal })) {
      while (record !== undefined) {
        const at = record.row * shard.columns + record.column + used - first
        if (at >= ids.length) break
        if (used === 0 && !open.continuesWith(record) && !open.isEmpty) yield ended()
        const part = ids.slice(at, at + record.length - used)
        open.add(record, Int32Array.from(part))
        used += part.length
        if (used < record.length) break
        record = (await records.next()).value as DocumentRecord | undefined
        used = 0
      }
    }
    await records.return(undefined)
  }
  if (!open.isEmpty) yield ended()
}

/** The document that is being read. */
class OpenDocument {
  #parts: Int32Array[] = []
  #length = 0
  #id = 0n
  #next = 0 // the offset of the part that would follow

  get isEmpty (): boolean {
    return this.#length === 0
  }

  continuesWith ({ offset, id }: DocumentRecord): boolean {
    return offset !== 0 && offset === this.#next && id === this.#id
  }

  add ({ offset, id }: DocumentRecord, ids: Int32Array): void {
    if (this.isEmpty) this.#next = offset
    this.#id = id
    this.#next += ids.length
    this.#length += ids.length
    this.#parts.push(ids)
  }

  take (): Int32Array {
    const ids = new Int32Array(this.#length)
    let at = 0
    for (const part of this.#parts) {
      ids.set(part, at)
      at += part.length
    }
    this.#parts = []
    this.#length = 0
    return ids
  }
}

async function * recordsOf (shard: ShardFile, signal: AbortSignal | undefined): AsyncGenerator<DocumentRecord> {
  const path = documentsName(shard.path)
  for await (const records of readDocuments(path, { signal })) yield * records
}

/** Where the last shard has ended: ids of its open document so far, and the documents before that. */
interface EosState {
  offset: number
  documents: bigint
}

/** Records of documents that end with each EOS id; their ids are running numbers. */
async function * recordsByEos (
  shard: ShardFile, { eosId, signal }: Pick<DocumentShards, 'eosId' | 'signal'>, state: EosState
): AsyncGenerator<DocumentRecord> {
  const { columns } = shard
  for await (const { ids, first } of readIds(shard, { signal })) {
    for (let from = 0; from < ids.length;) {
      const end = ids.indexOf(eosId, from)
      const length = (end === -1 ? ids.length : end + 1) - from
      const at = first + from
      yield { row: Math.floor(at / columns), column: at % columns, length, offset: state.offset, id: state.documents }
      state.offset += length
      from += length
      if (end === -1) continue
      state.offset = 0
      state.documents++
    }
  }
}
