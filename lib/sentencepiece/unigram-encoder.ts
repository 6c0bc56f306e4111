import { byteOfPiece } from './byte-pieces.ts'
import { ByteBuffer } from './byte-buffer.ts'
import { IdBuffer } from './id-buffer.ts'
import { LARGE, type Lexicon, type SentencePieceVersion, lexiconOf } from './lexicon.ts'
import type { SentencePieceModel } from './model.ts'
import { Normalizer, SPACE } from './normalizer.ts'
import { FARTHEST_TOTAL, MAX_MEASURED_BYTES, UnigramSearch } from './unigram-search.ts'
import { U2581, lengthOfChar } from './utf8.ts'
import { DEFAULT_TABLE_BYTES, MAX_WORD_BYTES, WordTable, wordMemory } from './word-table.ts'

export interface UnigramOptions {
  /** Maximum size of the memory for words; 0 for none. @default 48 MiB */
  readonly tableBytes?: number
  /** The memory of an encoder in another thread, which must have the same model and version. */
  readonly words?: SharedArrayBuffer | undefined
  /** @default '0.1.97' */
  readonly version?: SentencePieceVersion
}

/** The largest relative distance between neighbouring 32-bit floats. */
const FLOAT_STEP = 2 ** -23

/** Makes limits a little lower than necessary, since they are rounded themselves. */
const ALLOWANCE = 0.999

/**
 * Encodes texts by a unigram model, with the same ids as SentencePiece 0.1.97.
 *
 * If the best segmentation of a text is that of its words, a table keeps the segmentations of words. Rounding needs
 * care: SentencePiece adds scores from the beginning of the text, in 32 bits. So if two segmentations of a word are
 * almost equally good, the total before the word decides which one wins. For each word, the table has the largest total
 * at which rounding can't change the result; beyond it, the word is searched again. `appendPlainly` is the slow
 * equivalent, which normalizes and searches the whole text.
 */
export class UnigramEncoder {
  readonly #normalizer: Normalizer
  readonly #lexicon: Lexicon
  readonly #search: UnigramSearch
  readonly #table: WordTable
  /** The memory for words. */
  readonly words: SharedArrayBuffer
  /** Which bytes separate words; undefined if a text isn't the sum of its words. */
  readonly #separators: Uint8Array | undefined
  readonly #addsSpace: boolean
  readonly #dropsSpaces: boolean
  readonly #escapesSpaces: boolean
  readonly #byteIds: Int32Array | undefined // ids of the byte pieces
  readonly #longestWord: number // longest word that is looked up, in bytes

  readonly #source = new ByteBuffer()
  readonly #normalized = new ByteBuffer()
  readonly #pieces = new IdBuffer()
  readonly #ids = new IdBuffer()

  /**
   * @param model of the type `unigram`
   * @throws Error for a model whose normalization is damaged
   */
  constructor (model: SentencePieceModel, options: UnigramOptions = {}) {
    const { tableBytes = DEFAULT_TABLE_BYTES, words, version = '0.1.97' } = options
    const { pieces, normalizer, trainer } = model
    const symbols = pieces.filter(({ type }) => type === 'user_defined').map(({ piece }) => piece)
    this.#normalizer = new Normalizer(normalizer, symbols, trainer.treatWhitespaceAsSuffix)
    this.#lexicon = lexiconOf(model, version)
    this.#search = new UnigramSearch(this.#lexicon)
    const separators = this.#normalizer.separators()
    this.#separators = separators?.[SPACE] === 1 && this.#lexicon.isSumOfWords ? separators : undefined
    this.words = words ?? wordMemory(this.#separators === undefined ? 0 : tableBytes)
    this.#table = new WordTable(this.words)
    this.#addsSpace = normalizer.addDummyPrefix
    this.#dropsSpaces = normalizer.removeExtraWhitespaces
    this.#escapesSpaces = normalizer.escapeWhitespaces
    this.#longestWord = this.#table.isOff ? -1 : MAX_WORD_BYTES
    if (trainer.byteFallback) {
      this.#byteIds = new Int32Array(256)
      for (const [id, { piece, type }] of pieces.entries()) {
        if (type === 'byte') this.#byteIds[byteOfPiece(piece)!] = id
      }
    }
  }

  /** Appends the ids of a text, in which a lone surrogate counts as U+FFFD. */
  append (text: string, out: IdBuffer): void {
    // A U+2581 in the text is treated as a space, but not in every respect.
    const separators = this.#separators
    const isDone = separators !== undefined && !text.includes('\u2581') && this.#appendByTable(text, separators, out)
    if (!isDone) this.appendPlainly(text, out)
  }

  /** @returns false, and appends nothing, if another thread emptied the table meanwhile */
  #appendByTable (text: string, separators: Uint8Array, out: IdBuffer): boolean {
    const table = this.#table
    if (text === '') return true
    if (!table.enter()) return false
    const begin = out.length
    this.#withBuffers(out, () => { this.#appendWords(text, separators, out) })
    if (table.isAsEntered()) return true
    out.length = begin
    return false
  }

  /** Like `append`, without the table. It is the reference for tests of `append`. */
  appendPlainly (text: string, out: IdBuffer): void {
    this.#withBuffers(out, () => {
      this.#normalizer.append(this.#source.setText(text), this.#normalized)
      this.#appendSearched(0, out)
    })
  }

  /** Encodes a text, and clears the buffers for the next one. If it fails, nothing is appended. */
  #withBuffers (out: IdBuffer, work: () => void): void {
    const begin = out.length
    try {
      work()
    } catch (error) {
      out.length = begin
      throw error
    } finally {
      this.#source.clear()
      this.#normalized.clear()
      this.#pieces.clear()
      this.#ids.clear()
    }
  }

  #appendWords (text: string, separators: Uint8Array, out: IdBuffer): void {
    const { bytes, length } = this.#source.setText(text)
    const table = this.#table
    bytes[length] = SPACE // ends the last word
    let isSpaced = this.#addsSpace // whether a space is before the word
    let total = 0 // sum of the scores of all pieces so far
    for (let at = 0; ; at++) {
      const start = at
      let hash = 0
      for (let byte = bytes[at]!; separators[byte] === 0; byte = bytes[++at]!) {
        hash = Math.imul(hash ^ byte, 0x0100_0193)
      }
      if (at > start || !this.#dropsSpaces) {
        const isLookedUp = isSpaced && at - start <= this.#longestWord
        const entry = isLookedUp ? table.find(bytes, start, at, hash) : 0
        if (entry !== 0 && Math.abs(total) <= table.limit(entry)) {
          total = this.#appendEntry(entry, total, out)
        } else {
          if (!table.isAsEntered()) return // the total may be wrong
          const normalized = this.#normalized
          this.#normalizer.appendWord(bytes, start, at, normalized, isSpaced)
          const isAdded = isLookedUp && entry === 0 && normalized.length <= MAX_MEASURED_BYTES
          const added = isAdded ? this.#addEntry(start, at, hash) : 0
          const isSettled = added !== 0 && Math.abs(total) <= table.limit(added)
          total = isSettled ? this.#appendEntry(added, total, out) : this.#appendSearched(total, out)
          isSpaced ||= normalized.length > 0 || !this.#dropsSpaces
          normalized.clear()
        }
      }
      if (at === length) break
    }
  }

  /** Appends the ids of a word in the table. @returns the total after it */
  #appendEntry (entry: number, total: number, out: IdBuffer): number {
    const table = this.#table
    const { cells } = table
    const { scores } = this.#lexicon
    const at = table.piecesAt(entry)
    const count = table.pieceCount(entry)
    const idCount = table.idCount(entry)
    out.reserve(count + idCount)
    if (count === 1 && idCount === 0) { // most words
      const id = cells[at]!
      out.ids[out.length++] = id
      return Math.fround(total + scores[id]!)
    }
    let sum = total
    for (let i = at; i < at + count; i++) sum = Math.fround(sum + scores[cells[i]!]!)
    const from = idCount === 0 ? at : at + count
    const to = at + count + idCount
    for (let i = from; i < to; i++) out.ids[out.length++] = cells[i]!
    return sum
  }

  /** Adds a word of the source, whose normalized form is in `#normalized`, to the table. @returns its entry */
  #addEntry (start: number, end: number, hash: number): number {
    const { bytes, length } = this.#normalized
    const pieces = this.#pieces
    const ids = this.#ids
    const search = this.#search
    search.search(bytes, 0, length, 0, pieces, true)
    if (search.hasUnknown) this.#appendKnown(pieces, bytes, ids)
    const limit = this.#limitOf(pieces.length, bytes, length)
    const entry = this.#table.add(this.#source.bytes, start, end, hash, limit, pieces, ids)
    pieces.clear()
    ids.clear()
    return entry
  }

  /**
   * The largest total before a word at which the word is segmented as it was just now, with a total of 0.
   *
   * Rounding changes the sum after each piece by at most half a step, for this segmentation and for any other, which
   * has at most one piece for each character. The size of a step grows with the totals. These are farther from 0 than
   * the total before the word, by the scores of the word, of the other segmentation, and by any gain. The margin itself
   * is also rounded. All this holds for finite sums, which they are if no score and no total is above `LARGE`.
   */
  #limitOf (pieces: number, bytes: Uint8Array, length: number): number {
    const { margin, total, farthest } = this.#search
    const { gain, version } = this.#lexicon
    const steps = (pieces + charsOf(bytes, length)) / 2 + 1
    const room = margin / (steps * FLOAT_STEP) - margin - 2 * Math.abs(total) - 6 * gain * length
    const limit = margin === Infinity ? Infinity : ALLOWANCE * room
    if (version === '0.1.97') return Math.min(limit, LARGE)
    // A total must not restart at 0 inside the word. The limit allows for rounding, at most 1/256 for each piece.
    return Math.min(limit, FARTHEST_TOTAL - farthest - gain * length - length / 128 - 1)
  }

  /** Searches the text in `#normalized`, and appends its ids. @returns the total after it */
  #appendSearched (total: number, out: IdBuffer): number {
    const { bytes, length } = this.#normalized
    const search = this.#search
    const begin = out.length
    search.search(bytes, 0, length, total, out, false)
    if (search.hasUnknown) {
      const pieces = this.#pieces
      pieces.append(out.ids, begin, out.length)
      out.length = begin
      this.#appendKnown(pieces, bytes, out)
      pieces.clear()
    }
    return search.total
  }

  /**
   * Appends the ids of pieces of which some are unknown characters. An unknown character becomes its bytes, if the
   * model has byte pieces; otherwise a run of them is one id (`PopulateSentencePieceText` in
   * src/sentencepiece_processor.cc).
   */
  #appendKnown (pieces: IdBuffer, bytes: Uint8Array, out: IdBuffer): void {
    const { lengths, unkId } = this.#lexicon
    let at = 0
    let isRun = false
    for (let i = 0; i < pieces.length; i++) {
      const id = pieces.ids[i]!
      const isUnknown = id === unkId
      const end = at + (isUnknown ? lengthOfChar(bytes[at]!) : lengths[id]!)
      if (isUnknown && this.#byteIds !== undefined) this.#appendBytes(this.#byteIds, bytes, at, end, out)
      else if (!isUnknown || !isRun) out.push(id)
      isRun = isUnknown
      at = end
    }
  }

  #appendBytes (byteIds: Int32Array, bytes: Uint8Array, from: number, to: number, out: IdBuffer): void {
    const char = bytes[from] === SPACE && this.#escapesSpaces ? U2581 : bytes.subarray(from, to)
    for (const byte of char) out.push(byteIds[byte]!)
  }
}

/** Number of characters of a text in UTF-8. */
function charsOf (bytes: Uint8Array, length: number): number {
  let chars = 0
  for (let at = 0; at < length; at++) {
    if ((bytes[at]! & 0xc0) !== 0x80) chars++
  }
  return chars
}
