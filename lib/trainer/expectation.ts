import { LENGTH_BITS, LENGTH_MASK, type Lattice } from './lattice.ts'
import { renumberWord } from './renumber.ts'

/** Below this a probability may have lost digits, as may those of parts of it: the word is done by `LongWord`. */
const LEAST = 1e-250

/** Words over so many characters mostly have lesser probabilities. */
const SHORT = 200

/** Factor between a value and the same with an exponent one more. */
const UNIT = 2 ** -200

/** Of a word, forwards and backwards. */
interface Room {
  readonly alpha: Float64Array
  readonly beta: Float64Array
  readonly alphaExponents: Int32Array
  readonly betaExponents: Int32Array
}

/** @param longest characters of the longest word */
function roomFor (longest: number): Room {
  return {
    alpha: new Float64Array(longest + 1),
    beta: new Float64Array(longest + 1),
    alphaExponents: new Int32Array(longest + 1),
    betaExponents: new Int32Array(longest + 1)
  }
}

/**
 * How often each piece is expected in a part of the text, over all segmentations of each word by their probabilities
 * (`Lattice::PopulateMarginal` in src/unigram_model.cc of SentencePiece 0.1.97; forward and backward by Rabiner, "A
 * Tutorial on Hidden Markov Models", 1989). Words are short, so that plain doubles are enough for most of them.
 *
 * @param size pieces there are
 * @param isOld whether pieces were numbered anew since edges were last looked at
 * @returns the logarithm of the probability of the part
 */
export function expectPart (lattice: Lattice, part: number, size: number, isOld: boolean): number {
  const { wordStarts, counts, partStarts, longest } = lattice
  const sums = lattice.sums.subarray(part * (size + 1), (part + 1) * (size + 1))
  sums.fill(0)
  const room = roomFor(longest)
  let sum = 0
  let next = lattice.edgeStarts[wordStarts[partStarts[part]!]!]!
  for (let word = partStarts[part]!; word < partStarts[part + 1]!; word++) {
    const from = wordStarts[word]!
    const to = wordStarts[word + 1]! - 1
    const count = counts[word]!
    if (isOld) next = renumberWord(lattice, from, to, next)
    const probability = to - from > SHORT ? 0 : expectShort(lattice, sums, room, from, to, count)
    sum += count * (probability > 0 ? Math.log(probability) : expectLong(lattice, sums, room, from, to, count))
  }
  return sum
}

/** @returns the probability of the word; 0 where nothing was added to the sums, since it is too little */
function expectShort (
  lattice: Lattice, sums: Float64Array, { alpha, beta }: Room, from: number, to: number, count: number
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
 * The same where a double isn't enough: each value has an exponent beside it.
 *
 * @returns the logarithm of the probability
 */
function expectLong (
  lattice: Lattice, sums: Float64Array, room: Room, from: number, to: number, count: number
): number {
  const { edges, edgeStarts, probabilities } = lattice
  const { alpha, beta, alphaExponents, betaExponents } = room
  const length = to - from
  for (let i = 0; i <= length; i++) alpha[i] = beta[i] = alphaExponents[i] = betaExponents[i] = 0
  alpha[0] = beta[length] = 1
  for (let i = 0; i < length; i++) {
    settle(alpha, alphaExponents, i)
    for (let edge = edgeStarts[from + i]!; edge < edgeStarts[from + i + 1]!; edge++) {
      const value = edges[edge]!
      const end = i + (value & LENGTH_MASK)
      const reached = alpha[i]! * probabilities[value >>> LENGTH_BITS]!
      add(alpha, alphaExponents, end, reached, alphaExponents[i]!)
    }
  }
  settle(alpha, alphaExponents, length)
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
    settle(beta, betaExponents, i)
  }
  return Math.log(probability) + exponent * Math.log(UNIT)
}

/** Takes a value that has become small to the next exponent. */
function settle (values: Float64Array, exponents: Int32Array, at: number): void {
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
