import { buildDoubleArray } from '../../sentencepiece/double-array.ts'
import { UNKNOWN_PENALTY } from '../../sentencepiece/lexicon.ts'
import { byteString } from '../../sentencepiece/utf8.ts'
import type { Pieces, Unigram } from './model.ts'

/** What a segmentation is searched with. Threads share its memory. */
export interface UnigramTables {
  /** A trie of the pieces with their ids. */
  readonly units: Uint32Array
  readonly values: Int32Array
  /** By id. */
  readonly scores: Float64Array
  readonly byteIds: Int32Array | undefined
  readonly unkId: number
  /** What an unknown character adds to a sum. */
  readonly unkScore: number
}

/** @throws Error for pieces that are too many for a trie */
export function unigramTables ({ ids, byteIds, unkId }: Pieces, { scores }: Unigram): UnigramTables {
  const keys = new Map<string, number>()
  for (const [piece, id] of ids) if (piece !== '') keys.set(byteString(piece), id)
  const { units, values } = buildDoubleArray(keys)
  const least = scores.reduce((least, score) => Math.min(least, score), Infinity)
  return {
    units: shared(units, Uint32Array),
    values: shared(values, Int32Array),
    scores: shared(scores, Float64Array),
    byteIds,
    unkId,
    unkScore: least - UNKNOWN_PENALTY
  }
}

type Numbers = Uint32Array | Int32Array | Float64Array

/** A copy in memory that threads share. */
function shared<T extends Numbers> (numbers: T, Kind: new (memory: SharedArrayBuffer) => T): T {
  const copy = new Kind(new SharedArrayBuffer(numbers.byteLength))
  copy.set(numbers)
  return copy
}
