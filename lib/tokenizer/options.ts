import { z } from 'zod'
import { TIKTOKEN_FAMILIES } from '../bpe/tiktoken-families.ts'
import type { TokenizerOptions } from './tokenizer.ts'

/** What a tokenizer is read from, in messages and help. */
export const TOKENIZER_FILES = 'a SentencePiece .model file, a tokenizer.json or its folder, or a tiktoken file'

const VERSION_HELP = 'the SentencePiece version whose ids a .model gives: 0.1.97 stands for all up to 0.2.1, 0.2.3 for ' +
  '0.2.2, too (default: 0.2.3)'
const SPECIAL_HELP = 'names of special tokens in a text, such as <|endoftext|>, are encoded as text, encoded as the ' +
  'tokens, or an error (default: text)'

/** Options of how a tokenizer is loaded, for the schemas of stages, commands and manifests. */
export const loadOptions = {
  sentencepieceVersion: z.enum(['0.1.97', '0.2.3']).optional().describe(VERSION_HELP),
  specialTokens: z.enum(['text', 'encode', 'refuse']).optional().describe(SPECIAL_HELP),
  tiktokenFamily: z.enum(TIKTOKEN_FAMILIES).optional()
    .describe('family of a tiktoken file, where its name doesn\'t say it')
}

const loadSchema = z.object(loadOptions)
export type LoadOptions = z.output<typeof loadSchema>

/**
 * The options for `loadTokenizer`.
 *
 * @param fallback what a manifest has, for what isn't set
 */
export function tokenizerOptionsOf (set: LoadOptions, fallback: LoadOptions = {}): TokenizerOptions {
  return {
    version: set.sentencepieceVersion ?? fallback.sentencepieceVersion,
    specialTokens: set.specialTokens ?? fallback.specialTokens,
    family: set.tiktokenFamily ?? fallback.tiktokenFamily
  }
}
