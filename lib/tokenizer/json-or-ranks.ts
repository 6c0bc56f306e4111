import { ByteLevelDecoder } from '../bpe/decoder.ts'
import type { BpeModel } from '../bpe/model.ts'
import { readTiktoken } from '../bpe/read-tiktoken.ts'
import { modelOf, parsedTokenizerJson, readingTokenizerJson } from '../bpe/read-tokenizer-json.ts'
import { isTiktoken } from '../bpe/tiktoken-families.ts'
import { PiecesDecoder } from './pieces/decoder.ts'
import type { PiecesModel } from './pieces/model.ts'
import { hasPieces, readPieces } from './pieces/read-pieces.ts'
import { byteLevelTokenizer } from './byte-level.ts'
import type { TokenizerFile } from './files.ts'
import type { Tokenizer, TokenizerOptions } from './interface.ts'
import { piecesTokenizer } from './pieces-tokenizer.ts'
import { specialNamesFor } from './special-names.ts'

/** Loads a `tokenizer.json` or a rank file of tiktoken. @throws SluiceError `ERR_TOKENIZER` */
export async function otherTokenizer (file: TokenizerFile, options: TokenizerOptions): Promise<Tokenizer> {
  const model = await readModel(file, options)
  return 'pieces' in model
    ? readingTokenizerJson(file.path, () => piecesTokenizer(file, model, options))
    : byteLevelTokenizer(file, model, options)
}

/** Decodes without encoding. @throws SluiceError `ERR_TOKENIZER` */
export async function otherDecoder (
  file: TokenizerFile, options: Pick<TokenizerOptions, 'family'>
): Promise<ByteLevelDecoder | PiecesDecoder> {
  const model = await readModel(file, options)
  return 'pieces' in model ? new PiecesDecoder(model, file.path) : new ByteLevelDecoder(model, file.path)
}

async function readModel (
  { file, path, bytes }: TokenizerFile, { family }: Pick<TokenizerOptions, 'family'>
): Promise<BpeModel | PiecesModel> {
  if (isTiktoken(bytes)) return readTiktoken(bytes, path, family)
  const names = await specialNamesFor(file)
  return readingTokenizerJson(path, () => {
    const content = parsedTokenizerJson(bytes)
    return hasPieces(content.file) ? readPieces(content, names) : modelOf(content, names)
  })
}
