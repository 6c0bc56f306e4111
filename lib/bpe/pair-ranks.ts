import type { BpeModel } from './model.ts'

/** Ids are smaller, so that two of them are a number that is exact. */
export const MOST_IDS = 2 ** 21

/** Which pairs of tokens merge. */
export interface PairRanks {
  /** The rank of the merge of two tokens, lower first; undefined where they don't merge. */
  readonly rankOf: (left: number, right: number) => number | undefined
  /** The id that the merge of a rank makes. */
  readonly mergedId: (rank: number) => number
}

/** The pairs of a model in a map. */
export function pairRanks ({ vocabulary, merges }: Pick<BpeModel, 'vocabulary' | 'merges'>): PairRanks {
  if (merges === undefined) {
    const ranks = new Map<number, number>()
    vocabulary.tokens().forEach((token, id) => {
      for (let cut = 1; cut < token.length; cut++) {
        const left = vocabulary.idOf(token.slice(0, cut))
        const right = left === undefined ? undefined : vocabulary.idOf(token.slice(cut))
        if (right !== undefined) ranks.set(left! * MOST_IDS + right, id)
      }
    })
    return { rankOf: (left, right) => ranks.get(left * MOST_IDS + right), mergedId: rank => rank }
  }
  return mergeRanks(merges)
}

/** The pairs of merges, three ids each: left, right and what they make. Of equal pairs, the last one counts. */
export function mergeRanks (merges: Int32Array): PairRanks {
  const ranks = new Map<number, number>()
  const merged = new Int32Array(merges.length / 3)
  for (let rank = 0; rank < merged.length; rank++) {
    ranks.set(merges[3 * rank]! * MOST_IDS + merges[3 * rank + 1]!, rank)
    merged[rank] = merges[3 * rank + 2]!
  }
  return { rankOf: (left, right) => ranks.get(left * MOST_IDS + right), mergedId: rank => merged[rank]! }
}
