import { documentPath } from '../input/find.ts'
import type { Decoder } from '../tokenizer/decoder.ts'
import { readDocuments } from './documents.ts'
import { documentsName } from './names.ts'
import type { Ids } from './npy.ts'
import { type ShardFile, type ShardSet, hasDocuments, readIds } from './reader.ts'
import { recordedLengths } from './recorded-lengths.ts'
import type { ShardTextOptions } from './text.ts'

/** The number of documents that have from `from` to `to` ids, including EOS ids. */
export interface LengthBucket {
  readonly from: number
  readonly to: number
  readonly documents: number
}

/** The distribution of a number. */
export interface Spread {
  readonly mean: number
  readonly min: number
  readonly max: number
}

/**
 * Statistics of shards. Counts are numbers of ids unless stated otherwise. Padding is only counted as padding, if it is
 * known.
 */
export interface ShardStatistics {
  readonly shards: number
  readonly sequences: number
  readonly seq_len: number
  readonly ids: number
  /** Documents that end in the shards: by the documents next to the shards, else the number of EOS ids. */
  readonly documents: number
  /** Ids of documents that don't end in the shards; ids after the last EOS id. */
  readonly open_ids: number
  /** Ids of padding; null without documents next to the shards. */
  readonly padding_ids: number | null
  /** Documents that are in several rows; null without documents next to the shards. */
  readonly cut_documents: number | null
  /** Lengths of the documents that end in the shards, including their EOS ids; null if there are none. */
  readonly document_ids: Spread | null
  /** In powers of two, from the shortest to the longest document. */
  readonly document_lengths: readonly LengthBucket[]
  readonly unknown_ids: number
  readonly byte_ids: number
  /** EOS ids in a sequence; null if there is no sequence. */
  readonly ends_per_sequence: Spread | null
  /** Ids that are not in the vocabulary, and the first of them. */
  readonly outside_ids: number
  readonly first_outside: PlacedId | null
}

/** An id, and where it is. */
export interface PlacedId {
  readonly path: string
  readonly row: number
  readonly column: number
  readonly id: number
}

const [OTHER, END, UNKNOWN, BYTE, OUTSIDE] = [0, 1, 2, 3, 4]

/** Counts the ids of shards by kind, without decoding them. @throws SluiceError as `readIds` */
export async function shardStatistics (
  set: ShardSet,
  { decoder, eosId, signal }: ShardTextOptions
): Promise<ShardStatistics> {
  const counter = new IdCounter(kindsOf(decoder, eosId))
  const haveDocuments = set.shards.every(hasDocuments)
  let sequences = 0
  let firstOutside: ShardStatistics['first_outside'] = null
  for (const shard of set.shards) {
    const { columns } = shard
    const rows = haveDocuments ? coveredColumns(shard, signal) : null
    let covered = columns // ids of the row that are not padding
    for await (const { ids, first } of readIds(shard, { signal })) {
      for (let i = 0; i < ids.length;) {
        const column = (first + i) % columns
        const left = columns - column // in the row
        const part = ids.subarray(i, i + left)
        if (rows !== null && column === 0) covered = (await rows.next()).value ?? columns
        counter.add(part.subarray(0, Math.max(0, covered - column)))
        i += part.length
        if (part.length === left) counter.endRow()
      }
      if (counter.counts[OUTSIDE] === 0 || firstOutside !== null) continue
      const i = ids.findIndex(id => id < 0 || id >= decoder.vocabSize)
      firstOutside = {
        path: documentPath(shard.path),
        row: Math.floor((first + i) / columns),
        column: (first + i) % columns,
        id: ids[i]!
      }
    }
    await rows?.return(undefined)
    sequences += shard.rows
  }
  const { counts, rowEnds } = counter
  const byRecords = haveDocuments ? new LengthCounter() : null
  const recorded = byRecords && await recordedLengths(set, length => { byRecords.add(length) }, { eosId, signal })
  const { documents, ids: documentIds, buckets } = byRecords ?? counter.lengths
  return {
    shards: set.shards.length,
    sequences,
    seq_len: set.columns,
    ids: sequences * set.columns,
    documents,
    open_ids: recorded?.open ?? counter.open,
    padding_ids: recorded?.padding ?? null,
    cut_documents: recorded?.cut ?? null,
    document_ids: documentIds.spread(),
    document_lengths: buckets
      .map((documents, i) => ({ from: 2 ** i, to: 2 ** (i + 1) - 1, documents }))
      .slice(buckets.findIndex(n => n > 0)),
    unknown_ids: counts[UNKNOWN]!,
    byte_ids: counts[BYTE]!,
    ends_per_sequence: rowEnds.spread(),
    outside_ids: counts[OUTSIDE]!,
    first_outside: firstOutside
  }
}

/** How many ids of each row are those of documents; the rest of a row is padding. */
async function * coveredColumns (shard: ShardFile, signal: AbortSignal | undefined): AsyncGenerator<number, undefined> {
  let row = 0
  let covered = 0
  for await (const records of readDocuments(documentsName(shard.path), { signal })) {
    for (const record of records) {
      for (; row < record.row; row++, covered = 0) yield covered
      covered = record.column + record.length
    }
  }
  for (; row < shard.rows; row++, covered = 0) yield covered
}

/** The kind of each id in the vocabulary. */
function kindsOf (decoder: Decoder, eosId: number): Uint8Array {
  const { unkId, vocabSize } = decoder
  const kinds = Uint8Array.from({ length: vocabSize }, (_, id) => decoder.isByte(id) ? BYTE : OTHER)
  if (unkId >= 0) kinds[unkId] = UNKNOWN!
  kinds[eosId] = END!
  return kinds
}

class Range {
  #count = 0
  #sum = 0
  #min = Infinity
  #max = 0

  add (value: number): void {
    this.#count++
    this.#sum += value
    if (value < this.#min) this.#min = value
    if (value > this.#max) this.#max = value
  }

  spread (): Spread | null {
    return this.#count === 0 ? null : { mean: this.#sum / this.#count, min: this.#min, max: this.#max }
  }
}

/** Counts documents by their lengths. */
class LengthCounter {
  documents = 0
  readonly ids = new Range()
  /** Number of documents by length: from 2 ** i to 2 ** (i + 1) - 1 at index i. */
  readonly buckets: number[] = []

  add (length: number): void {
    this.documents++
    this.ids.add(length)
    const power = 31 - Math.clz32(length)
    while (this.buckets.length <= power) this.buckets.push(0)
    this.buckets[power]!++
  }
}

class IdCounter {
  /** By kind. */
  readonly counts = [0, 0, 0, 0, 0]
  readonly rowEnds = new Range()
  readonly lengths = new LengthCounter()
  /** Ids since the last EOS id. */
  open = 0
  readonly #kinds: Uint8Array
  #endsBefore = 0

  constructor (kinds: Uint8Array) {
    this.#kinds = kinds
  }

  add (ids: Ids): void {
    const kinds = this.#kinds
    let begin = -this.open
    for (let i = 0; i < ids.length; i++) {
      const kind = kinds[ids[i]!]
      if (kind === OTHER) continue
      this.counts[kind ?? OUTSIDE]!++
      if (kind !== END) continue
      this.lengths.add(i + 1 - begin)
      begin = i + 1
    }
    this.open = ids.length - begin
  }

  endRow (): void {
    this.rowEnds.add(this.counts[END]! - this.#endsBefore)
    this.#endsBefore = this.counts[END]!
  }
}
