import { z } from 'zod'
import { parseOptions } from '../options.ts'
import type { TokenizerOptions } from './interface.ts'
import { loadOptions } from './options.ts'

/** Those with values that are written by hand. */
const choices = z.object({
  version: loadOptions.sentencepieceVersion,
  specialTokens: loadOptions.specialTokens,
  family: loadOptions.tiktokenFamily,
  tableBytes: z.int().min(0).optional()
})

/** @throws SluiceError `ERR_OPTION` for a version, a family or another value that there is not */
export function checkTokenizerOptions (options: TokenizerOptions): void {
  parseOptions('loadTokenizer', choices, options)
}
