import type { SortedRecords } from './sorted-records.ts'

/** Merges sorted records: those with the smallest key first, and of equal keys those of the earliest source. */
export class Merge<Source extends SortedRecords = SortedRecords> {
  readonly sources: readonly Source[]
  /** A binary heap of sources, by their current keys. */
  readonly #heap: Source[]
  readonly #placeOf: ReadonlyMap<Source, number>

  constructor (sources: readonly Source[]) {
    this.sources = sources
    this.#placeOf = new Map(sources.map((source, i) => [source, i]))
    this.#heap = [...sources].sort((a, b) => this.#isBefore(a, b) ? -1 : 1)
  }

  /** The source with the next record; null after the last one. */
  get first (): Source | null {
    const first = this.#heap[0]
    return first === undefined || first.key === Infinity ? null : first
  }

  /** Goes to the next record. @returns a promise if it must be waited for */
  next (): Promise<void> | undefined {
    const first = this.#heap[0]!
    if (!first.next()) return first.fill().then(() => { this.#sink(first) })
    this.#sink(first)
    return undefined
  }

  async close (): Promise<void> {
    await Promise.all(this.sources.map(source => source.close()))
  }

  /** Moves the first source to its place by its new key. */
  #sink (source: Source): void {
    const heap = this.#heap
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && this.#isBefore(heap[child + 1]!, heap[child]!)) child++
      if (this.#isBefore(source, heap[child]!)) break
      heap[place] = heap[child]!
      place = child
    }
    heap[place] = source
  }

  #isBefore (a: Source, b: Source): boolean {
    return a.key < b.key || (a.key === b.key && this.#placeOf.get(a)! < this.#placeOf.get(b)!)
  }
}
