import { readFile } from 'node:fs/promises'
import type { BpeTables } from '../bpe/kernel-tables.ts'
import { SluiceError, messageOf, reasonOf } from '../errors.ts'
import { sha256 } from '../hash.ts'
import { notLocalFile } from '../not-local.ts'
import { Decoder } from '../sentencepiece/decode.ts'
import { IdBuffer } from '../sentencepiece/id-buffer.ts'
import type { SentencePieceVersion } from '../sentencepiece/lexicon.ts'
import type { SentencePieceModel } from '../sentencepiece/model.ts'

/** Encodes text into token ids and decodes ids. It needs no closing, and its functions can be used without `this`. */
export interface Tokenizer {
  /**
   * The ids of a text, without BOS and EOS ids. A lone surrogate is encoded as U+FFFD.
   *
   * @throws SluiceError `ERR_DOCUMENT` for a text too large for memory
   */
  readonly encode: (text: string) => Int32Array
  /** As `encode`, but appends the ids to a buffer, which can be reused for many texts. */
  readonly append: (text: string, ids: IdBuffer) => void
  /**
   * The text of ids. Normalization of the text that was encoded can't be undone.
   *
   * @throws SluiceError `ERR_TOKENIZER` for an id out of range
   */
  readonly decode: (ids: Int32Array | readonly number[]) => string
  /**
   * The piece with an id, in which U+2581 stands for a space.
   *
   * @throws SluiceError `ERR_TOKENIZER` for an id out of range
   */
  readonly idToPiece: (id: number) => string
  /** The id of a piece; `unkId` if there is no such piece. */
  readonly pieceToId: (piece: string) => number
  /** Number of pieces in the vocabulary; every id is less. */
  readonly vocabSize: number
  /** Id for characters that no piece has. */
  readonly unkId: number
  /** Id of the BOS token; -1 if the model has none. */
  readonly bosId: number
  /** Id of the EOS token; -1 if the model has none. */
  readonly eosId: number
  /** Id of the padding token; -1 if the model has none. */
  readonly padId: number
  /** Path of the model file, as passed to `loadTokenizer`. */
  readonly path: string
  /** SHA-256 of the model file, in lower-case hex. */
  readonly sha256: string
  /**
   * What threads share, which can be passed to `loadTokenizer` in another thread: a cache of encoded words of a unigram
   * model, tables of a BPE model; undefined for other models.
   */
  readonly words: SharedArrayBuffer | BpeTables | undefined
  /** The SentencePiece version whose ids are returned. */
  readonly version: SentencePieceVersion
  /** The content of the model file. */
  readonly model: SentencePieceModel
}

/** The part of a tokenizer that a stream needs to encode texts. */
export type Encoder =
  Pick<Tokenizer, 'append' | 'eosId' | 'vocabSize' | 'sha256'> & Partial<Pick<Tokenizer, 'path' | 'words' | 'version'>>

/** Options of `loadTokenizer`. */
export interface TokenizerOptions {
  /**
   * The SentencePiece version whose ids are returned. Versions differ where two segmentations of a text by a unigram
   * model are almost equally good: 0.1.97 has the ids of all versions up to 0.2.1, and 0.2.2 those of 0.2.3, too.
   *
   * @default '0.1.97'
   */
  readonly version?: SentencePieceVersion
  /** Maximum size in bytes of a unigram model's cache of encoded words; 0: no cache. @default 48 MiB */
  readonly tableBytes?: number
  /** The `words` of a tokenizer in another thread, which must have the same model and version. */
  readonly words?: SharedArrayBuffer | BpeTables | undefined
}

/**
 * Loads a SentencePiece `.model` file. sluice itself encodes with unigram and BPE models, and SentencePiece compiled to
 * wasm with word and character models.
 *
 * @throws SluiceError `ERR_TOKENIZER` when the file is missing, damaged or not a SentencePiece model
 */
export async function loadTokenizer (path: string, options: TokenizerOptions = {}): Promise<Tokenizer> {
  const bytes = await readTokenizerFile(path)
  const { readModel } = await import('../sentencepiece/model.ts')
  const model = readModel(bytes, path)
  const hash = sha256(bytes)
  const { append, words } = model.trainer.modelType === 'unigram'
    ? await unigram(model, path, options)
    : await otherType(model, path, hash, options)
  const buffer = new IdBuffer()
  const decoder = once(() => usable(path, () => new Decoder(model, path)))
  if (model.denormalizer !== undefined) decoder() // its table may be damaged; otherwise it is made when needed
  const ids = once(() => new Map(model.pieces.map(({ piece }, id) => [piece, id])))
  return {
    append,
    encode: text => {
      buffer.clear()
      append(text, buffer)
      return buffer.copy()
    },
    decode: encoded => decoder().decode(encoded),
    idToPiece: id => decoder().name(id),
    pieceToId: piece => ids().get(piece) ?? model.unkId,
    vocabSize: model.pieces.length,
    unkId: model.unkId,
    bosId: model.bosId,
    eosId: model.eosId,
    padId: model.padId,
    path,
    sha256: hash,
    words,
    version: options.version ?? '0.1.97',
    model
  }
}

async function unigram (
  model: SentencePieceModel,
  path: string,
  options: TokenizerOptions
): Promise<Pick<Tokenizer, 'append' | 'words'>> {
  const { UnigramEncoder } = await import('../sentencepiece/unigram-encoder.ts')
  const words = options.words instanceof SharedArrayBuffer ? options.words : undefined
  const encoder = usable(path, () => new UnigramEncoder(model, { ...options, words }))
  const append: Tokenizer['append'] = (text, ids) => {
    try {
      encoder.append(text, ids)
    } catch (cause) { // not enough memory for a text whose normalized form has gigabytes
      throw new SluiceError('ERR_DOCUMENT',
        `${path}: a text of ${Buffer.byteLength(text)} bytes could not be encoded: ${messageOf(cause)}`, { cause })
    }
  }
  return { append, words: encoder.words }
}

async function otherType (
  model: SentencePieceModel,
  path: string,
  hash: string,
  { version = '0.1.97', words: given }: TokenizerOptions
): Promise<Pick<Tokenizer, 'append' | 'words'>> {
  if (model.trainer.modelType === 'bpe') {
    const { loadSentencePieceBpe } = await import('../bpe/load-sentencepiece.ts')
    const shared = given instanceof SharedArrayBuffer ? undefined : given
    const { append, tables } = usable(path, () => loadSentencePieceBpe(model, path, version, shared))
    return { append, words: tables }
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
  return { append, words: undefined }
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

/**
 * Loads the part of a SentencePiece `.model` file that decodes ids, which is faster than loading the whole.
 *
 * @throws SluiceError as `loadTokenizer`, and for a model that can only decode whole texts
 */
export async function loadDecoder (path: string): Promise<Decoder> {
  const { readModel } = await import('../sentencepiece/model.ts')
  const model = readModel(await readTokenizerFile(path), path)
  const decoder = usable(path, () => new Decoder(model, path))
  if (decoder.rewrites) {
    throw new SluiceError('ERR_TOKENIZER', `${path}: decoded text must be rewritten as a whole (denormalizer_spec), ` +
      'not in parts; decode whole texts with loadTokenizer')
  }
  return decoder
}

/** Reads a model file. @throws SluiceError `ERR_TOKENIZER` when it can't be read */
export async function readTokenizerFile (path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw new SluiceError('ERR_TOKENIZER', notLocalFile(path, cause) ??
      `${path}: ${reasonOf(cause)}, expected a SentencePiece .model file`, { cause })
  }
}
