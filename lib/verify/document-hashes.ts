import { HashSample } from '../sampling/hash-sample.ts'
import type { Ids } from '../shards/npy.ts'
import { type IdSum, NO_IDS, hashOf, joined, sumOf } from './id-sum.ts'

/** The documents in some ids. An empty document, which is an EOS id alone, isn't counted. */
export interface DocumentHashes {
  readonly documents: number
  /** A hash of each distinct document, or of a sample of them of this level; see `HashSample`. */
  readonly hashes: Float64Array
  readonly level: number
  /** Parts of documents of which other parts are elsewhere, as `PartList` has them. They aren't among `documents`. */
  readonly parts?: Uint8Array | undefined
}

/** This many hashes are collected before they are added to the sample. */
const BATCH = 2 ** 17

/** Adds the hashes of documents to a sample, many at a time. */
export class HashCollector {
  readonly #sample: HashSample
  readonly #set: number
  #batch: number[] = []
  documents = 0

  /** @param set index of the set in the sample */
  constructor (sample: HashSample, set: number) {
    this.#sample = sample
    this.#set = set
  }

  add (sum: IdSum): void {
    this.documents++
    this.#batch.push(hashOf(sum))
    if (this.#batch.length === BATCH) this.flush()
  }

  /** Adds the hashes so far. */
  flush (): void {
    this.#sample.add(this.#set, new Float64Array(this.#batch))
    this.#batch = []
  }
}

/** Collects documents. */
export class DocumentCollector {
  readonly #sample = new HashSample(1)
  readonly #hashes = new HashCollector(this.#sample, 0)

  add (sum: IdSum): void {
    this.#hashes.add(sum)
  }

  result (): DocumentHashes {
    this.#hashes.flush()
    return { documents: this.#hashes.documents, hashes: this.#sample.sets[0]!, level: this.#sample.level }
  }
}

/** Hashes documents that end with the EOS id. */
export class DocumentHasher {
  readonly #eosId: number
  readonly #hashes = new DocumentCollector()
  #skips: boolean // the ids of a document that began before the first of them
  #sum = NO_IDS // of the document whose end hasn't been added yet
  #length = 0

  /** @param continues whether the first ids belong to a document that began before them, which isn't hashed */
  constructor (eosId: number, { continues }: { readonly continues: boolean }) {
    this.#eosId = eosId
    this.#skips = continues
  }

  /** Whether a document has begun whose end hasn't been added yet. */
  get isOpen (): boolean {
    return this.#length > 0
  }

  /** Adds ids that follow those before. */
  add (ids: Ids): void {
    let begin = 0
    for (let end; (end = ids.indexOf(this.#eosId, begin)) !== -1; begin = end + 1) {
      this.#extend(ids.subarray(begin, end + 1))
      this.#end()
    }
    this.#extend(ids.subarray(begin))
  }

  /** Adds those of the ids that belong to the open document. @returns whether it is still open */
  finish (ids: Ids): boolean {
    if (!this.isOpen) return false
    const end = ids.indexOf(this.#eosId)
    this.#extend(end === -1 ? ids : ids.subarray(0, end + 1))
    if (end !== -1) this.#end()
    return end === -1
  }

  /** The hashes of the documents that have ended. */
  result (): DocumentHashes {
    return this.#hashes.result()
  }

  #extend (ids: Ids): void {
    if (this.#skips || ids.length === 0) return
    this.#sum = joined(this.#sum, sumOf(ids, this.#length))
    this.#length += ids.length
  }

  #end (): void {
    if (this.#length > 1) this.#hashes.add(this.#sum)
    this.#sum = NO_IDS
    this.#length = 0
    this.#skips = false
  }
}
