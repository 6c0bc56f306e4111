import type { IdBuffer } from './id-buffer.ts'
import type { SentencePieceModel } from './model.ts'
import { UnigramEncoder, type UnigramOptions } from './unigram-encoder.ts'
import { UnigramKernel } from './unigram-kernel.ts'
import { type UnigramTables, unigramTables } from './unigram-kernel-tables.ts'

/** What threads share of an encoder: the kernel's tables, or without a kernel a cache of words. */
export type SharedUnigram = { readonly tables: UnigramTables } | { readonly words: SharedArrayBuffer }

export interface SharedUnigramOptions extends Pick<UnigramOptions, 'tableBytes' | 'version'> {
  /** What an encoder in another thread shares, which must have the same model and version. */
  readonly shared?: SharedUnigram | undefined
}

export interface UnigramEncoding {
  /** Appends the ids of a text, in which a lone surrogate counts as U+FFFD. */
  readonly append: (text: string, ids: IdBuffer) => void
  readonly shared: SharedUnigram
}

/**
 * Encodes texts by a unigram model: by the kernel, where there is WebAssembly and memory, or else by `UnigramEncoder`.
 *
 * @throws Error for a model whose normalization is damaged
 */
export function unigramEncoding (model: SentencePieceModel, options: SharedUnigramOptions = {}): UnigramEncoding {
  const { version, tableBytes, shared } = options
  if (shared === undefined || 'tables' in shared) {
    const tables = shared?.tables ?? unigramTables(model, version ?? '0.1.97')
    const kernel = tables && kernelOf(model, tables, tableBytes)
    if (kernel !== undefined) return { append: withKernel(kernel, model, options), shared: { tables: tables! } }
  }
  const words = shared !== undefined && 'words' in shared ? shared.words : undefined
  const encoder = new UnigramEncoder(model, { ...options, words })
  return { append: (text, ids) => { encoder.append(text, ids) }, shared: { words: encoder.words } }
}

function kernelOf (
  model: SentencePieceModel, tables: UnigramTables, tableBytes: number | undefined
): UnigramKernel | undefined {
  try {
    const kernel = new UnigramKernel(tables, tableBytes)
    kernel.warmUp(model)
    return kernel
  } catch {
    return undefined // no memory
  }
}

function withKernel (
  kernel: UnigramKernel, model: SentencePieceModel, options: SharedUnigramOptions
): UnigramEncoding['append'] {
  let plain: UnigramEncoder | undefined
  return (text, ids) => {
    const begin = ids.length
    if (hasEncoded(kernel, text, ids)) return
    ids.length = begin
    plain ??= new UnigramEncoder(model, { ...options, tableBytes: 0 })
    plain.appendPlainly(text, ids)
  }
}

function hasEncoded (kernel: UnigramKernel, text: string, ids: IdBuffer): boolean {
  try {
    return kernel.append(text, ids)
  } catch (error) {
    if (error instanceof RangeError) return false // no memory
    throw error
  }
}
