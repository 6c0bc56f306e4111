import { PiecesDecoder } from './pieces/decoder.ts'
import { piecesEncoder, sharedPieces } from './pieces/encoder.ts'
import type { PiecesModel } from './pieces/model.ts'
import type { TokenizerFile } from './files.ts'
import type { Tokenizer, TokenizerOptions } from './interface.ts'
import { modelTokenizer } from './model-tokenizer.ts'

/** A tokenizer whose tokens are pieces of text. */
export function piecesTokenizer (file: TokenizerFile, model: PiecesModel, options: TokenizerOptions): Tokenizer {
  const { shared: given, specialTokens = 'text' } = options
  const encoder = given?.kind === 'pieces' ? sharedPieces(given.encoder) : piecesEncoder(model, specialTokens)
  return modelTokenizer(file, {
    model,
    modelType: model.algorithm.type,
    specialTokens,
    encoder,
    decoder: new PiecesDecoder(model, file.path),
    idOf: piece => model.pieces.ids.get(piece),
    shared: encoder.shared && { kind: 'pieces', encoder: encoder.shared }
  })
}
