import { isUtf8 } from 'node:buffer'
import type { IdBuffer } from '../sentencepiece/id-buffer.ts'
import type { SpecialTokens } from './added-tokens.ts'
import { type TextSettings, isUnchanged, textAppender } from './append-text.ts'
import { KernelEncoder } from './kernel-encoder.ts'
import { type BpeTables, kernelTables } from './kernel-tables.ts'
import type { BpeModel } from './model.ts'
import { plainEncoder } from './plain-encoder.ts'

/** Encodes texts by a byte-level BPE model. */
export interface BpeEncoder {
  /**
   * Appends the ids of a text; a lone surrogate is encoded as U+FFFD.
   *
   * @throws SluiceError `ERR_DOCUMENT` for a special token that is refused
   */
  readonly append: (text: string, ids: IdBuffer) => void
  /** As `append`, for a text in UTF-8; what isn't UTF-8 is encoded as U+FFFD. */
  readonly appendBytes: (bytes: Uint8Array, ids: IdBuffer) => void
  /** What another thread encodes with; undefined for a model that the kernel can't encode with. */
  readonly shared: SharedBpe | undefined
}

/** What another thread needs to encode as a tokenizer does. It can be posted; the memory of its tables is shared. */
export interface SharedBpe extends TextSettings {
  readonly tables: BpeTables
}

/**
 * An encoder by the wasm kernel, or where that can't encode with the model by JavaScript, which is slower.
 *
 * @param specialTokens what becomes of special tokens in texts
 */
export function bpeEncoder (model: BpeModel, specialTokens: SpecialTokens): BpeEncoder {
  const tables = kernelTables(model)
  const { added, normalizers } = model
  return tables === undefined
    ? plainBpeEncoder(model, specialTokens)
    : sharedEncoder({ added, normalizers, specialTokens, tables })
}

/** As `bpeEncoder`, without the kernel. */
export function plainBpeEncoder (model: BpeModel, specialTokens: SpecialTokens): BpeEncoder {
  const { added, normalizers } = model
  return encoderOf({ added, normalizers, specialTokens }, plainEncoder(model), undefined)
}

/** Encodes as the tokenizer in another thread does. */
export function sharedEncoder (shared: SharedBpe): BpeEncoder {
  const kernel = new KernelEncoder(shared.tables)
  kernel.warmUp()
  const encoder = encoderOf(shared, (text, ids) => { kernel.append(text, ids) }, kernel)
  return { ...encoder, shared }
}

function encoderOf (
  settings: TextSettings, appendPart: BpeEncoder['append'], kernel: KernelEncoder | undefined
): BpeEncoder {
  const append = textAppender(settings, appendPart)
  const isDirect = kernel !== undefined && isUnchanged(settings)
  return {
    append: isDirect ? appendPart : append,
    appendBytes: (bytes, ids) => {
      if (isDirect && isUtf8(bytes)) kernel.appendBytes(bytes, ids)
      else append(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(), ids)
    },
    shared: undefined
  }
}
