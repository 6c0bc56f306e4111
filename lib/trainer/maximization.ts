import { UNKNOWN_PENALTY } from '../sentencepiece/lexicon.ts'
import { type Lattice, PARTS, UNKNOWN_PIECE } from './lattice.ts'
import { heaviest } from './seeds.ts'

/** Pieces that are expected less often than this are removed. */
const MIN_EXPECTED = 0.5

/**
 * Unknown characters are counted for the first piece, as in SentencePiece 0.1.97, whose unknown piece has the number of
 * the first piece during training.
 */
const FIRST_PIECE = 1

/** The pieces of a model in training, in a lattice. */
export class Pieces {
  readonly lattice: Lattice
  /** Number of pieces. */
  size: number
  /** The lowest score. */
  leastScore = 0
  /** Whether pieces were renumbered since the edges were last visited. */
  isStale = false

  constructor (lattice: Lattice, weights: Float64Array) {
    this.lattice = lattice
    this.size = weights.length
    let total = 0
    for (const weight of weights) total += weight
    for (let piece = 0; piece < weights.length; piece++) {
      lattice.scores[piece + 1] = Math.log(weights[piece]!) - Math.log(total)
    }
    this.#setProbabilities()
  }

  /** Number of pieces with more than one character. */
  get severalCharacters (): number {
    return this.lattice.lengths.subarray(1, this.size + 1).reduce((count, length) => length > 1 ? count + 1 : count, 0)
  }

  /** Adds the sums of all parts, in their order. */
  addUp (): Float64Array {
    const { frequencies, sums } = this.lattice
    const stride = this.size + 1
    for (let piece = 0; piece < stride; piece++) {
      let sum = 0
      for (let part = 0, at = piece; part < PARTS; part++, at += stride) sum += sums[at]!
      frequencies[piece] = sum
    }
    frequencies[FIRST_PIECE]! += frequencies[UNKNOWN_PIECE]!
    frequencies[UNKNOWN_PIECE] = frequencies[FIRST_PIECE]!
    return frequencies
  }

  /**
   * Scores pieces by how often they are expected, and removes those that rarely are. The digamma function lowers the
   * scores of rare pieces (Liang and Klein, "Structured Bayesian Nonparametric Models with Variational Inference",
   * 2007).
   */
  maximize (): void {
    const expected = this.addUp()
    const { numbers, scores } = this.lattice
    let least = 0
    for (let piece = 1; piece <= this.size; piece++) least = Math.max(least, expected[piece]!)
    least = Math.min(least, MIN_EXPECTED) // keeps at least one piece of a tiny text
    let kept = 0
    let total = 0
    for (let piece = 1; piece <= this.size; piece++) {
      const isKept = expected[piece]! >= least
      numbers[piece] = isKept ? ++kept : UNKNOWN_PIECE
      if (isKept) total += expected[piece]!
    }
    const logTotal = digamma(total)
    for (let piece = 1; piece <= this.size; piece++) scores[piece] = digamma(expected[piece]!) - logTotal
    this.#renumber(kept)
  }

  /** Keeps `size` pieces, those with the greatest losses, and all pieces that nothing can replace. */
  prune (size: number): void {
    const { losses, numbers } = this.lattice
    const weights = losses.slice(1, this.size + 1)
    let candidates = 0
    let needed = 0
    for (const loss of weights) {
      if (loss === Infinity) needed++
      if (loss !== -Infinity) candidates++
    }
    const chosen = heaviest(weights, Math.max(needed, Math.min(size, candidates)))
    numbers.fill(UNKNOWN_PIECE, 0, this.size + 1)
    chosen.forEach((piece, i) => { numbers[piece + 1] = i + 1 })
    this.#renumber(chosen.length)
  }

  #renumber (size: number): void {
    const { numbers, places, lengths, scores } = this.lattice
    numbers[UNKNOWN_PIECE] = UNKNOWN_PIECE
    for (let piece = 1; piece <= this.size; piece++) {
      const number = numbers[piece]!
      if (number === UNKNOWN_PIECE) continue
      places[number] = places[piece]!
      lengths[number] = lengths[piece]!
      scores[number] = scores[piece]!
    }
    this.size = size
    this.isStale = true
    this.#setProbabilities()
  }

  #setProbabilities (): void {
    const { scores, probabilities } = this.lattice
    let least = Infinity
    for (let piece = 1; piece <= this.size; piece++) {
      least = Math.min(least, scores[piece]!)
      probabilities[piece] = Math.exp(scores[piece]!)
    }
    this.leastScore = least
    scores[UNKNOWN_PIECE] = least - UNKNOWN_PENALTY
    probabilities[UNKNOWN_PIECE] = Math.exp(scores[UNKNOWN_PIECE])
  }
}

/**
 * The digamma function, the logarithmic derivative of the gamma function, for positive numbers: by its recurrence, and
 * an asymptotic series about x - 1/2.
 */
export function digamma (x: number): number {
  let result = 0
  let y = x
  for (; y < 7; y++) result -= 1 / y
  y -= 0.5
  const square = 1 / (y * y)
  return result + Math.log(y) + square * (1 / 24 - square * (7 / 960 - square * (31 / 8064 - square * 127 / 30720)))
}
