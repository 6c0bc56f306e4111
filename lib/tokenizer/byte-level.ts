import { bytesOfCharacters } from '../bpe/byte-characters.ts'
import { ByteLevelDecoder } from '../bpe/decoder.ts'
import { byteLevelEncoder, sharedEncoder } from '../bpe/encoder.ts'
import type { BpeModel } from '../bpe/model.ts'
import { readTiktoken } from '../bpe/read-tiktoken.ts'
import { readTokenizerJson } from '../bpe/read-tokenizer-json.ts'
import { isTiktoken } from '../bpe/tiktoken-families.ts'
import { SluiceError, messageOf } from '../errors.ts'
import { IdBuffer } from '../sentencepiece/id-buffer.ts'
import { type TokenizerFile, formatOf } from './files.ts'
import { specialNamesFor } from './special-names.ts'
import type { Tokenizer, TokenizerOptions } from './interface.ts'

/** Loads a tokenizer with a byte-level BPE model. @throws SluiceError `ERR_TOKENIZER` */
export async function byteLevelTokenizer (file: TokenizerFile, options: TokenizerOptions): Promise<Tokenizer> {
  const { path, sha256 } = file
  const model = await readBpe(file, options)
  const { shared: given, specialTokens = 'text' } = options
  const encoder = given?.kind === 'byte-level'
    ? { append: sharedEncoder(given.encoder), shared: given.encoder }
    : byteLevelEncoder(model, specialTokens)
  const append: Tokenizer['append'] = (text, ids) => {
    try {
      encoder.append(text, ids)
    } catch (cause) { // not enough memory
      if (cause instanceof SluiceError) throw cause
      const mistake = `a text of ${Buffer.byteLength(text)} bytes could not be encoded`
      throw new SluiceError('ERR_DOCUMENT', `${path}: ${mistake}: ${messageOf(cause)}`, { cause })
    }
  }
  const buffer = new IdBuffer()
  const encode = (text: string): Int32Array => {
    buffer.clear()
    append(text, buffer)
    return buffer.copy()
  }
  const decoder = new ByteLevelDecoder(model, path)
  const added = new Map(model.added.map(({ content, id }) => [content, id]))
  return {
    append,
    encode,
    encodeBytes: utf8 => encode(UTF8.decode(utf8)),
    decode: ids => decoder.decode(ids),
    idToPiece: id => decoder.name(id),
    pieceToId: piece => added.get(piece) ?? idOfCharacters(model, piece) ?? model.unkId,
    vocabSize: model.vocabSize,
    unkId: model.unkId,
    bosId: model.bosId,
    eosId: model.eosId,
    padId: model.padId,
    path,
    sha256,
    format: formatOf(file),
    modelType: 'byte-level-bpe',
    version: null,
    specialTokens,
    model: undefined,
    shared: encoder.shared && { kind: 'byte-level', encoder: encoder.shared }
  }
}

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** Decodes without encoding. @throws SluiceError `ERR_TOKENIZER` */
export async function byteLevelDecoder (
  file: TokenizerFile, options: Pick<TokenizerOptions, 'family'>
): Promise<ByteLevelDecoder> {
  return new ByteLevelDecoder(await readBpe(file, options), file.path)
}

async function readBpe (
  { file, path, bytes }: TokenizerFile, { family }: Pick<TokenizerOptions, 'family'>
): Promise<BpeModel> {
  if (isTiktoken(bytes)) return readTiktoken(bytes, path, family)
  return readTokenizerJson(bytes, path, await specialNamesFor(file))
}

function idOfCharacters ({ vocabulary }: BpeModel, piece: string): number | undefined {
  const bytes = bytesOfCharacters(piece)
  return bytes === undefined ? undefined : vocabulary.idOf(bytes)
}
