import { SluiceError } from '../errors.ts'
import type { Decoder } from './decoder.ts'
import { formatOf, readTokenizerFile } from './files.ts'
import type { Tokenizer, TokenizerOptions } from './interface.ts'

export type { Encoder, SentencePieceVersion, SharedTokenizer, Tokenizer, TokenizerOptions } from './interface.ts'

/**
 * Loads a tokenizer: a SentencePiece `.model` file, a `tokenizer.json` of Hugging Face's tokenizers with a byte-level
 * BPE model, a folder with one, or a rank file of tiktoken. Word and char models of SentencePiece are encoded by
 * SentencePiece compiled to wasm, all others by sluice itself.
 *
 * @param path of the file or folder
 * @throws SluiceError `ERR_TOKENIZER` when the file is missing or damaged, or needs what sluice doesn't know
 */
export async function loadTokenizer (path: string, options: TokenizerOptions = {}): Promise<Tokenizer> {
  const file = await readTokenizerFile(path)
  if (formatOf(file) === 'sentencepiece') {
    const { sentencePieceTokenizer } = await import('./sentencepiece.ts')
    return await sentencePieceTokenizer(file, options)
  }
  const { byteLevelTokenizer } = await import('./byte-level.ts')
  return await byteLevelTokenizer(file, options)
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
    : await (await import('./byte-level.ts')).byteLevelDecoder(file, options)
  if (decoder.rewrites) {
    throw new SluiceError('ERR_TOKENIZER', `${path}: decoded text must be rewritten as a whole (denormalizer_spec), ` +
      'not in parts; decode whole texts with loadTokenizer')
  }
  return decoder
}
