/** Park and Miller's generator (CACM 31, 1988): good enough for samples, and the same on every machine. */
class Random {
  #state: number

  constructor (seed = 1) {
    this.#state = seed
  }

  /** Above 0, below 1. */
  next (): number {
    this.#state = this.#state * 48_271 % 2_147_483_647
    return this.#state / 2_147_483_647
  }
}

/** A sample of a stream in which each item has the same chance (Vitter, TOMS 11, 1985, algorithm R). */
export class UniformSample<T> {
  readonly items: T[] = []
  readonly #size: number
  readonly #random: Random
  #seen = 0

  /**
   * @param size items in the sample
   * @param seed of the random numbers, from 1 to 2 ** 31 - 2
   */
  constructor (size: number, seed = 1) {
    this.#size = size
    this.#random = new Random(seed)
  }

  add (item: T): void {
    const place = this.#seen < this.#size ? this.#seen : Math.floor(this.#random.next() * (this.#seen + 1))
    if (place < this.#size) this.items[place] = item
    this.#seen++
  }
}

interface Prior<T> {
  readonly item: T
  readonly size: number
  readonly priority: number
}

/**
 * A sample of a stream, in which large items have a greater chance: those with the highest priorities are kept. A
 * priority is the size divided by a random number (Duffield, Lund and Thorup, JACM 54, 2007). An item that is a large
 * part of the whole is always in the sample.
 */
export class PrioritySample<T> {
  readonly #size: number
  readonly #random = new Random()
  /** The sample and one more item, whose priority is the threshold. */
  #kept: Array<Prior<T>> = []

  /** @param size items in the sample */
  constructor (size: number) {
    this.#size = size
  }

  /** @param size above 0 */
  add (item: T, size: number): void {
    const priority = size / this.#random.next()
    this.#kept.push({ item, size, priority })
    if (this.#kept.length > 2 * (this.#size + 1)) this.#cut()
  }

  /** The items, and how much of the sum of all sizes each represents. */
  get items (): Array<{ readonly item: T, readonly size: number, readonly weight: number }> {
    this.#cut()
    const threshold = this.#kept.length > this.#size ? this.#kept.at(-1)!.priority : 0
    return this.#kept.slice(0, this.#size).map(({ item, size }) => ({ item, size, weight: Math.max(size, threshold) }))
  }

  #cut (): void {
    this.#kept = this.#kept.sort((a, b) => b.priority - a.priority).slice(0, this.#size + 1)
  }
}
