import { z } from 'zod'
import { SluiceError } from '../lib/errors.ts'
import { sha256 } from '../lib/hash.ts'
import { parseOptions } from '../lib/options.ts'
import { jsonKind, refuseForeign, writeOwn } from '../lib/output/own-file.ts'
import { readTokenizerFile } from '../lib/tokenizer/tokenizer.ts'

export const checkTokenizerOptions = z.strictObject({
  tokenizerPath: z.string().min(1).describe('SentencePiece .model file'),
  expectedSha256: z.string().regex(/^[0-9a-fA-F]{64}$/, 'expected a SHA-256, 64 hexadecimal digits').optional().describe('fail when the model has another one'),
  metadataJson: z.string().min(1).optional().describe('write what is known of the model to this file, as JSON')
}).describe('SHA-256 of a tokenizer model, against an expected one')

/** By this a record is known, before another one takes its place. */
const RECORD = jsonKind('a record of check-tokenizer', 'tokenizer_path', 'sha256', 'vocab_size')

/** What `checkTokenizer` records. */
export interface TokenizerRecord {
  readonly tokenizer_path: string
  readonly sha256: string
  readonly bytes: number
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
 * @throws SluiceError `ERR_TOKENIZER` when the file is no model, `ERR_CHECKSUM` when it is another than expected;
 *   `ERR_OUTPUT_EXISTS` when `metadataJson` is a file of another kind
 */
export async function checkTokenizer (options: z.input<typeof checkTokenizerOptions>): Promise<TokenizerRecord> {
  const { tokenizerPath, expectedSha256, metadataJson } = parseOptions('check-tokenizer', checkTokenizerOptions, options)
  if (metadataJson !== undefined) await refuseForeign(metadataJson, RECORD)
  const bytes = await readTokenizerFile(tokenizerPath)
  const { readModel } = await import('../lib/sentencepiece/model.ts')
  const model = readModel(bytes, tokenizerPath)
  const record: TokenizerRecord = {
    tokenizer_path: tokenizerPath,
    sha256: sha256(bytes),
    bytes: bytes.length,
    model_type: model.trainer.modelType,
    vocab_size: model.pieces.length,
    unk_id: model.unkId,
    bos_id: model.bosId,
    eos_id: model.eosId,
    pad_id: model.padId
  }
  if (metadataJson !== undefined) await writeOwn(metadataJson, JSON.stringify(record, null, 2) + '\n', RECORD)
  if (expectedSha256 !== undefined && expectedSha256.toLowerCase() !== record.sha256) {
    throw new SluiceError('ERR_CHECKSUM', `${tokenizerPath}: has SHA-256 ${record.sha256}, expected ${expectedSha256.toLowerCase()}`)
  }
  return record
}
