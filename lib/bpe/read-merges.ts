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
  const merges = listIn(model, 'merges')
  const triples = new Int32Array(3 * merges.length)
  let end = 0
  for (const merge of merges) {
    if (typeof merge === 'string' && merge.startsWith(VERSION)) continue
    const [left, right] = pairOf(merge, end / 3)
    triples[end++] = ids.get(left) ?? missing(left, end)
    triples[end++] = ids.get(right) ?? missing(right, end)
    triples[end++] = ids.get(left + right) ?? missing(left + right, end)
  }
  return triples.slice(0, end)
}

function missing (token: string, end: number): never {
  throw new Error(`merge ${Math.floor((end - 1) / 3)} needs ${shown(token)}, which is not in the vocabulary`)
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
