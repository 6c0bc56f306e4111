import { z } from 'zod'
import { SluiceError } from '../lib/errors.ts'
import { type WithAliases, parseNamed } from './cli/aliases.ts'
import { jsonKind, refuseForeign, writeOwn } from '../lib/output/own-file.ts'
import { type TokenizerFormat, TOKENIZER_FILES, readTokenizerFile } from '../lib/tokenizer/files.ts'
import { loadOptions } from '../lib/tokenizer/options.ts'
import { tokenizerIn } from '../lib/tokenizer/tokenizer.ts'

export const checkTokenizerOptions = z.strictObject({
  tokenizerPath: z.string().min(1).describe(TOKENIZER_FILES),
  tiktokenFamily: loadOptions.tiktokenFamily,
  sha256: z.string().regex(/^[0-9a-fA-F]{64}$/, 'expected a SHA-256, 64 hexadecimal digits').optional()
    .describe('fail if the model has another SHA-256'),
  output: z.string().min(1).optional().describe('write the properties of the model to this JSON file')
}).describe('SHA-256 of a tokenizer model, compared with an expected one')

export const checkTokenizerAliases = { python: { expectedSha256: 'sha256', metadataJson: 'output' } } as const

/** Recognizes an existing record, so that no other file is replaced. */
const RECORD = jsonKind('a record of check-tokenizer', 'tokenizer_path', 'sha256', 'vocab_size')

/** The record of a tokenizer model: the result of `checkTokenizer`. */
export interface TokenizerRecord {
  readonly tokenizer_path: string
  readonly sha256: string
  readonly bytes: number
  readonly format: TokenizerFormat
  readonly model_type: string
  readonly vocab_size: number
  readonly unk_id: number
  readonly bos_id: number
  readonly eos_id: number
  readonly pad_id: number
}

/**
 * Reads a tokenizer model and records its checksum, sizes and special ids.
 *
 * @throws SluiceError `ERR_TOKENIZER` when the file is not a model, `ERR_CHECKSUM` when it has another SHA-256;
 *   `ERR_OUTPUT_EXISTS` when `output` is a file of another kind
 */
export async function checkTokenizer (
  options: WithAliases<z.input<typeof checkTokenizerOptions>, typeof checkTokenizerAliases>
): Promise<TokenizerRecord> {
  const parsed = parseNamed('check-tokenizer', checkTokenizerOptions, options, checkTokenizerAliases)
  return await checkTokenizerParsed(parsed)
}

/** Like `checkTokenizer`, with parsed options. */
export async function checkTokenizerParsed (
  { tokenizerPath, tiktokenFamily, sha256: expected, output }: z.output<typeof checkTokenizerOptions>
): Promise<TokenizerRecord> {
  if (output !== undefined) await refuseForeign(output, RECORD)
  const file = await readTokenizerFile(tokenizerPath)
  const tokenizer = await tokenizerIn(file, { family: tiktokenFamily })
  const record: TokenizerRecord = {
    tokenizer_path: tokenizerPath,
    sha256: tokenizer.sha256,
    bytes: file.bytes.length,
    format: tokenizer.format,
    model_type: tokenizer.modelType,
    vocab_size: tokenizer.vocabSize,
    unk_id: tokenizer.unkId,
    bos_id: tokenizer.bosId,
    eos_id: tokenizer.eosId,
    pad_id: tokenizer.padId
  }
  if (output !== undefined) await writeOwn(output, JSON.stringify(record, null, 2) + '\n', RECORD)
  const wanted = expected?.toLowerCase() ?? record.sha256
  if (wanted !== record.sha256) {
    throw new SluiceError('ERR_CHECKSUM', `${tokenizerPath}: has SHA-256 ${record.sha256}, expected ${wanted}`)
  }
  return record
}
