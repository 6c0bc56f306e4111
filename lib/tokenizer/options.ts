import { z } from 'zod'
import { TIKTOKEN_FAMILIES } from '../bpe/tiktoken-families.ts'
import type { TokenizerOptions } from './interface.ts'

const VERSION_HELP = 'SentencePiece version whose ids a .model gives: 0.1.97, for all up to 0.2.1, or 0.2.3, for ' +
  '0.2.2 too (default: 0.2.3)'
const SPECIAL_HELP = 'names of special tokens in a text, such as <|endoftext|>, are encoded as text, encoded as the ' +
  'tokens, or an error (default: text)'

/** Options of how a tokenizer is loaded, for the schemas of stages, commands and manifests. */
export const loadOptions = {
  sentencepieceVersion: z.enum(['0.1.97', '0.2.3']).optional().describe(VERSION_HELP),
  specialTokens: z.enum(['text', 'encode', 'refuse']).optional().describe(SPECIAL_HELP),
  tiktokenFamily: z.enum(TIKTOKEN_FAMILIES).optional()
    .describe('family of a tiktoken file, where its name doesn\'t say it')
}

/** Options of how a tokenizer is loaded, checked. */
export type LoadOptions = { readonly [Key in keyof typeof loadOptions]?: z.output<typeof loadOptions[Key]> }

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
