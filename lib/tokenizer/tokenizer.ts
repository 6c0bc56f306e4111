import { SluiceError } from '../errors.ts'
import type { Decoder } from './decoder.ts'
import { type TokenizerFile, formatOf, readTokenizerFile } from './files.ts'
import type { Tokenizer, TokenizerOptions } from './interface.ts'

export type { Encoder, SentencePieceVersion, SharedTokenizer, Tokenizer, TokenizerOptions } from './interface.ts'

/**
 * Loads a tokenizer: a SentencePiece `.model` file, a `tokenizer.json` of Hugging Face's tokenizers with a BPE or
 * Unigram model, a folder with one, or a rank file of tiktoken. Word and char models of SentencePiece are encoded by
 * SentencePiece compiled to wasm, all others by sluice itself.
 *
 * @param path of the file or folder
 * @throws SluiceError `ERR_TOKENIZER` when the file is missing or damaged, or needs what sluice doesn't know;
 *   `ERR_OPTION` for an option with another value
 */
export async function loadTokenizer (path: string, options: TokenizerOptions = {}): Promise<Tokenizer> {
  // zod takes longer to load than a model, so only values are checked with it.
  const { shared, ...values } = options
  if (Object.values(values).some(value => value !== undefined)) {
    const { checkTokenizerOptions } = await import('./check-options.ts')
    checkTokenizerOptions(options)
  }
  return await tokenizerIn(await readTokenizerFile(path), options)
}

/** Like `loadTokenizer`, with a file that was read and options that were checked. */
export async function tokenizerIn (file: TokenizerFile, options: TokenizerOptions): Promise<Tokenizer> {
  if (formatOf(file) === 'sentencepiece') {
    const { sentencePieceTokenizer } = await import('./sentencepiece.ts')
    return await sentencePieceTokenizer(file, options)
  }
  const { otherTokenizer } = await import('./json-or-ranks.ts')
  return await otherTokenizer(file, options)
}

/**
 * Loads the part of a tokenizer that decodes ids, which is faster than loading the whole.
 *
 * @throws SluiceError as `loadTokenizer`, and for a model that can only decode whole texts
 */
export async function loadDecoder (path: string, options: Pick<TokenizerOptions, 'family'> = {}): Promise<Decoder> {
  const file = await readTokenizerFile(path)
  const decoder = formatOf(file) === 'sentencepiece'
    ? await (await import('./sentencepiece.ts')).sentencePieceDecoder(file)
    : await (await import('./json-or-ranks.ts')).otherDecoder(file, options)
  if (decoder.rewrites) {
    throw new SluiceError('ERR_TOKENIZER', `${path}: decoded text must be rewritten as a whole (denormalizer_spec), ` +
      'not in parts; decode whole texts with loadTokenizer')
  }
  return decoder
}
