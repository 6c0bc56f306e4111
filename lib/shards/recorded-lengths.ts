import { readDocuments, type DocumentRecord } from './documents.ts'
import { documentsName } from './names.ts'
import { type ShardFile, type ShardSet, idAt } from './reader.ts'

/** Counts by the documents next to shards. */
export interface RecordedLengths {
  /** Ids that no document covers. */
  readonly padding: number
  /** Documents that are in several rows. */
  readonly cut: number
  /** Ids of documents that don't end in the shards. */
  readonly open: number
}

/** A document by its last record so far. */
interface Part {
  readonly shard: ShardFile
  readonly record: DocumentRecord
  /** Ids in the shards. */
  readonly ids: number
}

/**
 * Reads the documents of shards.
 *
 * @param onEnd called with the length of each document that ends in the shards, including ids in shards before these
 * @throws SluiceError as `readDocuments`
 */
export async function recordedLengths (
  { shards, columns }: ShardSet, onEnd: (length: number) => void,
  { eosId, signal }: { readonly eosId: number, readonly signal?: AbortSignal | undefined }
): Promise<RecordedLengths> {
  const chains = new Chains()
  let last = null as Part | null
  let [covered, cut, rows] = [0, 0, 0]
  for (const shard of shards) {
    rows += shard.rows
    for await (const records of readDocuments(documentsName(shard.path), { signal })) {
      for (const record of records) {
        covered += record.length
        // Every part but the last one ends a row, so this is the second part, or the first one in these shards.
        if (record.offset > 0 && record.offset <= columns) cut++
        if (last !== null && continues(last.record, record)) {
          last = { shard, record, ids: last.ids + record.length }
          continue
        }
        if (last !== null) await leave(last)
        last = { shard, record, ids: record.length + (record.offset > 0 ? chains.begin(record) : 0) }
      }
    }
  }
  if (last !== null) await leave(last)
  return { padding: rows * columns - covered, cut, open: chains.open }

  async function leave (part: Part): Promise<void> {
    const { column, length } = part.record
    // Only a part at the end of a row may be cut, which takes a look at its last id.
    const isEnded = column + length < columns || await endsWith(part, eosId, signal)
    if (isEnded) onEnd(lengthOf(part))
    else chains.end(part)
  }
}

/** Parts of documents whose neighbours are elsewhere in the shards: before them or after them. */
class Chains {
  /** Ids of parts without an end, by the document and the offset of the next part; one for each time it was seen. */
  readonly #ends = new Map<string, number[]>()
  /** The number of parts without a beginning, by the document and their offset. */
  readonly #begins = new Map<string, number>()

  /** Adds a part without its beginning. @returns the ids of the parts before it, if they are known */
  begin ({ id, offset }: DocumentRecord): number {
    const key = `${id}:${offset}`
    const before = this.#ends.get(key)
    if (before === undefined) {
      this.#begins.set(key, (this.#begins.get(key) ?? 0) + 1)
      return 0
    }
    if (before.length === 1) this.#ends.delete(key)
    return before.pop()!
  }

  /** Adds a part without its end. */
  end ({ record, ids }: Part): void {
    const key = `${record.id}:${lengthOf({ record })}`
    const after = this.#begins.get(key) ?? 0
    if (after === 0) this.#ends.set(key, [...this.#ends.get(key) ?? [], ids])
    else if (after === 1) this.#begins.delete(key)
    else this.#begins.set(key, after - 1)
  }

  /** Ids of documents whose end wasn't found. */
  get open (): number {
    return [...this.#ends.values()].flat().reduce((sum, ids) => sum + ids, 0)
  }
}

function continues (before: DocumentRecord, { id, offset }: DocumentRecord): boolean {
  return before.id === id && offset === before.offset + before.length
}

function lengthOf ({ record: { offset, length } }: Pick<Part, 'record'>): number {
  return offset + length
}

async function endsWith (
  { shard, record: { row, column, length } }: Part, eosId: number, signal: AbortSignal | undefined
): Promise<boolean> {
  return await idAt(shard, row * shard.columns + column + length - 1, signal) === eosId
}
