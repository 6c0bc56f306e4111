import { SluiceError } from '../errors.ts'
import type { Piece } from '../sentencepiece/model.ts'
import { byteString } from '../sentencepiece/utf8.ts'
import type { Alphabet } from './alphabet.ts'
import type { TrainSettings } from './options.ts'

/** By so much each character that was given up is more likely than the one before. */
const STEP = 0.0001

/** Scored texts of pieces. */
export type ScoredPiece = Pick<Piece, 'piece' | 'score'>

/** What came of training. */
export interface Trained {
  readonly pieces: readonly ScoredPiece[]
  readonly leastScore: number
  /** How many pieces there can be in all, of any size asked for. */
  readonly most: number
}

/** How many pieces are asked for, and whether fewer are a mistake. */
export type WantedSize = Pick<TrainSettings, 'vocabSize' | 'hardVocabLimit'>

/**
 * The pieces of a model: those that stand first, then characters and the best of the others by their scores, equal ones
 * by their bytes (`Trainer::FinalizeSentencePieces` in src/unigram_model_trainer.cc of SentencePiece 0.1.97).
 *
 * @throws SluiceError `ERR_OPTION` where there are fewer than there have to be, with how many there can be
 */
export function finalPieces (
  metas: readonly Piece[], { characters }: Alphabet, trained: Trained, { vocabSize, hardVocabLimit }: WantedSize
): Piece[] {
  const { leastScore, most } = trained
  const scores = new Map(trained.pieces.map(({ piece, score }) => [piece, score]))
  const taken = new Map<string, number>()
  let givenUp = 0
  for (const { codePoint } of characters) {
    const character = String.fromCodePoint(codePoint)
    taken.set(character, scores.get(character) ?? leastScore + STEP * givenUp++)
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

/** Why there are so few. Where pieces are pruned, all go that no best segmentation has, be they ever so many. */
function shortage (found: number, most: number, wanted: number): string {
  if (most < wanted) return `the text gives at most ${most} pieces, expected ${wanted}; ask for ${most}`
  return `of the text's ${most} pieces ${found} are left after pruning, expected ${wanted}; ` +
    `ask for ${most}, of which none is pruned, for fewer`
}

function sorted (pieces: readonly ScoredPiece[]): ScoredPiece[] {
  return pieces
    .map(({ piece, score }) => ({ piece, score, bytes: byteString(piece) }))
    .sort((a, b) => b.score - a.score || (a.bytes < b.bytes ? -1 : 1))
    .map(({ piece, score }) => ({ piece, score }))
}
