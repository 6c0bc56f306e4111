import { readFile } from 'node:fs/promises'
import { SluiceError, messageOf, reasonOf } from '../errors.ts'
import { sha256 } from '../hash.ts'
import { notLocalFile } from '../not-local.ts'
import { Decoder } from '../sentencepiece/decode.ts'
import { IdBuffer } from '../sentencepiece/id-buffer.ts'
import type { SentencePieceVersion } from '../sentencepiece/lexicon.ts'
import type { SentencePieceModel } from '../sentencepiece/model.ts'
import { DEFAULT_TABLE_BYTES, wordMemory } from '../sentencepiece/word-table.ts'

/** Text to token ids and back. Holds nothing that has to be closed; its functions need no `this`. */
export interface Tokenizer {
  /**
   * The ids of a text; no id is added at its start or end. A lone surrogate counts as U+FFFD.
   *
   * @throws SluiceError `ERR_DOCUMENT` for a text too large for memory
   */
  readonly encode: (text: string) => Int32Array
  /**
   * As `encode`, but appends the ids to a buffer, which can be used again: for many texts, without an array for each.
   */
  readonly append: (text: string, ids: IdBuffer) => void
  /**
   * The text of ids: what the tokenizer's normalization changed stays changed.
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
  /** The id of a piece; that of the unknown piece where there is no such one. */
  readonly pieceToId: (piece: string) => number
  /** Pieces in the vocabulary: every id is below it. */
  readonly vocabSize: number
  /** Id of what stands for characters that no piece has. */
  readonly unkId: number
  /** Id of the piece that begins a sentence; -1 where the model has none, as with the next two. */
  readonly bosId: number
  /** Id of the end-of-sentence piece. */
  readonly eosId: number
  /** Id of the piece that fills up a batch. */
  readonly padId: number
  /** Of the model file, as it was given. */
  readonly path: string
  /** Of the model file, as lower-case hex. */
  readonly sha256: string
  /**
   * Memory for words that were met already, which `loadTokenizer` can be given in another thread; undefined where none
   * are kept: of unigram models, and most of BPE, they are.
   */
  readonly words: SharedArrayBuffer | undefined
  /** Which SentencePiece decides where two segmentations are nearly as good. */
  readonly version: SentencePieceVersion
  /** What else the model file says. */
  readonly model: SentencePieceModel
}

/** What of a tokenizer a stream needs to encode texts. */
export type Encoder =
  Pick<Tokenizer, 'append' | 'eosId' | 'vocabSize' | 'sha256'> & Partial<Pick<Tokenizer, 'path' | 'words' | 'version'>>

/** What `loadTokenizer` can be told. */
export interface TokenizerOptions {
  /**
   * Which SentencePiece decides where two segmentations of a text are nearly as good, in a unigram model: 0.1.97, whose
   * ids are those of all versions up to 0.2.1, or 0.2.2, whose ids are those of 0.2.3, too. @default '0.1.97'
   */
  readonly version?: SentencePieceVersion
  /**
   * Bound of the memory, in bytes, for words that were met already, where a text's ids are those of its words; 0: none
   * is kept.
   *
   * @default 48 MiB
   */
  readonly tableBytes?: number
  /** Such memory of a tokenizer in another thread, of the same model and version: what one has met, the other knows. */
  readonly words?: SharedArrayBuffer | undefined
}

/**
 * Loads a SentencePiece `.model` file. Unigram models are encoded by sluice itself, other types by SentencePiece
 * compiled to wasm.
 *
 * @throws SluiceError `ERR_TOKENIZER` when the file is missing, damaged or no SentencePiece model
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
  const decoder = once(() => judged(path, () => new Decoder(model, path)))
  if (model.denormalizer !== undefined) decoder() // its table may be damaged; else only decoding pays for it
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
  const encoder = judged(path, () => new UnigramEncoder(model, options))
  const append: Tokenizer['append'] = (text, ids) => {
    try {
      encoder.append(text, ids)
    } catch (cause) { // memory, of a text whose normalized form has gigabytes
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
  { tableBytes = DEFAULT_TABLE_BYTES, words: given }: TokenizerOptions
): Promise<Pick<Tokenizer, 'append' | 'words'>> {
  const { normalizer } = model
  const { readCharsmap } = await import('../sentencepiece/charsmap.ts')
  // Nobody else checks the table that text is rewritten by.
  if (normalizer.precompiledCharsmap.length > 0) judged(path, () => readCharsmap(normalizer.precompiledCharsmap))
  const { loadWasmEncoder } = await import('../sentencepiece/wasm.ts')
  const encode = await loadWasmEncoder(path, hash)
  const { WordwiseEncoder, isWordwise } = await import('../sentencepiece/wordwise-encoder.ts')
  if (tableBytes > 0 && isWordwise(model)) {
    const words = given ?? wordMemory(tableBytes)
    const encoder = new WordwiseEncoder(encode, words)
    return { append: (text, ids) => { encoder.append(text, ids) }, words }
  }
  const append: Tokenizer['append'] = (text, ids) => {
    const encoded = encode(text)
    ids.append(encoded, 0, encoded.length)
  }
  return { append, words: undefined }
}

function judged<T> (path: string, make: () => T): T {
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
 * Loads what of a SentencePiece `.model` file decoding piece by piece needs; quicker than all of it.
 *
 * @throws SluiceError as `loadTokenizer`, and for a model that rewrites decoded text as a whole
 */
export async function loadDecoder (path: string): Promise<Decoder> {
  const { readModel } = await import('../sentencepiece/model.ts')
  const model = readModel(await readTokenizerFile(path), path)
  const decoder = judged(path, () => new Decoder(model, path))
  if (decoder.rewrites) {
    throw new SluiceError('ERR_TOKENIZER', `${path}: has a table that decoded text is to be rewritten by ` +
      '(denormalizer_spec), which can\'t be done in parts; decode whole texts with loadTokenizer')
  }
  return decoder
}

/** The bytes of a tokenizer's file. @throws SluiceError `ERR_TOKENIZER` when it can't be read */
export async function readTokenizerFile (path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw new SluiceError('ERR_TOKENIZER', notLocalFile(path, cause) ??
      `${path}: ${reasonOf(cause)}, expected a SentencePiece .model file`, { cause })
  }
}
