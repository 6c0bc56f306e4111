import type { StoredPlace } from './stored-records.ts'

/** Which documents of a component's units are kept: a bit for each, unit after unit. */
export class KeptDocuments {
  readonly bits: Uint8Array
  /** The first bit of each unit. */
  readonly #first: readonly number[]

  /** @param documents of each unit @param bits those that were saved; by default none is kept */
  constructor (documents: readonly number[], bits?: Uint8Array) {
    let sum = 0
    this.#first = documents.map(count => (sum += count) - count)
    this.bits = bits ?? new Uint8Array(Math.ceil(sum / 8))
  }

  add ({ unit, document }: StoredPlace): void {
    const bit = this.#first[unit]! + document
    this.bits[Math.floor(bit / 8)]! |= 1 << (bit % 8)
  }

  has ({ unit, document }: StoredPlace): boolean {
    const bit = this.#first[unit]! + document
    return (this.bits[Math.floor(bit / 8)]! & 1 << (bit % 8)) !== 0
  }
}
