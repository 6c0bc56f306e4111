import { bytesOfCharacters } from '../bpe/byte-characters.ts'
import { ByteLevelDecoder } from '../bpe/decoder.ts'
import { bpeEncoder, sharedEncoder } from '../bpe/encoder.ts'
import type { BpeModel } from '../bpe/model.ts'
import type { TokenizerFile } from './files.ts'
import type { Tokenizer, TokenizerOptions } from './interface.ts'
import { modelTokenizer } from './model-tokenizer.ts'

/** A tokenizer with a byte-level BPE model. */
export function byteLevelTokenizer (file: TokenizerFile, model: BpeModel, options: TokenizerOptions): Tokenizer {
  const { shared: given, specialTokens = 'text' } = options
  const encoder = given?.kind === 'byte-level' ? sharedEncoder(given.encoder) : bpeEncoder(model, specialTokens)
  return modelTokenizer(file, {
    model,
    modelType: 'byte-level-bpe',
    specialTokens,
    encoder,
    decoder: new ByteLevelDecoder(model, file.path),
    idOf: piece => idOfCharacters(model, piece),
    shared: encoder.shared && { kind: 'byte-level', encoder: encoder.shared }
  })
}

function idOfCharacters ({ vocabulary }: BpeModel, piece: string): number | undefined {
  const bytes = bytesOfCharacters(piece)
  return bytes === undefined ? undefined : vocabulary.idOf(bytes)
}
