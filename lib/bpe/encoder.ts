import type { IdBuffer } from '../sentencepiece/id-buffer.ts'
import { type SpecialTokens, cutterOf } from './added-tokens.ts'
import { KernelEncoder } from './kernel-encoder.ts'
import { type BpeTables, kernelTables } from './kernel-tables.ts'
import type { BpeModel } from './model.ts'
import { nfc } from './nfc.ts'
import { plainEncoder } from './plain-encoder.ts'

/** What another thread needs in order to encode as a tokenizer does. It can be posted to one; its tables are shared. */
export interface SharedByteLevel extends Pick<BpeModel, 'added' | 'normalization'> {
  readonly tables: BpeTables
  readonly specialTokens: SpecialTokens
}

/** Encodes texts by a byte-level BPE model. */
export interface ByteLevelEncoder {
  readonly append: (text: string, ids: IdBuffer) => void
  /** Undefined where the kernel can't encode with the model, and the plain path does. */
  readonly shared: SharedByteLevel | undefined
}

/** @param specialTokens what becomes of the names of special tokens in texts */
export function byteLevelEncoder (model: BpeModel, specialTokens: SpecialTokens): ByteLevelEncoder {
  const tables = kernelTables(model)
  if (tables === undefined) {
    return { append: whole(model, specialTokens, plainEncoder(model)), shared: undefined }
  }
  const { added, normalization } = model
  const shared = { added, normalization, tables, specialTokens }
  return { append: sharedEncoder(shared), shared }
}

/** Encodes as the tokenizer in another thread does. */
export function sharedEncoder (shared: SharedByteLevel): ByteLevelEncoder['append'] {
  const kernel = new KernelEncoder(shared.tables)
  return whole(shared, shared.specialTokens, (text, ids) => { kernel.append(text, ids) })
}

/** Encodes the text between added tokens, normalized. */
function whole (
  { added, normalization }: Pick<BpeModel, 'added' | 'normalization'>,
  specialTokens: SpecialTokens,
  append: ByteLevelEncoder['append']
): ByteLevelEncoder['append'] {
  const cut = cutterOf(added, specialTokens)
  const appendText = normalization === null
    ? append
    : (text: string, ids: IdBuffer): void => { append(nfc(text), ids) }
  if (cut === undefined) return appendText
  return (text, ids) => {
    for (const part of cut(text)) {
      if (typeof part === 'number') ids.push(part)
      else appendText(part, ids)
    }
  }
}
