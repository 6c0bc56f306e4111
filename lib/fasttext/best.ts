/** A score and whose it is. */
interface Candidate {
  readonly score: number
  readonly index: number
}

/**
 * The k best of candidates that come one by one, as fastText finds them: of equal ones those that it would keep, in its
 * order. It keeps them in a heap of the standard library of C++, with the worst on top, and takes the heap apart at the
 * end.
 */
export class Best {
  readonly #most: number
  readonly #heap: Candidate[] = []

  /** @param most at least 1 */
  constructor (most: number) {
    this.#most = most
  }

  /** Whether a candidate with this score would be turned down. */
  isBeyond (score: number): boolean {
    return this.#heap.length === this.#most && score < this.#heap[0]!.score
  }

  add (index: number, score: number): void {
    if (this.isBeyond(score)) return
    this.#heap.length++
    this.#raise(this.#heap.length - 1, { score, index })
    if (this.#heap.length > this.#most) {
      this.#sink(this.#heap.length - 1)
      this.#heap.length--
    }
  }

  /** All of them, the best first. Nothing may be added any more. */
  sorted (): readonly Candidate[] {
    for (let last = this.#heap.length - 1; last > 0; last--) this.#sink(last)
    return this.#heap
  }

  /** Puts a candidate at a free place, or above it. */
  #raise (from: number, candidate: Candidate): void {
    const heap = this.#heap
    let at = from
    for (let above = (at - 1) >> 1; at > 0 && heap[above]!.score > candidate.score; above = (at - 1) >> 1) {
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = candidate
  }

  /** Moves the top to the last place, and what was there into the heap of those before it. */
  #sink (last: number): void {
    const heap = this.#heap
    const candidate = heap[last]!
    heap[last] = heap[0]!
    let at = 0
    // The better way down to the end first, as the library does, and then up from there.
    for (let below = 2; below <= last; below = 2 * at + 2) {
      if (below === last || heap[below]!.score > heap[below - 1]!.score) below--
      heap[at] = heap[below]!
      at = below
    }
    this.#raise(at, candidate)
  }
}
