import type { CharacterMerges } from '../../bpe/sentencepiece-tables.ts'
import type { Bpe, Pieces } from './model.ts'

/**
 * What a BPE model merges, as the kernel takes it; undefined for a model that the kernel encodes otherwise: with
 * `ignore_merges`, where bytes or unknown characters are merged, where unknown characters aren't fused, or where bytes
 * that are needed have no pieces.
 */
export function kernelTokens (pieces: Pieces, algorithm: Bpe): CharacterMerges | undefined {
  const { byteIds, byId, unkId } = pieces
  const { fusesUnknown, merges, wholeWords } = algorithm
  const isKnown = byteIds === undefined ? fusesUnknown && unkId !== -1 : hasAllBytes(byteIds, pieces.ids)
  if (!isKnown || wholeWords || hasAny(merges, [unkId, ...byteIds ?? []])) return undefined
  const tokens: string[] = []
  const ids: Array<number | readonly number[]> = []
  const places = new Int32Array(byId.length).fill(-1)
  for (const [id, piece] of byId.entries()) {
    if (piece === undefined || piece === '' || piece.includes(' ')) continue // spaces are U+2581 in all texts
    places[id] = tokens.push(inTexts(piece)) - 1
    ids.push(id)
  }
  const known = new Set(tokens)
  for (const character of new Set(tokens.join(''))) {
    if (known.has(character)) continue
    tokens.push(character)
    ids.push(byteIds === undefined
      ? unkId
      : Array.from(Buffer.from(character === ' ' ? '\u2581' : character), byte => byteIds[byte]!))
  }
  const placed = placedMerges(merges, places)
  return { tokens, ids, ties: undefined, merges: placed, byteIds, unkId, escapeWhitespaces: true, symbols: new Map() }
}

function inTexts (piece: string): string {
  return piece.replaceAll('\u2581', ' ')
}

/** Whether characters that aren't pieces always have bytes that are. Bytes of ASCII are characters by themselves. */
function hasAllBytes (byteIds: Int32Array, ids: ReadonlyMap<string, number>): boolean {
  return byteIds.every((id, byte) => id !== -1 || (byte < 0x80 && ids.has(String.fromCharCode(byte))))
}

function hasAny (merges: Int32Array, ids: readonly number[]): boolean {
  const searched = new Set(ids)
  return merges.some(id => searched.has(id))
}

/** The merges of tokens that have places. @param places by id, -1 where there is none */
function placedMerges (merges: Int32Array, places: Int32Array): Int32Array {
  const placed = new Int32Array(merges.length)
  let end = 0
  for (let at = 0; at < merges.length; at += 3) {
    const [left, right, merged] = [places[merges[at]!]!, places[merges[at + 1]!]!, places[merges[at + 2]!]!]
    if (left === -1 || right === -1 || merged === -1) continue
    placed[end++] = left
    placed[end++] = right
    placed[end++] = merged
  }
  return placed.slice(0, end)
}
