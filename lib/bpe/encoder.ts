import { isUtf8 } from 'node:buffer'
import type { IdBuffer } from '../sentencepiece/id-buffer.ts'
import { type Part, type SpecialTokens, cutterOf } from './added-tokens.ts'
import { KernelEncoder } from './kernel-encoder.ts'
import type { BpeTables } from './kernel-tables.ts'
import type { BpeModel } from './model.ts'
import { normalized } from './normalizers.ts'
import { plainEncoder } from './plain-encoder.ts'
import { normalizedTokens } from './read-added-tokens.ts'

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
  /** `kernel`: the wasm kernel; `plain`: JavaScript, which is slower. */
  readonly path: 'kernel' | 'plain'
}

/** Options of `bpeEncoder`. */
export interface BpeEncoderOptions {
  /** What becomes of special tokens in texts. @default 'text' */
  readonly specialTokens?: SpecialTokens
}

/** @param tables from `kernelTables`, which threads share; undefined for the plain path */
export function bpeEncoder (
  model: BpeModel,
  tables: BpeTables | undefined,
  { specialTokens = 'text' }: BpeEncoderOptions = {}
): BpeEncoder {
  const kernel = tables === undefined ? undefined : new KernelEncoder(tables)
  const appendPart = kernel === undefined
    ? plainEncoder(model)
    : (text: string, ids: IdBuffer): void => { kernel.append(text, ids) }
  const { normalizers } = model
  const cut = cutterOf(model.added.filter(token => !token.normalized), specialTokens)
  const cutNormalized = cutterOf(
    normalizedTokens(model.added.filter(token => token.normalized), normalizers), specialTokens
  )
  const appendRaw = (part: Part, ids: IdBuffer): void => {
    if (typeof part === 'number') {
      ids.push(part)
      return
    }
    const text = normalized(part, normalizers)
    if (cutNormalized === undefined) appendPart(text, ids)
    else for (const inner of cutNormalized(text)) typeof inner === 'number' ? ids.push(inner) : appendPart(inner, ids)
  }
  const appendText = (text: string, ids: IdBuffer): void => {
    const wellFormed = text.toWellFormed()
    if (cut === undefined) appendRaw(wellFormed, ids)
    else for (const part of cut(wellFormed)) appendRaw(part, ids)
  }
  const isDirect = kernel !== undefined && normalizers.length === 0 && cut === undefined && cutNormalized === undefined
  return {
    append: isDirect ? appendPart : appendText,
    appendBytes: (bytes, ids) => {
      if (isDirect && isUtf8(bytes)) kernel.appendBytes(bytes, ids)
      else appendText(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(), ids)
    },
    path: kernel === undefined ? 'plain' : 'kernel'
  }
}
