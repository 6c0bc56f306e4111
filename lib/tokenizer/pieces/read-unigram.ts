import { type JsonObject, listIn, shown } from '../../bpe/json-fields.ts'
import type { Pieces, Unigram } from './model.ts'
import { byteIdsOf } from './read-bytes.ts'
import { scoresIn } from './scores.ts'

/** Reads a Unigram model. @throws Error for one that is damaged, or that needs what sluice doesn't know */
export function readUnigram (model: JsonObject, json: Uint8Array): {
  readonly pieces: Pieces
  readonly algorithm: Unigram
} {
  const vocab = listIn(model, 'vocab')
  const ids = new Map<string, number>()
  const byId: string[] = []
  const values: number[] = []
  for (const [id, entry] of vocab.entries()) {
    const [piece, score] = entryOf(entry, id)
    if (ids.has(piece)) throw new Error(`its vocab has the piece ${shown(piece)} twice`)
    ids.set(piece, id)
    byId.push(piece)
    values.push(score)
  }
  const { unk_id: unkId } = model
  if (typeof unkId !== 'number' || byId[unkId] === undefined) {
    throw new Error(`its unk_id is ${shown(unkId)}, expected the id of one of its ${vocab.length} pieces`)
  }
  return {
    pieces: { byId, ids, byteIds: byteIdsOf(model, ids), unkId },
    algorithm: { type: 'unigram', scores: scoresIn(json, values) }
  }
}

function entryOf (entry: unknown, id: number): readonly [string, number] {
  if (Array.isArray(entry) && entry.length === 2) {
    const [piece, score] = entry as readonly unknown[]
    if (typeof piece === 'string' && typeof score === 'number') {
      if (!piece.isWellFormed() || piece.includes('\0')) {
        throw new Error(`the piece ${shown(piece)} has half a surrogate pair or a NUL`)
      }
      return [piece, score]
    }
  }
  throw new Error(`piece ${id} is ${shown(entry)}, expected a text and a score`)
}
