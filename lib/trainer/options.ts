import { z } from 'zod'
import { SluiceError } from '../errors.ts'
import { count, positive } from '../options.ts'
import { nameOfByte } from '../sentencepiece/byte-pieces.ts'
import type { Piece } from '../sentencepiece/model.ts'
import { RULE_NAMES } from '../sentencepiece/rule-names.ts'

/** Pieces that training may begin with: their numbers stand in the 22 bits that a length leaves of an edge. */
const MAX_SEEDS = 2 ** 22 - 2

const commaNames = z.string().transform(names => names.split(','))
const symbolNames = z.union([commaNames, z.array(z.string())], {
  error: 'expected a list of texts, or one with commas between'
})

/**
 * How a unigram model is trained: as `spm_train` of SentencePiece 0.1.97 has it, by its names and its defaults, but for
 * the size.
 */
export const trainOptions = z.object({
  vocabSize: positive.default(32_000)
    .describe('pieces of the model, with <unk>, <s>, </s>, user-defined symbols and byte pieces'),
  characterCoverage: z.number().gt(0).max(1).default(0.9995)
    .describe('share of the text whose characters become pieces; the others are unknown'),
  hardVocabLimit: z.boolean().default(true).describe('fail where the text gives fewer pieces than asked for'),
  seedSentencepieceSize: positive.max(MAX_SEEDS).default(1_000_000).describe('pieces to begin with'),
  shrinkingFactor: z.number().min(0.5).max(0.95).default(0.75).describe('share of the pieces that is kept each time'),
  numSubIterations: positive.max(10).default(2).describe('rounds of expectation and maximization before each pruning'),
  maxSentencepieceLength: positive.max(512).default(16).describe('most characters of a piece'),
  splitByUnicodeScript: z.boolean().default(true).describe('no piece has characters of two scripts'),
  splitByNumber: z.boolean().default(true).describe('no piece has both digits and letters'),
  splitDigits: z.boolean().default(false).describe('digits are pieces of their own'),
  splitByWhitespace: z.boolean().default(true).describe('no piece goes over a space'),
  userDefinedSymbols: symbolNames.default([])
    .describe('pieces that are never split: a list of them, or one text with commas between'),
  byteFallback: z.boolean().default(false).describe('256 pieces for the bytes of unknown characters'),
  workers: positive.max(128).default(1).describe('threads')
})

/** How a model is trained whose file is wanted: how its text is normalized, too, and how much of it is looked at. */
export const modelOptions = trainOptions.extend({
  normalizationRuleName: z.enum(RULE_NAMES).default('nmt_nfkc').describe('rules that text is normalized by'),
  addDummyPrefix: z.boolean().default(true).describe('a space before each text'),
  removeExtraWhitespaces: z.boolean().default(true).describe('no spaces before, behind, or twice in a text'),
  maxRunChars: count.default(256)
    .describe('longer runs without a space are not learned from, such as base64; 0 = all are'),
  inputSentenceSize: count.default(0).describe('lines that are drawn from all, each with the same chance; 0 = all'),
  seed: positive.max(2 ** 31 - 2).default(1).describe('for the lines that are drawn')
})

/** What a manifest may say of it under `tokenizer`, beside `vocab_size`. */
export const tokenizerTraining = modelOptions.omit({ workers: true, vocabSize: true }).shape

/** What `trainUnigram` can be told of the model. */
export type ModelOptions = z.input<typeof modelOptions>
export type ModelSettings = z.output<typeof modelOptions>

export type TrainSettings = z.output<typeof trainOptions>

/** Those that say which pieces stand first. */
export type MetaSettings = Pick<TrainSettings, 'userDefinedSymbols' | 'byteFallback' | 'vocabSize'>

/**
 * The pieces that stand first, whatever the text: <unk>, <s>, </s>, user-defined symbols, bytes. A symbol that is named
 * as <s> or </s> is that piece.
 *
 * @throws SluiceError `ERR_OPTION` for a symbol that is empty, <unk>, or there twice, that has a NUL or half a
 *   character, or is the piece of a byte, and where no room is left for others
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
    if (symbol === '') throw wrongSymbol('a symbol that is empty')
    if (symbol === '<unk>') throw wrongSymbol('<unk>, which is the unknown piece')
    if (symbol.includes('\0')) throw wrongSymbol(`${shown}, which has a NUL: no reader opens a model with one`)
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
