import { SluiceError } from '../errors.ts'
import type { Piece } from '../sentencepiece/model.ts'
import { byteString } from '../sentencepiece/utf8.ts'
import type { Alphabet } from './alphabet.ts'
import type { TrainSettings } from './options.ts'

/** By so much each character that was given up is more likely than the one before. */
const STEP = 0.0001

/** Scored texts of pieces. */
export type ScoredPiece = Pick<Piece, 'piece' | 'score'>

/**
 * The pieces of a model: those that stand first, then characters and the best of the others by their scores, equal ones by
 * their bytes (`Trainer::FinalizeSentencePieces` in src/unigram_model_trainer.cc of SentencePiece 0.1.97).
 *
 * @throws SluiceError `ERR_OPTION` where there are fewer than there have to be, with how many there are
 */
export function finalPieces (metas: readonly Piece[], { characters }: Alphabet, trained: readonly ScoredPiece[], leastScore: number, { vocabSize, hardVocabLimit }: TrainSettings): Piece[] {
  const scores = new Map(trained.map(({ piece, score }) => [piece, score]))
  const taken = new Map<string, number>()
  let givenUp = 0
  for (const { codePoint } of characters) {
    const character = String.fromCodePoint(codePoint)
    taken.set(character, scores.get(character) ?? leastScore + STEP * givenUp++)
  }
  const special = new Set(metas.map(({ piece }) => piece))
  const most = vocabSize - metas.length
  for (const { piece, score } of sorted(trained)) {
    if (taken.size === most) break
    if (!special.has(piece)) taken.set(piece, scores.get(piece) ?? score)
  }
  const pieces = [...metas, ...sorted([...taken].map(([piece, score]) => ({ piece, score: Math.fround(score) }))).map(({ piece, score }) => ({ piece, score, type: 'normal' as const }))]
  if (hardVocabLimit && pieces.length < vocabSize) throw new SluiceError('ERR_OPTION', `train.vocabSize: the text gives at most ${pieces.length} pieces, expected ${vocabSize}; ask for ${pieces.length} or fewer, or allow fewer without hardVocabLimit`)
  return pieces
}

function sorted (pieces: readonly ScoredPiece[]): ScoredPiece[] {
  return pieces
    .map(({ piece, score }) => ({ piece, score, bytes: byteString(piece) }))
    .sort((a, b) => b.score - a.score || (a.bytes < b.bytes ? -1 : 1))
    .map(({ piece, score }) => ({ piece, score }))
}
