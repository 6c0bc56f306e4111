import xxhash, { type XXHash, type XXHashAPI } from 'xxhash-wasm'
import { HashSample } from '../sampling/hash-sample.ts'
import type { Ids } from '../shards/npy.ts'

/** The documents in some ids. An empty document, which is an EOS id alone, isn't counted. */
export interface DocumentHashes {
  readonly documents: number
  /** A hash of each distinct document, or of a sample of them of this level; see `HashSample`. */
  readonly hashes: Float64Array
  readonly level: number
}

let hasher: Promise<XXHashAPI> | undefined

/** This many hashes are collected before they are added to the sample. */
const BATCH = 2 ** 17

/**
 * Hashes documents by the xxHash64 of their ids as int32, whatever type the shards have. The EOS id is left out. The
 * upper 53 of the 64 bits are kept: among five million documents, the chance that two different ones have the same hash
 * is 1 in 700.
 */
export class DocumentHasher {
  readonly #hasher: XXHashAPI
  readonly #eosId: number
  readonly #sample = new HashSample(1)
  #batch: number[] = []
  #documents = 0
  #skips: boolean // the ids of a document that began before the first of them
  #open: XXHash<bigint> | null = null // the hash of a document whose end hasn't been added yet

  private constructor (hasher: XXHashAPI, eosId: number, continues: boolean) {
    this.#hasher = hasher
    this.#eosId = eosId
    this.#skips = continues
  }

  /** @param continues whether the first ids belong to a document that began before them, which isn't hashed */
  static async create (eosId: number, { continues }: { readonly continues: boolean }): Promise<DocumentHasher> {
    hasher ??= xxhash() // kept, since compiling it takes longer than a small shard
    return new DocumentHasher(await hasher, eosId, continues)
  }

  /** Whether a document has begun whose end hasn't been added yet. */
  get isOpen (): boolean {
    return this.#open !== null
  }

  /** Adds ids that follow those before. */
  add (ids: Ids): void {
    const bytes = bytesOf(ids)
    let begin = 0
    for (let end; (end = ids.indexOf(this.#eosId, begin)) !== -1; begin = end + 1) {
      this.#end(bytes.subarray(4 * begin, 4 * end))
    }
    if (begin === ids.length || this.#skips) return
    this.#open ??= this.#hasher.create64()
    this.#open.update(bytes.subarray(4 * begin))
  }

  /** Adds those of the ids that belong to the open document. @returns whether it is still open */
  finish (ids: Ids): boolean {
    if (this.#open === null) return false
    const end = ids.indexOf(this.#eosId)
    if (end === -1) this.#open.update(bytesOf(ids))
    else this.#end(bytesOf(ids.subarray(0, end)))
    return end === -1
  }

  /** The hashes of the documents that have ended. */
  result (): DocumentHashes {
    this.#flush()
    return { documents: this.#documents, hashes: this.#sample.sets[0]!, level: this.#sample.level }
  }

  #end (rest: Uint8Array): void {
    if (this.#open !== null) this.#keep(this.#open.update(rest).digest())
    else if (rest.length > 0 && !this.#skips) this.#keep(this.#hasher.h64Raw(rest))
    this.#open = null
    this.#skips = false
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

/** The ids as bytes, four for each, whatever their type. */
function bytesOf (ids: Ids): Uint8Array {
  const wide = ids instanceof Uint16Array ? new Int32Array(ids) : ids
  return new Uint8Array(wide.buffer, wide.byteOffset, wide.byteLength)
}
