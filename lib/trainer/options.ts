import { z } from 'zod'
import { SluiceError } from '../errors.ts'
import { count, positive } from '../options.ts'
import { nameOfByte } from '../sentencepiece/byte-pieces.ts'
import type { Piece } from '../sentencepiece/model.ts'
import { RULE_NAMES } from '../sentencepiece/rule-names.ts'

/** The number of a piece is stored in the 22 bits of an edge that the piece's length doesn't use. */
const MAX_SEEDS = 2 ** 22 - 2

const commaNames = z.string().transform(names => names.split(','))
const symbolNames = z.union([commaNames, z.array(z.string())], {
  error: 'expected a list of texts, or one text with commas'
})

/** Options of training a unigram model. Names and defaults, except for the size, are those of SentencePiece 0.1.97. */
export const trainOptions = z.object({
  vocabSize: positive.default(32_000)
    .describe('pieces of the model, with <unk>, <s>, </s>, user-defined symbols and byte pieces'),
  characterCoverage: z.number().gt(0).max(1).default(0.9995)
    .describe('share of the text\'s characters that pieces cover; rarer characters are unknown'),
  hardVocabLimit: z.boolean().default(true).describe('fail if the text has too few pieces for the vocabulary size'),
  seedSentencepieceSize: positive.max(MAX_SEEDS).default(1_000_000).describe('pieces to start with'),
  shrinkingFactor: z.number().min(0.5).max(0.95).default(0.75).describe('share of the pieces that each pruning keeps'),
  numSubIterations: positive.max(10).default(2).describe('rounds of expectation and maximization before each pruning'),
  maxSentencepieceLength: positive.max(512).default(16).describe('maximum number of characters in a piece'),
  splitByUnicodeScript: z.boolean().default(true).describe('no piece has characters of two scripts'),
  splitByNumber: z.boolean().default(true).describe('no piece has both digits and letters'),
  splitDigits: z.boolean().default(false).describe('each digit is a piece by itself'),
  splitByWhitespace: z.boolean().default(true).describe('no piece crosses a space'),
  userDefinedSymbols: symbolNames.default([])
    .describe('pieces that are never split (a list, or separated by commas)'),
  byteFallback: z.boolean().default(false).describe('256 pieces for the bytes of unknown characters'),
  workers: positive.max(128).default(1).describe('threads')
})

/** Options of training a model file: those of training, of normalization, and which lines are read. */
export const modelOptions = trainOptions.extend({
  normalizationRuleName: z.enum(RULE_NAMES).default('nmt_nfkc').describe('normalization rules for text'),
  addDummyPrefix: z.boolean().default(true).describe('add a space before each text'),
  removeExtraWhitespaces: z.boolean().default(true)
    .describe('remove spaces at both ends of a text, and all but one of several in a row'),
  maxRunChars: count.default(256).describe('leave out longer runs without a space, such as base64; 0 = leave out none'),
  inputSentenceSize: count.default(0).describe('lines to sample, each with the same chance; 0 = all'),
  seed: positive.max(2 ** 31 - 2).default(1).describe('seed of the sample of lines')
})

/** The options that a manifest may have under `tokenizer`, besides `vocab_size`. */
export const tokenizerTraining = modelOptions.omit({ workers: true, vocabSize: true }).shape

/** Options of `UnigramTrainer`, and of the model that `trainUnigram` trains. */
export type ModelOptions = z.input<typeof modelOptions>
export type ModelSettings = z.output<typeof modelOptions>
export type TrainSettings = z.output<typeof trainOptions>

/** The settings that the first pieces depend on. */
export type MetaSettings = Pick<TrainSettings, 'userDefinedSymbols' | 'byteFallback' | 'vocabSize'>

/**
 * The first pieces of a model, which don't depend on the text: <unk>, <s>, </s>, user-defined symbols, bytes. A symbol
 * `<s>` or `</s>` is that piece.
 *
 * @throws SluiceError `ERR_OPTION` for a symbol that is empty, <unk>, repeated, or the piece of a byte, or that has a
 *   NUL or half a character, and when `vocabSize` leaves no room for other pieces
 */
export function metaPieces ({ userDefinedSymbols, byteFallback, vocabSize }: MetaSettings): Piece[] {
  const pieces: Array<{ piece: string, score: number, type: Piece['type'] }> = [
    { piece: '<unk>', score: 0, type: 'unknown' },
    { piece: '<s>', score: 0, type: 'control' },
    { piece: '</s>', score: 0, type: 'control' }
  ]
  const seen = new Set<string>()
  for (const symbol of userDefinedSymbols) {
    const shown = JSON.stringify(symbol)
    if (symbol === '') throw wrongSymbol('an empty symbol')
    if (symbol === '<unk>') throw wrongSymbol('<unk>, which is the unknown piece')
    if (symbol.includes('\0')) throw wrongSymbol(`${shown}, which has a NUL: no reader accepts a model with one`)
    if (!symbol.isWellFormed()) throw wrongSymbol(`${shown}, which has half a character`)
    if (seen.has(symbol)) throw wrongSymbol(`${symbol} twice`)
    seen.add(symbol)
    const special = pieces.slice(0, 3).find(({ piece }) => piece === symbol)
    if (special === undefined) pieces.push({ piece: symbol, score: 0, type: 'user_defined' })
    else special.type = 'user_defined'
  }
  const bytes = byteFallback ? 256 : 0
  for (let byte = 0; byte < bytes; byte++) {
    const piece = nameOfByte(byte)
    if (seen.has(piece)) throw wrongSymbol(`${piece}, which is the piece of a byte`)
    pieces.push({ piece, score: 0, type: 'byte' })
  }
  if (pieces.length < vocabSize) return pieces
  const message = `train.vocabSize: expected more than the ${pieces.length} special pieces, symbols and bytes, ` +
    `got ${vocabSize}`
  throw new SluiceError('ERR_OPTION', message)
}

function wrongSymbol (what: string): SluiceError {
  return new SluiceError('ERR_OPTION', `train.userDefinedSymbols: expected different symbols, got ${what}`)
}
