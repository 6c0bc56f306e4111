import { SluiceError, messageOf } from '../errors.ts'
import { Decoder } from '../sentencepiece/decode.ts'
import { IdBuffer } from '../sentencepiece/id-buffer.ts'
import type { SentencePieceVersion as Arithmetic } from '../sentencepiece/lexicon.ts'
import type { SentencePieceModel } from '../sentencepiece/model.ts'
import type { TokenizerFile } from './files.ts'
import type { SentencePieceVersion, Tokenizer, TokenizerOptions } from './interface.ts'

/** Loads a SentencePiece model. @throws SluiceError `ERR_TOKENIZER` when the file is damaged or isn't one */
export async function sentencePieceTokenizer (file: TokenizerFile, options: TokenizerOptions): Promise<Tokenizer> {
  const { path, bytes, sha256 } = file
  const { readModel } = await import('../sentencepiece/model.ts')
  const model = readModel(bytes, path)
  const { append, shared } = model.trainer.modelType === 'unigram'
    ? await unigram(model, path, options)
    : await otherType(model, file.file, sha256, options)
  const buffer = new IdBuffer()
  const decoder = once(() => usable(path, () => new Decoder(model, path)))
  if (model.denormalizer !== undefined) decoder() // its table may be damaged; otherwise it is made when needed
  const ids = once(() => new Map(model.pieces.map(({ piece }, id) => [piece, id])))
  const encode = (text: string): Int32Array => {
    buffer.clear()
    append(text, buffer)
    return buffer.copy()
  }
  return {
    append,
    encode,
    encodeBytes: utf8 => encode(UTF8.decode(utf8)),
    decode: encoded => decoder().decode(encoded),
    idToPiece: id => decoder().name(id),
    pieceToId: piece => ids().get(piece) ?? model.unkId,
    vocabSize: model.pieces.length,
    unkId: model.unkId,
    bosId: model.bosId,
    eosId: model.eosId,
    padId: model.padId,
    path,
    sha256,
    format: 'sentencepiece',
    modelType: model.trainer.modelType,
    version: options.version ?? DEFAULT_VERSION,
    specialTokens: null,
    model,
    shared
  }
}

/** Decodes without encoding. @throws SluiceError `ERR_TOKENIZER` when the file is damaged or isn't a model */
export async function sentencePieceDecoder ({ path, bytes }: TokenizerFile): Promise<Decoder> {
  const { readModel } = await import('../sentencepiece/model.ts')
  const model = readModel(bytes, path)
  return usable(path, () => new Decoder(model, path))
}

/** The version of `pip install sentencepiece`. */
const DEFAULT_VERSION = '0.2.3'

function arithmetic (version: SentencePieceVersion): Arithmetic {
  return version === '0.2.3' ? '0.2.2' : version
}

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true })

type Encoding = Pick<Tokenizer, 'append' | 'shared'>

async function unigram (model: SentencePieceModel, path: string, options: TokenizerOptions): Promise<Encoding> {
  const { version = DEFAULT_VERSION, tableBytes, shared: given } = options
  const { unigramEncoding } = await import('../sentencepiece/unigram.ts')
  const encoding = usable(path, () => unigramEncoding(model, {
    version: arithmetic(version),
    shared: given?.kind === 'unigram' ? given.encoder : undefined,
    ...(tableBytes !== undefined && { tableBytes })
  }))
  const append: Tokenizer['append'] = (text, ids) => {
    try {
      encoding.append(text, ids)
    } catch (cause) { // not enough memory for a text whose normalized form has gigabytes
      throw new SluiceError('ERR_DOCUMENT',
        `${path}: a text of ${Buffer.byteLength(text)} bytes could not be encoded: ${messageOf(cause)}`, { cause })
    }
  }
  return { append, shared: { kind: 'unigram', encoder: encoding.shared } }
}

async function otherType (
  model: SentencePieceModel, path: string, hash: string, { version = DEFAULT_VERSION, shared: given }: TokenizerOptions
): Promise<Encoding> {
  if (model.trainer.modelType === 'bpe') {
    const { loadSentencePieceBpe } = await import('../bpe/load-sentencepiece.ts')
    const shared = given?.kind === 'bpe' ? given.tables : undefined
    const { append, tables } = usable(path, () => loadSentencePieceBpe(model, path, arithmetic(version), shared))
    return { append, shared: tables && { kind: 'bpe', tables } }
  }
  const { normalizer } = model
  const { readCharsmap } = await import('../sentencepiece/charsmap.ts')
  // The wasm module doesn't check the normalization table.
  if (normalizer.precompiledCharsmap.length > 0) usable(path, () => readCharsmap(normalizer.precompiledCharsmap))
  const { loadWasmEncoder } = await import('../sentencepiece/wasm.ts')
  const encode = await loadWasmEncoder(path, hash)
  const append: Tokenizer['append'] = (text, ids) => {
    const encoded = encode(text)
    ids.append(encoded, 0, encoded.length)
  }
  return { append, shared: undefined }
}

/** @throws SluiceError `ERR_TOKENIZER` when `make` fails */
function usable<T> (path: string, make: () => T): T {
  try {
    return make()
  } catch (cause) {
    throw new SluiceError('ERR_TOKENIZER', `${path}: the model can't be used: ${messageOf(cause)}`, { cause })
  }
}

function once<T> (make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}
