/** A score, and the index of its owner. */
interface Candidate {
  readonly score: number
  readonly index: number
}

/**
 * The k best of a stream of candidates. Where scores are equal, it keeps the same ones as fastText, in the same order:
 * like fastText, it uses the heap of the C++ standard library, with the worst candidate on top, and sorts it at the
 * end.
 */
export class Best {
  readonly #max: number
  readonly #heap: Candidate[] = []

  /** @param max maximum number of candidates, at least 1 */
  constructor (max: number) {
    this.#max = max
  }

  /** Whether a candidate with this score would be rejected. */
  isBeyond (score: number): boolean {
    return this.#heap.length === this.#max && score < this.#heap[0]!.score
  }

  add (index: number, score: number): void {
    if (this.isBeyond(score)) return
    this.#heap.length++
    this.#raise(this.#heap.length - 1, { score, index })
    if (this.#heap.length > this.#max) {
      this.#sink(this.#heap.length - 1)
      this.#heap.length--
    }
  }

  /** The best candidates, best first. Call it last. */
  sorted (): readonly Candidate[] {
    for (let last = this.#heap.length - 1; last > 0; last--) this.#sink(last)
    return this.#heap
  }

  /** Puts a candidate at a free index, or above it. */
  #raise (from: number, candidate: Candidate): void {
    const heap = this.#heap
    let at = from
    for (let above = (at - 1) >> 1; at > 0 && heap[above]!.score > candidate.score; above = (at - 1) >> 1) {
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = candidate
  }

  /** Moves the top to the last index, and the candidate from there into the heap before it. */
  #sink (last: number): void {
    const heap = this.#heap
    const candidate = heap[last]!
    heap[last] = heap[0]!
    let at = 0
    // Like the C++ library: first down to a leaf along the worse children, then up from there.
    for (let below = 2; below <= last; below = 2 * at + 2) {
      if (below === last || heap[below]!.score > heap[below - 1]!.score) below--
      heap[at] = heap[below]!
      at = below
    }
    this.#raise(at, candidate)
  }
}
