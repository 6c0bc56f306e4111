import { PAGE_BYTES } from '../kernels/arena.ts'
import { instantiate } from '../kernels/instantiate.ts'
import { IdBuffer } from './id-buffer.ts'
import type { SentencePieceModel } from './model.ts'
import {
  DONE, type Exports, MARKED, NORMALIZED_SLACK, NO_ROOM, PLACE_BYTES, REPLACED_BYTES, SETTINGS, type Setting,
  type Settings, TEXT_SLACK, TOO_LONG
} from './unigram-kernel-layout.ts'
import type { UnigramTables } from './unigram-kernel-tables.ts'

// Of the table of words: a larger one keeps more of them, and is slower, since the processor's caches are small.
const MOST_BITS = 14 // of entries of 64 bytes: 1 MiB for long words
const MORE_SHORT_BITS = 2 // 4 MiB for short ones
const LEAST_BITS = 4
const LEAST_SPILL = 2 ** 14
const SPILL_BYTES = 2 ** 22 // with the most entries; less with fewer

/** Bytes of normalized text that most words have room in, and of ids: several times those of such a word. */
const WORD_BYTES = 2 ** 12
const OUT_BYTES = 2 ** 18

/** Bytes of the longest text or word that the kernel encodes at once, normalized or not, and the least room for one. */
const MOST_LONG_BYTES = 2 ** 20
const LEAST_LONG_BYTES = 2 ** 16

/** Words that are encoded before any text, and how many of them by one call. */
const WARMING_WORDS = 2 ** 13
const WORDS_A_CALL = 4

/** UTF-16 units of a text that are encoded together, where it can be cut. */
const PART = 2 ** 16

/** Of UTF-8, for a code unit of UTF-16. */
const MOST_BYTES = 3

/** A normalized text, and its places. */
interface Room {
  readonly normalizedAt: number
  readonly normalizedRoom: number
  readonly placesAt: number
}

const utf8 = new TextEncoder()

/** Encodes texts by the wasm kernel, to the same ids as `UnigramEncoder`. */
export class UnigramKernel {
  readonly #tables: UnigramTables
  readonly #kernel: Exports
  readonly #settingsAt: number
  readonly #out: Int32Array
  readonly #forWords: Room
  #forLong: Room
  #textAt = 0
  #text: Uint8Array = new Uint8Array()

  /**
   * @param tableBytes maximum size of the table of words
   * @throws RangeError where there is no memory for the thread
   */
  constructor (tables: UnigramTables, tableBytes = Infinity) {
    this.#tables = tables
    this.#kernel = { ...instantiate('unigram', tables.memory) as Exports } // faster than the object of exports itself
    const bits = bitsFor(tableBytes)
    const entries = 64 * 2 ** bits
    const spill = Math.max(LEAST_SPILL, SPILL_BYTES >> (MOST_BITS - bits))
    const [settingsAt, shortAt, longAt, spillAt, outAt, replacedAt] = this.#take([
      4 * SETTINGS.length, entries << MORE_SHORT_BITS, entries, spill, OUT_BYTES + 16, REPLACED_BYTES
    ])
    this.#settingsAt = settingsAt
    this.#out = new Int32Array(tables.memory.buffer, outAt, OUT_BYTES / 4)
    this.#settings().set(tables.settings)
    this.#forWords = this.#roomFor(WORD_BYTES)
    this.#forLong = this.#forWords
    const shortBits = bits + MORE_SHORT_BITS
    const table = { shortAt, shortBits, longAt, longBits: bits, spillAt, spillEnd: spillAt + spill }
    this.#set({ ...table, outAt, outRoom: OUT_BYTES, replacedAt, ...this.#forWords })
    this.#kernel.setup(settingsAt)
    this.#kernel.clear()
    this.#makeRoom(MOST_BYTES * PART)
  }

  /**
   * Encodes the first words of the vocabulary, usually its most frequent: they are in the table then, and the engine
   * compiles the kernel better when its functions were called for a while.
   */
  warmUp ({ pieces }: SentencePieceModel): void {
    if (!this.#tables.isSumOfWords) return
    const words: string[] = []
    for (const { piece, type } of pieces) {
      if (type === 'normal' && piece.length > 1 && piece.startsWith('\u2581')) words.push(piece.slice(1))
      if (words.length === WARMING_WORDS) break
    }
    const ids = new IdBuffer()
    for (let end = words.length; end > 0; end -= WORDS_A_CALL) { // the most frequent last, so that they stay
      ids.clear()
      const some = words.slice(Math.max(end - WORDS_A_CALL, 0), end)
      this.append(some.join(' '), ids)
      if (end % 64 === 0) this.append(some.join('').repeat(4), ids) // a word that isn't kept
    }
  }

  /**
   * Appends the ids of a text, in which a lone surrogate counts as U+FFFD.
   *
   * @returns false, with some ids appended, for a text that is too long
   * @throws RangeError where there is no memory
   */
  append (text: string, ids: IdBuffer): boolean {
    if (!this.#tables.isSumOfWords) return this.#appendText(text, ids)
    const begin = ids.length
    const reason = this.#appendWords(text, ids)
    if (reason !== MARKED) return reason === DONE
    ids.length = begin
    return this.#appendText(text, ids)
  }

  /** @returns why there are not all ids */
  #appendWords (text: string, ids: IdBuffer): number {
    if (text === '') return DONE
    this.#kernel.beginText()
    if (text.length <= PART) return this.#appendPart(text, ids)
    for (let at = 0; at <= text.length;) {
      const end = endOfPart(text, at)
      const reason = this.#appendPart(text.slice(at, end), ids)
      if (reason !== DONE) return reason
      at = end + 1
    }
    return DONE
  }

  #appendPart (text: string, ids: IdBuffer): number {
    const length = this.#write(text)
    if (length === undefined) return TOO_LONG
    const { encode, stopped, whyStopped, wordLength } = this.#kernel
    const { isWide } = this.#tables
    const end = this.#textAt + length
    for (let at = this.#textAt; at <= end;) {
      ids.append(this.#out, 0, encode(isWide, at, end))
      at = stopped()
      if (whyStopped() === DONE) continue
      if (whyStopped() === TOO_LONG) this.#appendLong(wordLength(), () => this.#kernel.encodeLong(isWide), ids)
      if (whyStopped() !== DONE) return whyStopped()
      at += wordLength() + 1
    }
    return DONE
  }

  #appendText (text: string, ids: IdBuffer): boolean {
    const length = this.#write(text)
    if (length === undefined) return false
    const end = this.#textAt + length
    return this.#appendLong(length, () => this.#kernel.encodeText(this.#tables.isWide, this.#textAt, end), ids)
  }

  /**
   * Appends the ids of a long word or text, with as much room as its normalized form needs.
   *
   * @returns whether it could be encoded
   */
  #appendLong (length: number, encode: () => number, ids: IdBuffer): boolean {
    let room = Math.max(LEAST_LONG_BYTES, this.#forLong.normalizedRoom)
    while (room < length + NORMALIZED_SLACK) room *= 2
    for (; room <= MOST_LONG_BYTES; room *= 2) {
      if (room > this.#forLong.normalizedRoom) this.#forLong = this.#roomFor(room)
      this.#set(this.#forLong)
      const count = encode()
      this.#set(this.#forWords)
      if (count === NO_ROOM) {
        if (this.#kernel.whyStopped() === MARKED) return false
        continue
      }
      ids.append(new Int32Array(this.#tables.memory.buffer, this.#forLong.placesAt, count), 0, count)
      return true
    }
    return false
  }

  /** Writes a text into the memory. @returns its bytes; undefined for more than are encoded at once */
  #write (text: string): number | undefined {
    if (MOST_BYTES * text.length > this.#text.length) {
      const length = Buffer.byteLength(text)
      if (length > MOST_LONG_BYTES) return undefined
      if (length > this.#text.length) this.#makeRoom(Math.max(length, Math.min(2 * this.#text.length, MOST_LONG_BYTES)))
    }
    return utf8.encodeInto(text, this.#text).written
  }

  #makeRoom (bytes: number): void {
    const [at] = this.#take([bytes + TEXT_SLACK])
    this.#textAt = at
    this.#text = new Uint8Array(this.#tables.memory.buffer, at, bytes)
  }

  #roomFor (bytes: number): Room {
    const [normalizedAt, placesAt] = this.#take([bytes + NORMALIZED_SLACK, PLACE_BYTES * (bytes + 1)])
    return { normalizedAt, normalizedRoom: bytes, placesAt }
  }

  /** Takes memory, which other threads may do at the same time. @returns where its parts begin, multiples of 64 */
  #take<const Parts extends readonly number[]> (parts: Parts): { readonly [I in keyof Parts]: number } {
    const sizes = parts.map(bytes => 64 * Math.ceil(bytes / 64))
    const { memory } = this.#tables
    let at = memory.grow(Math.ceil(sizes.reduce((sum, size) => sum + size, 0) / PAGE_BYTES)) * PAGE_BYTES
    return sizes.map(size => (at += size) - size) as { [I in keyof Parts]: number }
  }

  #settings (): Uint32Array {
    return new Uint32Array(this.#tables.memory.buffer, this.#settingsAt, SETTINGS.length)
  }

  #set (changed: Partial<Settings>): void {
    const settings = this.#settings()
    for (const [name, value] of Object.entries(changed)) settings[SETTINGS.indexOf(name as Setting)] = value
  }
}

/** The size of a table that takes at most some bytes, or the smallest size. */
function bitsFor (tableBytes: number): number {
  const bytesAnEntry = 64 + (64 << MORE_SHORT_BITS) + (SPILL_BYTES >> MOST_BITS)
  const bits = Math.floor(Math.log2(Math.max(tableBytes, 1) / bytesAnEntry))
  return Math.min(Math.max(bits, LEAST_BITS), MOST_BITS)
}

/** Where a part of a text from one place on ends: at a space, or with the text. */
function endOfPart (text: string, at: number): number {
  if (text.length - at <= PART) return text.length
  const before = text.lastIndexOf(' ', at + PART)
  const end = before >= at ? before : text.indexOf(' ', at + PART)
  return end === -1 ? text.length : end
}
