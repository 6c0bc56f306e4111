import { Best } from './best.ts'
import { LEAST, type LabelScores, type Scored, logOf, probabilityOf } from './label-scores.ts'
import type { Rows } from './matrix.ts'
import { DamagedModel } from './model-file.ts'

/** Below this score, the logarithm of what fastText adds to probabilities, the search for labels ends. */
const MIN_LOG = logOf(0)

/** The count of a node that hasn't been created yet. */
const NO_COUNT = 1e15

/** A tree of labels. Its nodes are numbered. */
export interface Tree {
  readonly left: Int32Array
  readonly right: Int32Array
  /** The positions of the leaves, from left to right. */
  readonly places: Int32Array
}

/** The kernel's search for the best label of a vector that it has computed. */
export interface TreeKernel {
  readonly vector: Float32Array
  /** The probabilities of right children, by node, as far as the search has computed them. */
  readonly rights: Float32Array
  readonly bestLabel: () => number
}

/**
 * Scores of models with hierarchical softmax. Labels are the leaves of a Huffman tree, and the probability of a label
 * is the product of the probabilities along its path.
 *
 * The nodes are numbered: first the leaves in the order of the labels, then the inner nodes; the root is last.
 */
export class TreeScores implements LabelScores {
  readonly #rows: Rows
  readonly #labels: number
  readonly #left: Int32Array // children of inner nodes
  readonly #right: Int32Array
  readonly #above: Int32Array
  readonly #places: Int32Array // positions of leaves, from left to right
  readonly #rights: Float32Array // probabilities of inner nodes' right children, if known
  readonly #nodes: Int32Array // nodes to visit, and their probabilities
  readonly #products: Float64Array
  #vector: Float32Array = new Float32Array()
  #kernel: TreeKernel | undefined

  /**
   * @param rows of the inner nodes
   * @param counts how often each label occurred in training, in the model's order, most frequent first
   * @throws DamagedModel for invalid counts
   */
  constructor (rows: Rows, counts: readonly number[]) {
    this.#rows = rows
    this.#labels = counts.length
    const wrong = counts.findIndex(count => !(count >= 1 && count < NO_COUNT))
    if (wrong !== -1) {
      throw new DamagedModel(`label ${wrong} occurs ${counts[wrong]} times in training, expected once or more`)
    }
    const nodes = 2 * counts.length - 1
    this.#left = new Int32Array(nodes)
    this.#right = new Int32Array(nodes)
    this.#above = new Int32Array(nodes)
    const sizes = Float64Array.from({ length: nodes }, (_, i) => counts[i] ?? NO_COUNT)
    let leaf = counts.length - 1 // the next leaf, rarest first
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
    this.#rights = new Float32Array(nodes)
    this.#nodes = new Int32Array(nodes + 1)
    this.#products = new Float64Array(nodes + 1)
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

  get tree (): Tree {
    return { left: this.#left, right: this.#right, places: this.#places }
  }

  /** @param kernel searches for the vectors that it has computed itself */
  use (kernel: TreeKernel | undefined): void {
    this.#kernel = kernel
  }

  take (vector: Float32Array): boolean {
    this.#vector = vector
    return true
  }

  best (k: number): Scored[] {
    if (k === 1) {
      const kernel = this.#kernel?.vector === this.#vector ? this.#kernel : undefined
      const index = kernel === undefined ? this.#bestLabel() : kernel.bestLabel()
      return index === -1 ? [] : [{ index, probability: this.#alongPath(index, kernel?.rights) }]
    }
    const best = new Best(k)
    this.#search(2 * this.#labels - 2, 0, best)
    return best.sorted().map(({ score, index }) => ({ index, probability: probabilityOf(score) }))
  }

  probability (index: number): number {
    for (let node = this.#above[index]!; node > 0; node = this.#above[node]!) {
      this.#rights[node] = this.#probabilityOfRight(node)
    }
    return this.#alongPath(index)
  }

  /** The probability of a leaf. Those of the nodes above it must be known. */
  #alongPath (index: number, rights = this.#rights): number {
    const path = this.#nodes // reused, because no node is waiting
    const root = 2 * this.#labels - 2
    let length = 0
    for (let node = index; node < root; node = this.#above[node]!) path[length++] = node
    let score = 0
    for (let above = root; length > 0; above = path[length]!) {
      const right = rights[above]!
      score = Math.fround(score + logOf(path[--length] === this.#right[above] ? right : Math.fround(1 - right)))
    }
    return probabilityOf(score)
  }

  /**
   * The label that `#search` would find first; -1 if there is none. It needs no logarithms, and visits the likelier
   * child first, so most of the tree is skipped.
   */
  #bestLabel (): number {
    const nodes = this.#nodes
    const products = this.#products
    let found = -1
    let most = LEAST
    nodes[0] = 2 * this.#labels - 2
    products[0] = 1
    for (let waiting = 1; waiting > 0;) {
      const node = nodes[--waiting]!
      const product = products[waiting]!
      if (product < most) continue
      if (node < this.#labels) {
        // If candidates are equal, the search keeps the last one.
        if (product > most || found === -1 || this.#places[node]! > this.#places[found]!) found = node
        most = product
        continue
      }
      const right = this.#rights[node] = this.#probabilityOfRight(node)
      const likelier = right > 0.5 ? 1 : 0 // visited first
      nodes[waiting + likelier] = this.#right[node]!
      products[waiting + likelier] = product * (right + LEAST)
      nodes[waiting + 1 - likelier] = this.#left[node]!
      products[waiting + 1 - likelier] = product * (1 - right + LEAST)
      waiting += 2
    }
    return found
  }

  #search (node: number, score: number, best: Best): void {
    if (score < MIN_LOG || best.isBeyond(score)) return
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
