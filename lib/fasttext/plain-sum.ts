import { bitsOf, wordHash } from './dictionary.ts'
import { type Rows, rowsOf } from './matrix.ts'
import type { SharedFastText } from './model.ts'

/** The end of a line, as a token that fastText adds to each line. */
export const LINE_END = Buffer.from('</s>')

/** Tokens with this prefix are labels, not words. Models don't store the prefix that they were trained with. */
const LABEL_PREFIX = Buffer.from('__label__')

const BEGIN_OF_WORD = '<'.charCodeAt(0)
const END_OF_WORD = '>'.charCodeAt(0)
const NGRAM_FACTOR = 116049371n

/**
 * Computes the vector of a text step by step as fastText does, to the last bit. It is the reference for the kernel, and
 * the fallback where the kernel can't be used.
 *
 * The vector is the mean of the rows of all features that the model has: words, and the n-grams of characters and of
 * words.
 */
export class PlainSum {
  readonly #model: SharedFastText
  readonly #input: Rows
  readonly #bytes: Uint8Array // bytes of the dictionary's entries
  readonly #starts: Int32Array
  readonly #slots: Int32Array
  readonly #kept: Int32Array | undefined
  readonly #sum: Float32Array
  #features = 0

  constructor (model: SharedFastText) {
    const { dictionary, memory: { buffer }, settings } = model
    const { bytesAt, bytes, startsAt, words, labels, slotsAt, slots, kept } = dictionary
    this.#model = model
    this.#input = rowsOf(model.memory, model.input)
    this.#bytes = new Uint8Array(buffer, bytesAt, bytes)
    this.#starts = new Int32Array(buffer, startsAt, words + labels + 1)
    this.#slots = new Int32Array(buffer, slotsAt, 2 * slots)
    this.#kept = kept && new Int32Array(buffer, kept.at, 4 * Math.ceil(settings.bucket / 64))
    this.#sum = new Float32Array(settings.dim)
  }

  /** The number of rows whose sum may be rounded differently from fastText's: none. */
  readonly count = 0

  /**
   * The vector of a text, which counts as one line; undefined if the model knows nothing in it. Valid until the next
   * call.
   */
  of (text: string): Float32Array | undefined {
    const bytes = Buffer.from(text)
    const { settings: { wordNgrams }, dictionary: { words } } = this.#model
    const sum = this.#sum.fill(0)
    this.#features = 0
    const hashes: number[] = []
    for (const word of [...wordsOf(bytes), LINE_END]) {
      const hash = wordHash(word, 0, word.length)
      const entry = this.#find(word, hash)
      const isLabel = entry === -1 ? isEqual(word.subarray(0, LABEL_PREFIX.length), LABEL_PREFIX) : entry >= words
      const isEnd = isEqual(word, LINE_END)
      if (!isLabel) {
        if (entry !== -1) this.#add(entry)
        if (!isEnd) this.#addCharacterNgrams(word)
        if (wordNgrams > 1) hashes.push(hash)
      }
      if (isEnd) break
    }
    this.#addWordNgrams(hashes)
    if (this.#features === 0) return undefined
    const share = Math.fround(1 / this.#features)
    for (let i = 0; i < sum.length; i++) sum[i]! *= share
    return sum
  }

  /** The same as `of`, which is already exact. */
  exactlyOf (text: string): Float32Array | undefined {
    return this.of(text)
  }

  /** The number of a dictionary entry; -1 if there is none. */
  #find (word: Uint8Array, hash: number): number {
    const slots = this.#slots
    const mask = slots.length / 2 - 1
    for (let slot = hash & mask; slots[2 * slot + 1] !== 0; slot = (slot + 1) & mask) {
      const entry = slots[2 * slot + 1]! - 1
      if (slots[2 * slot] === hash && isEqual(word, this.#wordOf(entry))) return entry
    }
    return -1
  }

  #wordOf (entry: number): Uint8Array {
    return this.#bytes.subarray(this.#starts[entry], this.#starts[entry + 1]! - 1)
  }

  #add (row: number): void {
    this.#input.add(row, this.#sum)
    this.#features++
  }

  #addCharacterNgrams (word: Uint8Array): void {
    const { minn, maxn, bucket } = this.#model.settings
    if (maxn <= 0) return
    const bytes = Buffer.alloc(word.length + 2, END_OF_WORD)
    bytes[0] = BEGIN_OF_WORD
    bytes.set(word, 1)
    for (let begin = 0; begin < bytes.length; begin++) {
      if (isInsideCharacter(bytes[begin])) continue
      let hash: number | undefined
      let end = begin
      for (let length = 1; length <= maxn && end < bytes.length; length++) {
        const from = end++
        while (isInsideCharacter(bytes[end])) end++
        hash = wordHash(bytes, from, end, hash)
        const isMark = length === 1 && (begin === 0 || end === bytes.length)
        if (length >= minn && !isMark) this.#addNgram((hash >>> 0) % bucket)
      }
    }
  }

  /** Adds the n-grams of each word and the words after it. */
  #addWordNgrams (hashes: readonly number[]): void {
    const { wordNgrams, bucket } = this.#model.settings
    const modulus = BigInt(bucket)
    for (let i = 0; i < hashes.length; i++) {
      let hash = BigInt.asUintN(64, BigInt(hashes[i]!))
      for (let j = i + 1; j < Math.min(i + wordNgrams, hashes.length); j++) {
        hash = BigInt.asUintN(64, hash * NGRAM_FACTOR + BigInt(hashes[j]!))
        this.#addNgram(Number(hash % modulus))
      }
    }
  }

  /** Adds the row of an n-gram, if it remained after pruning. */
  #addNgram (ngram: number): void {
    const { words } = this.#model.dictionary
    const kept = this.#kept
    if (kept === undefined) {
      this.#add(words + ngram)
      return
    }
    const cell = 4 * (ngram >>> 6)
    const half = ngram >>> 5 & 1
    const bits = kept[cell + half]!
    const bit = 1 << (ngram & 31)
    if ((bits & bit) === 0) return
    const before = kept[cell + 2]! + (half === 1 ? bitsOf(kept[cell]!) : 0) + bitsOf(bits & (bit - 1))
    this.#add(words + before)
  }
}

/** Words end at these bytes, and not at other white space. */
function isSeparator (byte: number): boolean {
  return byte === 0x20 || byte === 0 || (byte >= 9 && byte <= 13)
}

function wordsOf (bytes: Uint8Array): Uint8Array[] {
  const words: Uint8Array[] = []
  let begin = 0
  for (let at = 0; at <= bytes.length; at++) {
    if (at < bytes.length && !isSeparator(bytes[at]!)) continue
    if (at > begin) words.push(bytes.subarray(begin, at))
    begin = at + 1
  }
  return words
}

function isInsideCharacter (byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}

function isEqual (a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0
}
