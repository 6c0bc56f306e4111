import { SluiceError } from '../errors.ts'
import type { Piece } from '../sentencepiece/model.ts'
import { byteString } from '../sentencepiece/utf8.ts'
import type { Alphabet } from './alphabet.ts'
import type { TrainSettings } from './options.ts'

/** The difference between the score of a removed character and that of the previous one. */
const STEP = 0.0001

/** The texts of pieces with their scores. */
export type ScoredPiece = Pick<Piece, 'piece' | 'score'>

/** The result of training. */
export interface Trained {
  readonly pieces: readonly ScoredPiece[]
  readonly leastScore: number
  /** Maximum number of pieces that a model of this text can have. */
  readonly most: number
}

/** The requested number of pieces, and whether fewer are an error. */
export type WantedSize = Pick<TrainSettings, 'vocabSize' | 'hardVocabLimit'>

/**
 * The pieces of a model: first those that don't depend on the text, then all characters and the best other pieces, by
 * score, or by their bytes if scores are equal (`Trainer::FinalizeSentencePieces` in src/unigram_model_trainer.cc of
 * SentencePiece 0.1.97).
 *
 * @throws SluiceError `ERR_OPTION` for too few pieces, with the maximum number
 */
export function finalPieces (
  metas: readonly Piece[], { characters }: Alphabet, trained: Trained, { vocabSize, hardVocabLimit }: WantedSize
): Piece[] {
  const { leastScore, most } = trained
  const scores = new Map(trained.pieces.map(({ piece, score }) => [piece, score]))
  const taken = new Map<string, number>()
  let removed = 0
  for (const { codePoint } of characters) {
    const character = String.fromCodePoint(codePoint)
    taken.set(character, scores.get(character) ?? leastScore + STEP * removed++)
  }
  const wanted = vocabSize - metas.length
  for (const { piece, score } of sorted(trained.pieces)) {
    if (taken.size === wanted) break
    taken.set(piece, score)
  }
  const rounded = [...taken].map(([piece, score]) => ({ piece, score: Math.fround(score) }))
  const normal = sorted(rounded).map(({ piece, score }) => ({ piece, score, type: 'normal' as const }))
  const pieces = [...metas, ...normal]
  if (!hardVocabLimit || pieces.length >= vocabSize) return pieces
  const why = shortage(pieces.length, most, vocabSize)
  throw new SluiceError('ERR_OPTION', `train.vocabSize: ${why}, or allow fewer without \`hardVocabLimit\``)
}

/**
 * Why there are too few pieces. Pruning removes all pieces that are in no best segmentation, even if too few remain.
 */
function shortage (found: number, most: number, wanted: number): string {
  if (most < wanted) return `the text has at most ${most} pieces, expected ${wanted}; use ${most}`
  return `${found} of the text's ${most} pieces are left after pruning, expected ${wanted}; ` +
    `use ${most} (none is pruned then) or a smaller size`
}

function sorted (pieces: readonly ScoredPiece[]): ScoredPiece[] {
  return pieces
    .map(({ piece, score }) => ({ piece, score, bytes: byteString(piece) }))
    .sort((a, b) => b.score - a.score || (a.bytes < b.bytes ? -1 : 1))
    .map(({ piece, score }) => ({ piece, score }))
}
