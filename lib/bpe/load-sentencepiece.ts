import { SluiceError, messageOf } from '../errors.ts'
import { BpeEncoder } from '../sentencepiece/bpe-encoder.ts'
import type { IdBuffer } from '../sentencepiece/id-buffer.ts'
import type { SentencePieceVersion } from '../sentencepiece/lexicon.ts'
import type { SentencePieceModel } from '../sentencepiece/model.ts'
import type { BpeTables } from './kernel-tables.ts'
import { SentencePieceKernelEncoder } from './sentencepiece-encoder.ts'
import { sentencePieceTables } from './sentencepiece-tables.ts'

/** What encodes with a SentencePiece BPE model, and the tables that other threads can use too. */
export interface SentencePieceBpe {
  readonly append: (text: string, ids: IdBuffer) => void
  /** Undefined if the kernel isn't used. */
  readonly tables: BpeTables | undefined
}

/**
 * Makes an encoder: by the kernel, or in plain JavaScript if the kernel can't take the model.
 *
 * @param path for messages
 * @param given the tables of another thread, which must have the same model and version
 * @throws Error for a model whose normalization is damaged
 */
export function loadSentencePieceBpe (
  model: SentencePieceModel,
  path: string,
  version: SentencePieceVersion,
  given?: BpeTables
): SentencePieceBpe {
  const tables = given ?? sentencePieceTables(model, version)
  const kernel = tables === undefined ? undefined : kernelEncoder(model, tables)
  const encoder = kernel ?? new BpeEncoder(model, version)
  const append = (text: string, ids: IdBuffer): void => {
    const begin = ids.length
    try {
      encoder.append(text, ids)
    } catch (cause) { // not enough memory for the text
      ids.length = begin
      const what = `a text of ${Buffer.byteLength(text)} bytes could not be encoded`
      throw new SluiceError('ERR_DOCUMENT', `${path}: ${what}: ${messageOf(cause)}`, { cause })
    }
  }
  return { append, tables: kernel === undefined ? undefined : tables }
}

/** Undefined if there is too little memory for this thread. */
function kernelEncoder (model: SentencePieceModel, tables: BpeTables): SentencePieceKernelEncoder | undefined {
  try {
    return new SentencePieceKernelEncoder(model, tables)
  } catch {
    return undefined
  }
}
