import { Best } from './best.ts'
import { LEAST, type LabelScores, type Scored, logOf, probabilityOf } from './label-scores.ts'
import type { Rows } from './matrix.ts'
import { DamagedModel } from './model-file.ts'

/** Below the logarithm of what fastText adds to probabilities, it looks for labels no further. */
const LEAST_LOG = logOf(0)

/** Counts of nodes that aren't made yet. */
const NO_COUNT = 1e15

/**
 * Scores of models with hierarchical softmax: labels are the leaves of a Huffman tree, and the probability of one is the
 * product of those along the path to it.
 *
 * Nodes are numbered: first the leaves in the order of the labels, then the inner nodes, the root last.
 */
export class TreeScores implements LabelScores {
  readonly #rows: Rows
  readonly #labels: number
  readonly #left: Int32Array // children of inner nodes
  readonly #right: Int32Array
  readonly #above: Int32Array
  readonly #places: Int32Array // of leaves, from left to right
  #vector: Float32Array = new Float32Array()
  #found = -1 // the best leaf so far, and its probability
  #most = 0

  /**
   * @param rows of the inner nodes
   * @param counts how often each label was met, in the model's order, which is that of frequency
   * @throws DamagedModel for counts that there can't be
   */
  constructor (rows: Rows, counts: readonly number[]) {
    this.#rows = rows
    this.#labels = counts.length
    const wrong = counts.findIndex(count => !(count >= 1 && count < NO_COUNT))
    if (wrong !== -1) throw new DamagedModel(`label ${wrong} was met ${counts[wrong]} times in training, expected once or more`)
    const nodes = 2 * counts.length - 1
    this.#left = new Int32Array(nodes)
    this.#right = new Int32Array(nodes)
    this.#above = new Int32Array(nodes)
    const sizes = Float64Array.from({ length: nodes }, (_, i) => counts[i] ?? NO_COUNT)
    let leaf = counts.length - 1 // the next one, from the rarest on
    let inner = counts.length
    const next = (): number => leaf >= 0 && sizes[leaf]! < sizes[inner]! ? leaf-- : inner++
    for (let node = counts.length; node < nodes; node++) {
      const left = next()
      const right = next()
      this.#left[node] = left
      this.#right[node] = right
      this.#above[left] = this.#above[right] = node
      sizes[node] = sizes[left]! + sizes[right]!
    }
    this.#places = this.#placesOfLeaves()
  }

  #placesOfLeaves (): Int32Array {
    const places = new Int32Array(this.#labels)
    const waiting = [2 * this.#labels - 2]
    for (let place = 0; waiting.length > 0;) {
      const node = waiting.pop()!
      if (node < this.#labels) places[node] = place++
      else waiting.push(this.#right[node]!, this.#left[node]!)
    }
    return places
  }

  take (vector: Float32Array): boolean {
    this.#vector = vector
    return true
  }

  best (k: number): Scored[] {
    if (k === 1) {
      const index = this.#bestLabel()
      return index === -1 ? [] : [{ index, probability: this.probability(index) }]
    }
    const best = new Best(k)
    this.#search(2 * this.#labels - 2, 0, best)
    return best.sorted().map(({ score, index }) => ({ index, probability: probabilityOf(score) }))
  }

  probability (index: number): number {
    const path = [index]
    for (let node = index; node < 2 * this.#labels - 2; node = this.#above[node]!) path.push(this.#above[node]!)
    let score = 0
    for (let i = path.length - 1; i > 0; i--) {
      const right = this.#probabilityOfRight(path[i]!)
      score = Math.fround(score + logOf(path[i - 1] === this.#right[path[i]!] ? right : Math.fround(1 - right)))
    }
    return probabilityOf(score)
  }

  /** The label that `#search` would find first; -1 if there's none. It needs no logarithms, and turns to the likelier child first. */
  #bestLabel (): number {
    this.#found = -1
    this.#most = LEAST
    this.#descend(2 * this.#labels - 2, 1)
    return this.#found
  }

  #descend (node: number, product: number): void {
    if (product < this.#most) return
    if (node < this.#labels) {
      // Of equal ones the search keeps the one that it meets last.
      if (product > this.#most || this.#found === -1 || this.#places[node]! > this.#places[this.#found]!) this.#found = node
      this.#most = product
      return
    }
    const right = this.#probabilityOfRight(node)
    const ofRight = product * (right + LEAST)
    const ofLeft = product * (1 - right + LEAST)
    if (right > 0.5) this.#descend(this.#right[node]!, ofRight)
    this.#descend(this.#left[node]!, ofLeft)
    if (right <= 0.5) this.#descend(this.#right[node]!, ofRight)
  }

  #search (node: number, score: number, best: Best): void {
    if (score < LEAST_LOG || best.isBeyond(score)) return
    if (node < this.#labels) {
      best.add(node, score)
      return
    }
    const right = this.#probabilityOfRight(node)
    this.#search(this.#left[node]!, Math.fround(score + logOf(Math.fround(1 - right))), best)
    this.#search(this.#right[node]!, Math.fround(score + logOf(right)), best)
  }

  #probabilityOfRight (node: number): number {
    const dot = this.#rows.dot(node - this.#labels, this.#vector)
    return Math.fround(1 / Math.fround(1 + Math.fround(Math.exp(-dot))))
  }
}
