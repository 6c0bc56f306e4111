/** Two neighbouring symbols that may be merged. */
export interface SymbolPair {
  readonly left: number
  readonly right: number
  readonly score: number
  /** The length of both when the pair was found; another one now means that one of them was merged since. */
  readonly length: number
}

/** Pairs by their score, the highest first; of equal ones the leftmost first. */
export class PairHeap {
  readonly #pairs: SymbolPair[] = []

  push (pair: SymbolPair): void {
    const pairs = this.#pairs
    let at = pairs.push(pair) - 1
    for (let parent = (at - 1) >> 1; at > 0 && isBefore(pair, pairs[parent]!); parent = (at - 1) >> 1) {
      pairs[at] = pairs[parent]!
      at = parent
    }
    pairs[at] = pair
  }

  pop (): SymbolPair | undefined {
    const pairs = this.#pairs
    const first = pairs[0]
    const last = pairs.pop()
    if (pairs.length === 0 || last === undefined) return first
    let at = 0
    for (let child = 1; child < pairs.length; child = 2 * at + 1) {
      if (child + 1 < pairs.length && isBefore(pairs[child + 1]!, pairs[child]!)) child++
      if (!isBefore(pairs[child]!, last)) break
      pairs[at] = pairs[child]!
      at = child
    }
    pairs[at] = last
    return first
  }
}

function isBefore (a: SymbolPair, b: SymbolPair): boolean {
  return a.score > b.score || (a.score === b.score && a.left < b.left)
}
