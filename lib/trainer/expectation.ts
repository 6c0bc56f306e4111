import { LENGTH_BITS, LENGTH_MASK, type Lattice } from './lattice.ts'
import { renumberWord } from './renumber.ts'

/** Probabilities below this may have lost digits. `expectLong` is used for words with such a probability. */
const LEAST = 1e-250

/** Longer words, in characters, mostly have probabilities below `LEAST`. */
const SHORT = 200

/** A value with the exponent e is the value times `UNIT ** e`. */
const UNIT = 2 ** -200

/** Buffers for the forward and backward probabilities of a word. */
interface Buffers {
  readonly alpha: Float64Array
  readonly beta: Float64Array
  readonly alphaExponents: Int32Array
  readonly betaExponents: Int32Array
}

/** @param longest length of the longest word in characters */
function buffersFor (longest: number): Buffers {
  return {
    alpha: new Float64Array(longest + 1),
    beta: new Float64Array(longest + 1),
    alphaExponents: new Int32Array(longest + 1),
    betaExponents: new Int32Array(longest + 1)
  }
}

/**
 * Computes how often each piece is expected in a part of the text, over all segmentations of each word by their
 * probabilities (`Lattice::PopulateMarginal` in src/unigram_model.cc of SentencePiece 0.1.97; the forward-backward
 * algorithm as in Rabiner, "A Tutorial on Hidden Markov Models", 1989). Most words are short enough for plain doubles.
 *
 * @param size number of pieces
 * @param isStale whether pieces were renumbered since the edges were last visited
 * @returns the log probability of the part
 */
export function expectPart (lattice: Lattice, part: number, size: number, isStale: boolean): number {
  const { wordStarts, counts, partStarts, longest } = lattice
  const sums = lattice.sums.subarray(part * (size + 1), (part + 1) * (size + 1))
  sums.fill(0)
  const buffers = buffersFor(longest)
  let sum = 0
  let next = lattice.edgeStarts[wordStarts[partStarts[part]!]!]!
  for (let word = partStarts[part]!; word < partStarts[part + 1]!; word++) {
    const from = wordStarts[word]!
    const to = wordStarts[word + 1]! - 1
    const count = counts[word]!
    if (isStale) next = renumberWord(lattice, from, to, next)
    const probability = to - from > SHORT ? 0 : expectShort(lattice, sums, buffers, from, to, count)
    sum += count * (probability > 0 ? Math.log(probability) : expectLong(lattice, sums, buffers, from, to, count))
  }
  return sum
}

/** @returns the probability of the word; 0 if it is too small, and nothing was added to the sums */
function expectShort (
  lattice: Lattice, sums: Float64Array, { alpha, beta }: Buffers, from: number, to: number, count: number
): number {
  const { edges, edgeStarts, probabilities } = lattice
  const length = to - from
  for (let i = 1; i <= length; i++) alpha[i] = 0
  alpha[0] = 1
  let edge = edgeStarts[from]!
  for (let i = 0; i < length; i++) {
    const here = alpha[i]!
    const end = edgeStarts[from + i + 1]!
    for (; edge < end; edge++) {
      const value = edges[edge]!
      alpha[i + (value & LENGTH_MASK)]! += here * probabilities[value >>> LENGTH_BITS]!
    }
  }
  const probability = alpha[length]!
  if (probability < LEAST) return 0
  beta[length] = count / probability
  edge--
  for (let i = length - 1; i >= 0; i--) {
    const here = alpha[i]!
    const start = edgeStarts[from + i]!
    let sum = 0
    for (; edge >= start; edge--) {
      const value = edges[edge]!
      const piece = value >>> LENGTH_BITS
      const rest = probabilities[piece]! * beta[i + (value & LENGTH_MASK)]!
      sum += rest
      sums[piece]! += here * rest
    }
    beta[i] = sum
  }
  return probability
}

/**
 * The same for words whose probabilities are too small for doubles: each value has an exponent in another array.
 *
 * @returns the log probability of the word
 */
function expectLong (
  lattice: Lattice, sums: Float64Array, buffers: Buffers, from: number, to: number, count: number
): number {
  const { edges, edgeStarts, probabilities } = lattice
  const { alpha, beta, alphaExponents, betaExponents } = buffers
  const length = to - from
  for (let i = 0; i <= length; i++) alpha[i] = beta[i] = alphaExponents[i] = betaExponents[i] = 0
  alpha[0] = beta[length] = 1
  for (let i = 0; i < length; i++) {
    rescale(alpha, alphaExponents, i)
    for (let edge = edgeStarts[from + i]!; edge < edgeStarts[from + i + 1]!; edge++) {
      const value = edges[edge]!
      const end = i + (value & LENGTH_MASK)
      const reached = alpha[i]! * probabilities[value >>> LENGTH_BITS]!
      add(alpha, alphaExponents, end, reached, alphaExponents[i]!)
    }
  }
  rescale(alpha, alphaExponents, length)
  const probability = alpha[length]!
  const exponent = alphaExponents[length]!
  for (let i = length - 1; i >= 0; i--) {
    for (let edge = edgeStarts[from + i]!; edge < edgeStarts[from + i + 1]!; edge++) {
      const value = edges[edge]!
      const piece = value >>> LENGTH_BITS
      const end = i + (value & LENGTH_MASK)
      const rest = probabilities[piece]! * beta[end]!
      add(beta, betaExponents, i, rest, betaExponents[end]!)
      const over = alphaExponents[i]! + betaExponents[end]! - exponent
      sums[piece]! += count * (alpha[i]! * rest / probability) * (over === 0 ? 1 : UNIT ** over)
    }
    rescale(beta, betaExponents, i)
  }
  return Math.log(probability) + exponent * Math.log(UNIT)
}

/** Raises the exponent of a value that has become too small. */
function rescale (values: Float64Array, exponents: Int32Array, at: number): void {
  while (values[at]! < UNIT) {
    values[at]! /= UNIT
    exponents[at]!++
  }
}

function add (values: Float64Array, exponents: Int32Array, at: number, value: number, exponent: number): void {
  const own = exponents[at]!
  if (values[at] === 0 || exponent === own) {
    values[at]! += value
    exponents[at] = exponent
  } else if (exponent > own) values[at]! += value * UNIT ** (exponent - own)
  else {
    values[at] = values[at]! * UNIT ** (own - exponent) + value
    exponents[at] = exponent
  }
}
