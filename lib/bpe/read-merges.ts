import { type JsonObject, listIn, shown } from './json-fields.ts'

/** Older files have the version of the format among the merges. */
const VERSION = '#version'

/**
 * Reads the `merges` of a BPE model: texts with a space between both tokens, or pairs.
 *
 * @param ids of the vocabulary
 * @returns three ids for each: left, right and what they make
 * @throws Error for one that is damaged, or whose tokens aren't in the vocabulary
 */
export function mergesOf (model: JsonObject, ids: ReadonlyMap<string, number>): Int32Array {
  const merges = listIn(model, 'merges').filter(merge => typeof merge !== 'string' || !merge.startsWith(VERSION))
  const triples = new Int32Array(3 * merges.length)
  let end = 0
  for (const merge of merges) {
    const [left, right] = pairOf(merge, end / 3)
    for (const token of [left, right, left + right]) {
      const id = ids.get(token)
      if (id === undefined) {
        throw new Error(`merge ${Math.floor(end / 3)} needs ${shown(token)}, which is not in the vocabulary`)
      }
      triples[end++] = id
    }
  }
  return triples
}

function pairOf (merge: unknown, rank: number): readonly [string, string] {
  if (typeof merge === 'string') {
    const space = merge.indexOf(' ')
    if (space !== -1 && !merge.includes(' ', space + 1)) return [merge.slice(0, space), merge.slice(space + 1)]
  } else if (Array.isArray(merge) && merge.length === 2) {
    const [left, right] = merge as readonly unknown[]
    if (typeof left === 'string' && typeof right === 'string') return [left, right]
  }
  throw new Error(`merge ${rank} is ${shown(merge)}, expected two tokens`)
}
