import { readFile } from 'node:fs/promises'
import { SluiceError, reasonOf } from './errors.ts'
import { sha256 } from './hash.ts'
import { Decoder } from './sentencepiece/decode.ts'
import type { SentencePieceModel } from './sentencepiece/model.ts'
import { loadWasmEncoder } from './sentencepiece/wasm.ts'

/** Text to token ids and back. Holds nothing that has to be closed. */
export interface Tokenizer {
  /** The ids of a text; no id is added at its start or end. A lone surrogate counts as U+FFFD. */
  readonly encode: (text: string) => Int32Array
  /** The text of ids: what the tokenizer's normalization changed stays changed. @throws SluiceError `ERR_TOKENIZER` for an id out of range */
  readonly decode: (ids: Int32Array | readonly number[]) => string
  /** Pieces in the vocabulary: every id is below it. */
  readonly vocabSize: number
  /** Id of the end-of-sentence piece; -1 where the model has none. */
  readonly eosId: number
  /** Of the model file, as lower-case hex. */
  readonly sha256: string
  /** What else the model file says. */
  readonly model: SentencePieceModel
}

/**
 * Loads a SentencePiece `.model` file.
 *
 * @throws SluiceError `ERR_TOKENIZER` when the file is missing, damaged or no SentencePiece model
 */
export async function loadTokenizer (path: string): Promise<Tokenizer> {
  const bytes = await readTokenizerFile(path)
  const { readModel } = await import('./sentencepiece/model.ts')
  const model = readModel(bytes, path)
  const hash = sha256(bytes)
  const encode = await loadWasmEncoder(path, hash)
  let decoder: Decoder | undefined
  return {
    encode,
    decode: ids => (decoder ??= new Decoder(model, path)).decode(ids),
    vocabSize: model.pieces.length,
    eosId: model.eosId,
    sha256: hash,
    model
  }
}

/** Loads what of a SentencePiece `.model` file decoding needs; quicker than all of it. @throws SluiceError as `loadTokenizer` */
export async function loadDecoder (path: string): Promise<Decoder> {
  const { readModel } = await import('./sentencepiece/model.ts')
  return new Decoder(readModel(await readTokenizerFile(path), path), path)
}

/** The bytes of a tokenizer's file. @throws SluiceError `ERR_TOKENIZER` when it can't be read */
export async function readTokenizerFile (path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw new SluiceError('ERR_TOKENIZER', `${path}: ${reasonOf(cause)}, expected a SentencePiece .model file`, { cause })
  }
}
