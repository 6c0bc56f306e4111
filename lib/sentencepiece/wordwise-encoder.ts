import { ByteBuffer } from './byte-buffer.ts'
import { IdBuffer } from './id-buffer.ts'
import type { SentencePieceModel } from './model.ts'
import { Normalizer, SPACE } from './normalizer.ts'
import { MAX_WORD_BYTES, WordTable } from './word-table.ts'

const NO_IDS = new IdBuffer()

/**
 * Whether the ids of a text are those of its words, one after the other. This holds for a BPE model that merges nothing
 * across a space, and that normalizes each word by itself, with a space before it and none after.
 */
export function isWordwise ({ pieces, normalizer, trainer }: SentencePieceModel): boolean {
  if (trainer.modelType !== 'bpe' || !normalizer.addDummyPrefix || !normalizer.removeExtraWhitespaces) return false
  const symbols = pieces.filter(({ type }) => type === 'user_defined').map(({ piece }) => piece)
  const separators = new Normalizer(normalizer, symbols, trainer.treatWhitespaceAsSuffix).separators()
  if (separators?.[SPACE] !== 1) return false
  return pieces.some(({ piece }) => piece === '\u2581') && pieces.every(({ piece }) => piece.lastIndexOf('\u2581') <= 0)
}

/**
 * Encodes texts with another encoder, and caches the ids of words. The model must be `isWordwise`. The encoder alone is
 * the slow equivalent.
 */
export class WordwiseEncoder {
  readonly #encode: (text: string) => Int32Array
  readonly #table: WordTable
  readonly #source = new ByteBuffer()
  readonly #word = new IdBuffer()

  /** @param words memory for the cache, as `wordMemory` returns it */
  constructor (encode: (text: string) => Int32Array, words: SharedArrayBuffer) {
    this.#encode = encode
    this.#table = new WordTable(words)
  }

  /**
   * Appends the ids of a text, in which a lone surrogate counts as U+FFFD.
   *
   * @throws what `encode` throws; nothing is appended then
   */
  append (text: string, out: IdBuffer): void {
    const begin = out.length
    // A U+2581 in the text is treated as a space, but not in every respect.
    const isDone = !this.#table.isOff && !text.includes('\u2581') && this.#appendWords(text, out)
    if (isDone) return
    out.length = begin
    appendAll(this.#encode(text), out)
  }

  /** @returns false if another thread emptied the table meanwhile, so that the appended ids may be wrong */
  #appendWords (text: string, out: IdBuffer): boolean {
    const table = this.#table
    if (!table.enter()) return false
    const begin = out.length
    try {
      const { bytes, length } = this.#source.setText(text)
      bytes[length] = SPACE // ends the last word
      for (let at = 0; at <= length; at++) {
        const start = at
        let hash = 0
        for (let byte = bytes[at]!; byte !== SPACE; byte = bytes[++at]!) hash = Math.imul(hash ^ byte, 0x0100_0193)
        if (at === start) continue
        const entry = at - start <= MAX_WORD_BYTES ? table.find(bytes, start, at, hash) : 0
        if (entry === 0) this.#appendWord(bytes, start, at, hash, out)
        else out.append(table.cells, table.piecesAt(entry), table.piecesAt(entry) + table.pieceCount(entry))
      }
      return table.isAsEntered()
    } catch (error) {
      out.length = begin
      throw error
    } finally {
      this.#source.clear()
    }
  }

  #appendWord (bytes: Uint8Array, start: number, end: number, hash: number, out: IdBuffer): void {
    const ids = this.#encode(Buffer.from(bytes.buffer, start, end - start).toString())
    appendAll(ids, out)
    if (end - start > MAX_WORD_BYTES) return
    this.#word.clear()
    appendAll(ids, this.#word)
    this.#table.add(bytes, start, end, hash, 0, this.#word, NO_IDS)
  }
}

function appendAll (ids: Int32Array, out: IdBuffer): void {
  out.append(ids, 0, ids.length)
}
