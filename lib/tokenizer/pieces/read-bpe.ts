import { type JsonObject, booleanIn, objectIn, shown } from '../../bpe/json-fields.ts'
import { mergesOf } from '../../bpe/read-merges.ts'
import { checkBpe, idsOf } from '../../bpe/read-tokenizer-json.ts'
import { byteIdsOf } from './read-bytes.ts'
import type { Bpe, Pieces } from './model.ts'

/**
 * Reads a BPE model.
 *
 * @param tokens how many there are in the file
 * @throws Error for one that is damaged, or that needs what sluice doesn't know
 */
export function readBpe (
  model: JsonObject, tokens: number | undefined
): { readonly pieces: Pieces, readonly algorithm: Bpe } {
  checkBpe(model)
  const ids = idsOf(objectIn(model, 'vocab'), tokens)
  const byId: Array<string | undefined> = []
  for (const [token, id] of ids) {
    if (byId[id] !== undefined) throw new Error(`two tokens have the id ${id}`)
    if (!token.isWellFormed()) throw new Error(`the token ${shown(token)} is half a surrogate pair`)
    byId[id] = token
  }
  return {
    pieces: { byId, ids, byteIds: byteIdsOf(model, ids), unkId: unknownOf(model, ids) },
    algorithm: {
      type: 'bpe',
      merges: mergesOf(model, ids),
      fusesUnknown: booleanIn(model, 'fuse_unk', false),
      wholeWords: booleanIn(model, 'ignore_merges', false)
    }
  }
}

function unknownOf ({ unk_token: name = null }: JsonObject, ids: ReadonlyMap<string, number>): number {
  if (name === null) return -1
  const id = typeof name === 'string' ? ids.get(name) : undefined
  if (id === undefined) throw new Error(`its unk_token is ${shown(name)}, which is not in the vocabulary`)
  return id
}
