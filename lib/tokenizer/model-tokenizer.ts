import type { SpecialTokens } from '../bpe/added-tokens.ts'
import type { AddedToken } from '../bpe/model.ts'
import { SluiceError, messageOf } from '../errors.ts'
import { IdBuffer } from '../sentencepiece/id-buffer.ts'
import { type TokenizerFile, formatOf } from './files.ts'
import type { SharedTokenizer, Tokenizer } from './interface.ts'

/** What a tokenizer is made of. */
export interface TokenizerParts {
  readonly model: Pick<Tokenizer, 'vocabSize' | 'unkId' | 'bosId' | 'eosId' | 'padId'> & {
    readonly added: readonly AddedToken[]
  }
  readonly modelType: Tokenizer['modelType']
  readonly specialTokens: SpecialTokens
  readonly encoder: {
    readonly append: (text: string, ids: IdBuffer) => void
    /** For text in UTF-8; undefined where that is no faster than text. */
    readonly appendBytes?: ((bytes: Uint8Array, ids: IdBuffer) => void) | undefined
  }
  readonly decoder: {
    readonly decode: (ids: Iterable<number>) => string
    readonly name: (id: number) => string
  }
  /** The id of a token that isn't added; undefined if there is none. */
  readonly idOf: (piece: string) => number | undefined
  readonly shared: SharedTokenizer | undefined
}

/** A tokenizer that isn't a SentencePiece model. */
export function modelTokenizer (file: TokenizerFile, parts: TokenizerParts): Tokenizer {
  const { path, sha256 } = file
  const { model, encoder, decoder, idOf } = parts
  const failed = (length: number, cause: unknown): SluiceError => {
    if (cause instanceof SluiceError) return cause
    const mistake = `a text of ${length} bytes could not be encoded`
    return new SluiceError('ERR_DOCUMENT', `${path}: ${mistake}: ${messageOf(cause)}`, { cause })
  }
  const append: Tokenizer['append'] = (text, ids) => {
    try {
      encoder.append(text, ids)
    } catch (cause) { // not enough memory
      throw failed(Buffer.byteLength(text), cause)
    }
  }
  const buffer = new IdBuffer()
  const encode = (text: string): Int32Array => {
    buffer.clear()
    append(text, buffer)
    return buffer.copy()
  }
  const encodeBytes = (utf8: Uint8Array): Int32Array => {
    if (encoder.appendBytes === undefined) return encode(UTF8.decode(utf8))
    buffer.clear()
    try {
      encoder.appendBytes(utf8, buffer)
    } catch (cause) {
      throw failed(utf8.length, cause)
    }
    return buffer.copy()
  }
  const added = new Map(model.added.map(({ content, id }) => [content, id]))
  return {
    append,
    encode,
    encodeBytes,
    decode: ids => decoder.decode(ids),
    idToPiece: id => decoder.name(id),
    pieceToId: piece => added.get(piece) ?? idOf(piece) ?? model.unkId,
    vocabSize: model.vocabSize,
    unkId: model.unkId,
    bosId: model.bosId,
    eosId: model.eosId,
    padId: model.padId,
    path,
    sha256,
    format: formatOf(file),
    modelType: parts.modelType,
    version: null,
    specialTokens: parts.specialTokens,
    model: undefined,
    shared: parts.shared
  }
}

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true })
