import { z } from 'zod'
import type { Document, Tokens } from '../lib/document.ts'
import { SluiceError } from '../lib/errors.ts'
import { IdBuffer } from '../lib/sentencepiece/id-buffer.ts'
import { Stage, type StageOptions, type Work, stageOptions } from '../lib/stage/stage.ts'
import { type Encoder, type Tokenizer, loadTokenizer } from '../lib/tokenizer/tokenizer.ts'

export const encodeOptions = z.strictObject({
  tokenizerPath: z.string().optional().describe('SentencePiece .model file'),
  eosId: z.int().min(-1).default(-1).describe('id that ends each document; -1: the tokenizer\'s own')
}).describe('encodes each text into token ids and ends it with the end-of-sentence id')

/** What `encode` can be told. */
export type EncodeOptions = z.input<typeof encodeOptions> & StageOptions<Document> & {
  /** A tokenizer that is loaded already, in place of `tokenizerPath`. */
  readonly tokenizer?: Omit<Encoder, 'sha256'> | undefined
}

/**
 * The id to end documents with: the one asked for, or the tokenizer's own for -1.
 *
 * @throws SluiceError `ERR_TOKENIZER` when the tokenizer has none, or no such id: -1 is never written as a token
 */
export function endOfSentence ({ eosId, vocabSize }: Pick<Tokenizer, 'eosId' | 'vocabSize'>, asked: number): number {
  if (asked >= vocabSize) {
    throw new SluiceError('ERR_TOKENIZER', `eos_id ${asked} is not in the vocabulary of ${vocabSize} pieces, ` +
      `expected 0 to ${vocabSize - 1}`)
  }
  if (asked === -1 && eosId === -1) {
    throw new SluiceError('ERR_TOKENIZER', 'the tokenizer has no end-of-sentence piece; ' +
      'name the id that ends a document with eos_id (--eos-id)')
  }
  return asked === -1 ? eosId : asked
}

/**
 * Encodes the text of each document into token ids, then the end-of-sentence id. Drops nothing.
 *
 * @throws SluiceError `ERR_OPTION` without a tokenizer; the stream fails with `ERR_TOKENIZER` when it can't be loaded
 *   or has no end of sentence
 */
export function encode ({ tokenizer, ...options }: EncodeOptions): Stage<Document, Tokens> {
  const [own, shared] = stageOptions('encode', encodeOptions, options)
  return new Stage(encodeWork(own, tokenizer), shared)
}

/**
 * What `encode` does, without the stream.
 *
 * @param options checked ones
 * @throws SluiceError `ERR_OPTION` without a tokenizer
 */
export function encodeWork (
  { tokenizerPath, eosId }: z.output<typeof encodeOptions>, tokenizer?: EncodeOptions['tokenizer']
): Work<Document, Tokens> {
  if (tokenizer === undefined && tokenizerPath === undefined) {
    throw new SluiceError('ERR_OPTION', 'encode.tokenizerPath: expected the path of a SentencePiece .model file, ' +
      'it is missing')
  }
  const ids = new IdBuffer()
  let append: Tokenizer['append']
  let eos: number
  return {
    name: 'encode',
    async open () {
      const loaded = tokenizer ?? await loadTokenizer(tokenizerPath!)
      append = loaded.append
      eos = endOfSentence(loaded, eosId)
    },
    take ({ id, text, meta }, push) {
      ids.clear()
      append(text, ids)
      ids.push(eos)
      push({ id, ids: ids.copy(), meta })
      return undefined
    }
  }
}
