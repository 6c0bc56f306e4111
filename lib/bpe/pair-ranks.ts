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
  const ranks = new Map<number, number>()
  const rankOf = (left: number, right: number): number | undefined => ranks.get(left * MOST_IDS + right)
  if (merges === undefined) {
    vocabulary.tokens().forEach((token, id) => {
      for (let cut = 1; cut < token.length; cut++) {
        const left = vocabulary.idOf(token.slice(0, cut))
        const right = left === undefined ? undefined : vocabulary.idOf(token.slice(cut))
        if (right !== undefined) ranks.set(left! * MOST_IDS + right, id)
      }
    })
    return { rankOf, mergedId: rank => rank }
  }
  const merged = new Int32Array(merges.length / 3)
  for (let rank = 0; rank < merged.length; rank++) {
    ranks.set(merges[3 * rank]! * MOST_IDS + merges[3 * rank + 1]!, rank)
    merged[rank] = merges[3 * rank + 2]!
  }
  return { rankOf, mergedId: rank => merged[rank]! }
}
