import { type DoubleArray, buildDoubleArray } from './double-array.ts'
import type { SentencePieceModel } from './model.ts'
import { byteString } from './utf8.ts'

/**
 * How much less an unknown character scores than the least likely piece, as in unigram_model.cc of SentencePiece
 * 0.1.97.
 */
export const UNKNOWN_PENALTY = 10

// Bounds for scores in unigram_model.cc: the largest and the smallest positive normal 32-bit float.
const MAX_FLOAT = (2 - 2 ** -23) * 2 ** 127
const MIN_POSITIVE_FLOAT = 2 ** -126

/**
 * The version whose arithmetic decides between two segmentations with almost equal scores: SentencePiece 0.1.97 (the
 * same up to 0.2.1), or 0.2.2 and 0.2.3.
 */
export type SentencePieceVersion = '0.1.97' | '0.2.2'

/** Scores and totals up to this can be added for all pieces of a text, and the sum is finite. */
export const LARGE = 1e30

const MAX_CHAR_BYTES = 4

/** The data of a unigram model that is needed to find the best segmentation. */
export interface Lexicon {
  /** The pieces that can be chosen, with their ids, as in normalized text: a space is one byte there. */
  readonly trie: DoubleArray
  /** For each id, what it adds to the total, a log probability; for the unknown id, what an unknown character adds. */
  readonly scores: Float64Array
  /** For each id, the number of its bytes in normalized text. */
  readonly lengths: Uint32Array
  /** The maximum of `lengths`. */
  readonly longest: number
  readonly unkId: number
  /** The maximum that a piece adds to the total per byte; 0 if all scores are negative. */
  readonly gain: number
  /**
   * Whether the best segmentation of a text consists of those of its words, each with the space before it. This holds
   * if only the first character of a piece can be a space, if the space itself is a piece, and if sums of scores are
   * finite.
   */
  readonly isSumOfWords: boolean
  readonly version: SentencePieceVersion
}

/** The pieces of a unigram model with their scores. */
export function lexiconOf (model: SentencePieceModel, version: SentencePieceVersion): Lexicon {
  const { pieces, unkId, normalizer: { escapeWhitespaces } } = model
  const normalScores = pieces.filter(({ type }) => type === 'normal').map(({ score }) => score)
  const greatest = normalScores.reduce((most, score) => Math.max(most, score), MIN_POSITIVE_FLOAT)
  const scores = new Float64Array(pieces.length)
  const lengths = new Uint32Array(pieces.length)
  const ids = new Map<string, number>() // by their pieces, a character a byte
  let longest = MAX_CHAR_BYTES
  let gain = 0
  pieces.forEach(({ piece, score, type }, id) => {
    if (type !== 'normal' && type !== 'user_defined') return
    // If spaces are escaped, no normalized text contains a piece with another kind of space.
    if (escapeWhitespaces && piece.includes(' ')) return
    const key = byteString(escapeWhitespaces ? piece.replaceAll('\u2581', ' ') : piece)
    scores[id] = type === 'normal' ? score : scoreOfSymbol(Buffer.byteLength(piece), greatest, version)
    lengths[id] = key.length
    longest = Math.max(longest, key.length)
    gain = Math.max(gain, scores[id] / key.length)
    ids.set(key, id)
  })
  const least = normalScores.reduce((most, score) => Math.min(most, score), MAX_FLOAT)
  scores[unkId] = Math.fround(least - UNKNOWN_PENALTY)
  gain = Math.max(gain, scores[unkId])
  const hasWords = ids.has(' ') && [...ids.keys()].every(key => key.lastIndexOf(' ') <= 0)
  const isSumOfWords = hasWords && scores.every(score => Math.abs(score) <= LARGE)
  return { trie: buildDoubleArray(ids), scores, lengths, longest, unkId, gain, isSumOfWords, version }
}

/**
 * What a user-defined symbol adds, whatever its score in the model.
 *
 * @param bytes of the symbol
 * @param greatest score of a piece
 */
function scoreOfSymbol (bytes: number, greatest: number, version: SentencePieceVersion): number {
  return version === '0.1.97' ? Math.fround(bytes * greatest) - 0.1 : Math.fround(0.1 * (bytes - 1))
}
