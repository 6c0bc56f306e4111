import type { Ids } from '../shards/npy.ts'
import { DocumentCollector, type DocumentHashes } from './document-hashes.ts'
import { joined, sumOf } from './id-sum.ts'
import { type Part, PartList } from './part-list.ts'

/** Hashes documents as `DocumentHasher`, whose parts are known, and may be in any order. */
export class PartHasher {
  readonly #eosId: number
  readonly #hashes = new DocumentCollector()
  readonly #cut = new PartList()
  #current: Part | null = null

  constructor (eosId: number) {
    this.#eosId = eosId
  }

  /**
   * Adds ids of a document. They continue those before if they follow them in the document.
   *
   * @param offset the index of the first of them in the document
   */
  add (id: bigint, offset: number, ids: Ids): void {
    const current = this.#current
    const continues = current?.id === id && current.to === offset
    if (!continues) this.#leave()
    const { low, high } = continues ? joined(current, sumOf(ids, offset)) : sumOf(ids, offset)
    const from = continues ? current.from : offset
    this.#current = { id, from, to: offset + ids.length, low, high, isEnd: ids.at(-1) === this.#eosId }
  }

  /** What follows is not known to follow in the document: the ids before may be a part of one. */
  cut (): void {
    if (this.#current !== null) this.#cut.add(this.#current)
    this.#current = null
  }

  /** The hashes of the documents that are whole, and the parts of others, after all ids. */
  result (): DocumentHashes {
    this.cut()
    return { ...this.#hashes.result(), parts: this.#cut.take() }
  }

  /** The ids before are followed by another document. */
  #leave (): void {
    const current = this.#current
    if (current === null) return
    if (current.from > 0 || !current.isEnd) {
      this.cut()
      return
    }
    if (current.to > 1) this.#hashes.add(current)
    this.#current = null
  }
}
