import xxhash, { type XXHash, type XXHashAPI } from 'xxhash-wasm'
import { HashSample } from '../sampling/hash-sample.ts'
import type { Ids } from '../shards/npy.ts'

/** The documents of some ids; empty ones, a mere end of sentence, aren't counted. */
export interface DocumentHashes {
  readonly documents: number
  /** Of each different document, or of a sample of them; see `HashSample`. */
  readonly hashes: Float64Array
  readonly level: number
}

let hasher: Promise<XXHashAPI> | undefined

/** Hashes are collected to so many before they are sorted into the sample. */
const BATCH = 2 ** 17

/**
 * Hashes documents: xxHash64 of their ids as int32, the end of sentence left out, so that the type of the ids doesn't
 * matter. Of its 64 bits the upper 53 are kept: that two different ones of five million documents have the same is seen
 * in one run of 700.
 */
export class DocumentHasher {
  readonly #hasher: XXHashAPI
  readonly #eosId: number
  readonly #sample = new HashSample(1)
  #batch: number[] = []
  #documents = 0
  /** Whether the ids that come belong to a document that isn't ours. */
  #passing: boolean
  /** Of the document that has begun and goes on in the ids to come. */
  #open: XXHash<bigint> | null = null

  private constructor (hasher: XXHashAPI, eosId: number, continues: boolean) {
    this.#hasher = hasher
    this.#eosId = eosId
    this.#passing = continues
  }

  /** @param continues whether the first ids belong to a document that began before them, and isn't to be hashed */
  static async create (eosId: number, { continues }: { readonly continues: boolean }): Promise<DocumentHasher> {
    hasher ??= xxhash() // to compile it takes longer than a small shard
    return new DocumentHasher(await hasher, eosId, continues)
  }

  /** Whether a document has begun whose end hasn't come yet. */
  get isOpen (): boolean {
    return this.#open !== null
  }

  /** Takes ids, which follow on those before. */
  add (ids: Ids): void {
    const bytes = bytesOf(ids)
    let begin = 0
    for (let end; (end = ids.indexOf(this.#eosId, begin)) !== -1; begin = end + 1) this.#end(bytes.subarray(4 * begin, 4 * end))
    if (begin === ids.length || this.#passing) return
    this.#open ??= this.#hasher.create64()
    this.#open.update(bytes.subarray(4 * begin))
  }

  /** Takes of ids what belongs to the open document. @returns whether it still is open */
  finish (ids: Ids): boolean {
    if (this.#open === null) return false
    const end = ids.indexOf(this.#eosId)
    if (end === -1) this.#open.update(bytesOf(ids))
    else this.#end(bytesOf(ids.subarray(0, end)))
    return end === -1
  }

  /** Of the documents that have ended. */
  result (): DocumentHashes {
    this.#flush()
    return { documents: this.#documents, hashes: this.#sample.sets[0]!, level: this.#sample.level }
  }

  #end (rest: Uint8Array): void {
    if (this.#open !== null) this.#keep(this.#open.update(rest).digest())
    else if (rest.length > 0 && !this.#passing) this.#keep(this.#hasher.h64Raw(rest))
    this.#open = null
    this.#passing = false
  }

  #keep (hash: bigint): void {
    this.#documents++
    this.#batch.push(Number(hash >> 11n))
    if (this.#batch.length === BATCH) this.#flush()
  }

  #flush (): void {
    this.#sample.add(0, new Float64Array(this.#batch))
    this.#batch = []
  }
}

/** Four an id, whatever their type. */
function bytesOf (ids: Ids): Uint8Array {
  const wide = ids instanceof Uint16Array ? new Int32Array(ids) : ids
  return new Uint8Array(wide.buffer, wide.byteOffset, wide.byteLength)
}
