import { bpeNormalizer } from '../sentencepiece/bpe-encoder.ts'
import { ByteBuffer } from '../sentencepiece/byte-buffer.ts'
import type { IdBuffer } from '../sentencepiece/id-buffer.ts'
import type { SentencePieceModel } from '../sentencepiece/model.ts'
import type { Normalizer } from '../sentencepiece/normalizer.ts'
import { simpleNormalizer } from '../sentencepiece/simple-normalizer.ts'
import { KernelEncoder } from './kernel-encoder.ts'
import type { BpeTables } from './kernel-tables.ts'

/** Encodes texts by the wasm kernel, to the same ids as `BpeEncoder`. */
export class SentencePieceKernelEncoder {
  readonly #kernel: KernelEncoder
  readonly #normalizer: Normalizer
  readonly #normalizedSimply: (text: string) => string | undefined
  readonly #source = new ByteBuffer()
  readonly #normalized = new ByteBuffer()

  /** @throws Error for a model whose normalization is damaged, or where there is no memory for the thread */
  constructor (model: SentencePieceModel, tables: BpeTables) {
    this.#normalizer = bpeNormalizer(model)
    this.#normalizedSimply = simpleNormalizer(model)
    this.#kernel = new KernelEncoder(tables)
  }

  /**
   * Appends the ids of a text, in which a lone surrogate counts as U+FFFD.
   *
   * @throws RangeError for a text that there is no memory for
   */
  append (text: string, ids: IdBuffer): void {
    const simple = this.#normalizedSimply(text)
    if (simple !== undefined) {
      this.#kernel.append(simple, ids)
      return
    }
    const normalized = this.#normalized
    try {
      this.#normalizer.append(this.#source.setText(text), normalized)
      this.#kernel.appendBytes(normalized.bytes.subarray(0, normalized.length), ids)
    } finally {
      this.#source.clear()
      normalized.clear()
    }
  }
}
