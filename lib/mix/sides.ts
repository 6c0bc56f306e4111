/** Documents of this share, about, are on the validation side: those whose ids have the lowest hashes. */
export class Sides {
  readonly #below: bigint

  /** @param share from 0 to 1 */
  constructor (share: number) {
    this.#below = BigInt(Math.round(share * 2 ** 53)) << 11n
  }

  /**
   * Whether a document is on the validation side. This depends on its id alone, so that it stays there when documents
   * are added, and whatever the seed.
   *
   * @param id the xxHash64 of its id
   */
  isValidation (id: bigint): boolean {
    return id < this.#below
  }
}
