import { idsOfBytes } from '../sentencepiece/bpe-encoder.ts'
import { hasId } from '../sentencepiece/bpe-pieces.ts'
import type { SentencePieceVersion } from '../sentencepiece/lexicon.ts'
import type { Piece, SentencePieceModel } from '../sentencepiece/model.ts'

/** What a SentencePiece BPE model merges. */
export interface MergeTokens {
  /** Pieces in the order of their scores, then characters. */
  readonly tokens: readonly string[]
  /** The id of each token, or what it is encoded to if that isn't one id. */
  readonly ids: ReadonlyArray<number | readonly number[]>
  /** Of each token: the first whose score is the same; undefined where no two scores are. */
  readonly ties: Uint32Array | undefined
}

/** A piece of several characters that two tokens can be merged to. */
interface Merged extends Piece {
  readonly id: number
}

/**
 * The tokens of a model; undefined if an unused piece can be split in several ways, since which one it is depends on
 * the text as a whole.
 */
export function mergeTokens (model: SentencePieceModel, version: SentencePieceVersion): MergeTokens | undefined {
  const merged: Merged[] = []
  const characters = new Map<string, number>() // with their ids
  for (const [id, piece] of model.pieces.entries()) {
    const { piece: text, score, type } = piece
    if (!isInTexts(text, model)) continue
    if (isCharacter(text)) characters.set(text, hasId(piece, version) ? id : model.unkId)
    else if (type === 'normal' || type === 'unused') merged.push({ piece: text, score, type, id })
  }
  for (const { piece } of merged) {
    for (const character of piece) if (!characters.has(character)) characters.set(character, model.unkId)
  }
  merged.sort((a, b) => b.score - a.score)
  const characterIds = withBytes(characters, model)
  const unused = merged.some(({ type }) => type === 'unused') ? usedParts(merged, characterIds) : NONE
  if (unused === undefined) return undefined
  return {
    tokens: [...merged.map(({ piece }) => piece), ...characters.keys()],
    ids: [...merged.map(({ piece, id }) => unused.get(piece) ?? id), ...characterIds.values()],
    ties: tiesOf(merged, merged.length + characters.size)
  }
}

type IdsByText = ReadonlyMap<string, number | readonly number[]>

const NONE: IdsByText = new Map()

/** Where spaces are escaped, a piece with a space of another kind is in no normalized text. */
export function isInTexts (piece: string, { normalizer }: SentencePieceModel): boolean {
  return !normalizer.escapeWhitespaces || !piece.includes(' ')
}

function isCharacter (piece: string): boolean {
  return piece.length === 1 || (piece.length === 2 && piece.codePointAt(0)! > 0xffff)
}

/** What characters are encoded to: unknown ones to their bytes, if the model has pieces for them. */
function withBytes (characters: ReadonlyMap<string, number>, model: SentencePieceModel): IdsByText {
  const byteIds = idsOfBytes(model)
  if (byteIds === undefined) return characters
  return new Map(Array.from(characters, ([character, id]) =>
    [character, id === model.unkId ? Array.from(Buffer.from(character), byte => byteIds[byte]!) : id]))
}

/** What unused pieces are encoded to; undefined if that of one isn't always the same. */
function usedParts (merged: readonly Merged[], characterIds: IdsByText): IdsByText | undefined {
  const ids = new Map(characterIds)
  for (const { piece, id } of merged) ids.set(piece, id)
  const unused = merged.filter(({ type }) => type === 'unused').sort((a, b) => a.piece.length - b.piece.length)
  for (const { piece } of unused) { // the shorter ones first, which others are made of
    const [parts, others] = splitsOf(piece, ids)
    if (others !== undefined) return undefined
    if (parts !== undefined) ids.set(piece, parts.flatMap(part => ids.get(part)!))
  }
  return ids
}

/** Into which two tokens a piece can be split. */
function splitsOf (piece: string, tokens: IdsByText): Array<readonly [left: string, right: string]> {
  const cuts = Array.from({ length: piece.length - 1 }, (_, at) => at + 1)
  return cuts.map(cut => [piece.slice(0, cut), piece.slice(cut)] as const)
    .filter(parts => parts.every(part => tokens.has(part)))
}

function tiesOf (merged: readonly Piece[], size: number): Uint32Array | undefined {
  const ties = Uint32Array.from({ length: size }, (_, token) => token)
  let areTies = false
  for (let token = 1; token < merged.length; token++) {
    if (merged[token]!.score !== merged[token - 1]!.score) continue
    ties[token] = ties[token - 1]!
    areTies = true
  }
  return areTies ? ties : undefined
}
