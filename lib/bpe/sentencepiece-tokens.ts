import { idsOfBytes } from '../sentencepiece/bpe-encoder.ts'
import { BpePieces } from '../sentencepiece/bpe-pieces.ts'
import type { SentencePieceVersion } from '../sentencepiece/lexicon.ts'
import type { Piece, SentencePieceModel } from '../sentencepiece/model.ts'

/** What a SentencePiece BPE model merges. */
export interface MergeTokens {
  /** Pieces in the order of their scores, then characters. */
  readonly tokens: readonly string[]
  /** Of each token: what it is encoded to. */
  readonly ids: ReadonlyArray<readonly number[]>
  /** Of each token: the first whose score is the same; undefined where no two scores are. */
  readonly ties: Uint32Array | undefined
}

/**
 * The tokens of a model; undefined if an unused piece can be split in several ways, since which one it is depends on
 * the text as a whole.
 */
export function mergeTokens (model: SentencePieceModel, version: SentencePieceVersion): MergeTokens | undefined {
  const inTexts = model.pieces.filter(piece => isInTexts(piece, model))
  const merged = inTexts.filter(({ piece, type }) => (type === 'normal' || type === 'unused') && !isCharacter(piece))
    .sort((a, b) => b.score - a.score)
  const single = inTexts.filter(({ piece }) => isCharacter(piece))
  const characters = [...new Set([...single, ...merged].flatMap(({ piece }) => Array.from(piece)))]
  const tokens = [...merged.map(({ piece }) => piece), ...characters]
  const pieces = new BpePieces(model, version)
  const ids = idsOfCharacters(characters, model, pieces)
  const known = new Set(tokens)
  for (const { piece, type } of merged.toSorted((a, b) => a.piece.length - b.piece.length)) {
    const [split, other] = type === 'unused' ? splitsOf(piece, known) : []
    if (other !== undefined) return undefined
    ids.set(piece, split?.flatMap(part => ids.get(part)!) ?? [pieces.idOf(piece)])
  }
  return { tokens, ids: tokens.map(token => ids.get(token)!), ties: tiesOf(merged, tokens.length) }
}

/** Where spaces are escaped, a piece with a space of another kind is in no normalized text. */
export function isInTexts ({ piece }: Piece, { normalizer }: SentencePieceModel): boolean {
  return !normalizer.escapeWhitespaces || !piece.includes(' ')
}

function isCharacter (piece: string): boolean {
  return piece.length === String.fromCodePoint(piece.codePointAt(0)!).length
}

function idsOfCharacters (
  characters: readonly string[],
  model: SentencePieceModel,
  pieces: BpePieces
): Map<string, readonly number[]> {
  const byteIds = idsOfBytes(model)
  return new Map(characters.map(character => {
    const id = pieces.idOf(character)
    const isUnknown = id === model.unkId && byteIds !== undefined
    return [character, isUnknown ? Array.from(Buffer.from(character), byte => byteIds[byte]!) : [id]]
  }))
}

/** Into which two tokens a piece can be split. */
function splitsOf (piece: string, tokens: ReadonlySet<string>): Array<readonly [left: string, right: string]> {
  const cuts = Array.from({ length: piece.length - 1 }, (_, at) => at + 1)
  return cuts.map(cut => [piece.slice(0, cut), piece.slice(cut)] as const).filter(parts => parts.every(part => tokens.has(part)))
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
