/** The maximum number of hashes that are kept. As doubles they take 40 MB. */
const MAX_HASHES = 5_000_000

/** Hashes are integers below this: a double holds 53 bits of a hash. */
export const HASH_LIMIT = 2 ** 53

/**
 * Sets of hashes in bounded memory. If there are too many, only hashes below a bound are kept, and the bound is halved
 * until they are few enough (Wegman's adaptive sampling: Flajolet, "On adaptive sampling", Computing 43, 1990).
 *
 * All sets have the same bound, so a hash of two sets is in both samples or in neither. The bound depends on the hashes
 * alone, not on their order.
 */
export class HashSample {
  /** How many times the bound has been halved: one hash in 2 ** level is kept. */
  level = 0
  readonly #max: number
  /** Sorted, each hash once. */
  readonly #sets: Float64Array[]
  /** Hashes to add to each set. */
  #pending: Float64Array[][]
  #pendingCount = 0

  constructor (sets: number, max = MAX_HASHES) {
    this.#max = max
    this.#sets = Array.from({ length: sets }, () => new Float64Array())
    this.#pending = this.#sets.map(() => [])
  }

  /** @param level of the sample that the hashes are from */
  add (set: number, hashes: Float64Array, level = 0): void {
    this.level = Math.max(this.level, level)
    const kept = this.#below(hashes)
    this.#pending[set]!.push(kept)
    this.#pendingCount += kept.length
    if (this.#pendingCount > this.#max / 4) this.#settle()
  }

  /** The sets of hashes so far, sorted. */
  get sets (): readonly Float64Array[] {
    this.#settle()
    return this.#sets
  }

  #settle (): void {
    this.#pending.forEach((pending, i) => {
      this.#sets[i] = distinct(this.#below(concat([this.#sets[i]!, ...pending])))
    })
    this.#pending = this.#sets.map(() => [])
    this.#pendingCount = 0
    while (this.#sets.reduce((sum, { length }) => sum + length, 0) > this.#max) {
      this.level++
      this.#sets.forEach((set, i) => { this.#sets[i] = this.#below(set) })
    }
  }

  #below (hashes: Float64Array): Float64Array {
    if (this.level === 0) return hashes
    const bound = HASH_LIMIT / 2 ** this.level
    return hashes.filter(hash => hash < bound)
  }
}

/** How many hashes are in both of two sorted sets. */
export function countShared (a: Float64Array, b: Float64Array): number {
  let shared = 0
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const [x, y] = [a[i]!, b[j]!]
    if (x === y) shared++
    if (x <= y) i++
    if (y <= x) j++
  }
  return shared
}

function concat (arrays: readonly Float64Array[]): Float64Array {
  if (arrays.length === 1) return arrays[0]!
  const all = new Float64Array(arrays.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const array of arrays) {
    all.set(array, at)
    at += array.length
  }
  return all
}

/** Sorts in place. @returns each hash once */
function distinct (hashes: Float64Array): Float64Array {
  hashes.sort()
  let kept = 0
  for (let i = 0; i < hashes.length; i++) if (i === 0 || hashes[i] !== hashes[i - 1]) hashes[kept++] = hashes[i]!
  return hashes.slice(0, kept)
}
