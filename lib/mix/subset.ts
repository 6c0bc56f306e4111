/** Keys are whole numbers below this; documents are drawn in their order. */
export const KEYS = 2 ** 48

/** The documents of the subset are known down to a range of this many keys, before they are looked at one by one. */
const RANGES = 2 ** 16
const KEYS_A_RANGE = KEYS / RANGES

/** Among this many documents those are chosen that make up the rest of the tokens. */
const CANDIDATES = 1024

/** A document that may be in the subset. */
export interface Candidate {
  readonly key: number
  /** The document's place in its source, which tells apart documents with one key. */
  readonly index: number
  readonly tokens: number
}

/**
 * A random subset of documents that has a given number of tokens. Documents are taken by their keys, the lowest first;
 * the last ones are those that fit. If too many tokens are missing then, the next document is cut. It reads keys and
 * lengths twice, and holds some thousand of them, however many there are: call `count` with each document, then `offer`
 * with each, then `end`.
 */
export class Subset {
  readonly #wanted: number
  readonly #tolerance: number
  readonly #tokens = new Float64Array(RANGES)
  readonly #documents = new Float64Array(RANGES)
  #from: number | undefined // the first range whose documents are looked at one by one
  #to = 0
  #candidates: Candidate[] = []
  #chosen = new Set<number>()
  #cut: { readonly index: number, readonly tokens: number } | null = null
  #total = 0

  /**
   * @param wanted tokens of the subset
   * @param tolerance so many tokens may be missing
   */
  constructor (wanted: number, tolerance: number) {
    this.#wanted = wanted
    this.#tolerance = tolerance
  }

  /** Tokens of the subset, after `end`. */
  get tokens (): number {
    return this.#total
  }

  count (key: number, tokens: number): void {
    const range = Math.floor(key / KEYS_A_RANGE)
    this.#tokens[range]! += tokens
    this.#documents[range]! += 1
  }

  offer (candidate: Candidate): void {
    this.#from ??= this.#firstRange()
    const range = Math.floor(candidate.key / KEYS_A_RANGE)
    if (range >= this.#from && range < this.#to) this.#candidates.push(candidate)
  }

  end (): void {
    this.#from ??= this.#firstRange()
    let left = this.#wanted - this.#total
    const others: Candidate[] = []
    const inOrder = this.#candidates.sort((a, b) => a.key - b.key || a.index - b.index)
    for (const candidate of inOrder) {
      if (candidate.tokens > left) {
        others.push(candidate)
        continue
      }
      this.#chosen.add(candidate.index)
      left -= candidate.tokens
    }
    this.#candidates = []
    const [next] = others
    if (next !== undefined && left > this.#tolerance) {
      this.#cut = { index: next.index, tokens: left }
      left = 0
    }
    this.#total = this.#wanted - left
  }

  /** Tokens of a document that are in the subset, after `end`: 0, all of them, or its first ones. */
  tokensOf ({ key, index, tokens }: Candidate): number {
    if (key < this.#from! * KEYS_A_RANGE || this.#chosen.has(index)) return tokens
    return this.#cut?.index === index ? this.#cut.tokens : 0
  }

  /** Finds the ranges of candidates. The documents of all ranges before them are in the subset. */
  #firstRange (): number {
    let from = 0
    while (from < RANGES && this.#total + this.#tokens[from]! <= this.#wanted) this.#total += this.#tokens[from++]!
    this.#to = from
    for (let count = 0; this.#to < RANGES && count < CANDIDATES; this.#to++) count += this.#documents[this.#to]!
    return from
  }
}
