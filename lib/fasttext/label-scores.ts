import { Best } from './best.ts'
import type { Rows } from './matrix.ts'
import type { Loss } from './settings.ts'

/** The number of a label, and its probability as computed by fastText. */
export interface Scored {
  readonly index: number
  readonly probability: number
}

/** The scores of labels for the vector of a text. */
export interface LabelScores {
  /**
   * Sets the vector of a text, which the other methods use.
   *
   * @param tolerance relative difference of each score from that of fastText
   * @returns whether the probabilities are still within 1e-4
   */
  take: (vector: Float32Array, tolerance: number) => boolean
  /** The best labels, best first. @param k at least 1 */
  best: (k: number) => Scored[]
  probability: (index: number) => number
}

/** fastText adds this before it takes a logarithm, which makes its probabilities larger, too. */
export const LEAST = 1e-5

/** The logarithm of a probability, as a 32-bit float. */
export function logOf (probability: number): number {
  return Math.fround(Math.log(probability + LEAST))
}

export function probabilityOf (log: number): number {
  return Math.fround(Math.exp(log))
}

/** Scores of models with one row for each label, which are all except those with hierarchical softmax. */
export class FlatScores implements LabelScores {
  readonly #rows: Rows
  readonly #probabilities: Float32Array
  readonly #isSoftmax: boolean

  constructor (rows: Rows, loss: Exclude<Loss, 'hs'>) {
    this.#rows = rows
    this.#probabilities = new Float32Array(rows.count)
    this.#isSoftmax = loss === 'softmax'
  }

  take (vector: Float32Array, tolerance: number): boolean {
    const scores = this.#probabilities
    for (let i = 0; i < scores.length; i++) scores[i] = this.#rows.dot(i, vector)
    if (this.#isSoftmax) softmax(scores)
    else {
      if (tolerance > 0 && scores.some(score => isNearStep(score, tolerance))) return false
      for (let i = 0; i < scores.length; i++) scores[i] = sigmoid(scores[i]!)
    }
    return true
  }

  best (k: number): Scored[] {
    const best = new Best(k)
    for (let i = 0; i < this.#probabilities.length; i++) best.add(i, logOf(this.#probabilities[i]!))
    return best.sorted().map(({ score, index }) => ({ index, probability: probabilityOf(score) }))
  }

  probability (index: number): number {
    return probabilityOf(logOf(this.#probabilities[index]!))
  }
}

/** Replaces scores by their softmax. */
function softmax (scores: Float32Array): void {
  let most = -Infinity
  for (const score of scores) most = Math.max(most, score)
  let sum = 0
  for (let i = 0; i < scores.length; i++) {
    scores[i] = Math.exp(Math.fround(scores[i]! - most))
    sum = Math.fround(sum + scores[i]!)
  }
  for (let i = 0; i < scores.length; i++) scores[i]! /= sum
}

// fastText looks the sigmoid up in a table, which rounds down to one of its steps.
const SIGMOID_END = 8
const STEPS = 32 // for each 1

/** Beyond this, and below minus this, a step changes a probability by less than 1e-4. */
const LAST_LARGE_STEP = 6

function sigmoid (score: number): number {
  if (score < -SIGMOID_END) return 0
  if (score > SIGMOID_END) return 1
  const step = Math.floor(Math.fround(score + SIGMOID_END) * STEPS)
  return Math.fround(1 / (1 + Math.exp(SIGMOID_END - step / STEPS)))
}

/** Whether the exact score may be on the other side of a step of the sigmoid. */
function isNearStep (score: number, tolerance: number): boolean {
  const size = Math.abs(score)
  const nearest = size < LAST_LARGE_STEP ? Math.round(size * STEPS) / STEPS : SIGMOID_END
  return Math.abs(size - nearest) <= tolerance * Math.max(size, 1)
}
