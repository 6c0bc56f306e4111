import { ByteBuffer } from '../sentencepiece/byte-buffer.ts'
import { type DoubleArray, ROOT, buildDoubleArray, endsKey, step } from '../sentencepiece/double-array.ts'
import { type Normalizer, SPACE } from '../sentencepiece/normalizer.ts'
import { byteString } from '../sentencepiece/utf8.ts'
import { longRuns } from './long-runs.ts'
import { WordCounts } from './word-counts.ts'

/** Longer lines, in UTF-16 units, are cut; `spm_train` drops lines of more bytes. */
export const MAX_LINE = 4192

/** Stands for a meta piece in a word; no model has this character as a piece. */
export const META = 0x09

/** Reads the words of texts and counts them. */
export class WordReader {
  readonly words = new WordCounts()
  sentences = 0
  cutLines = 0
  /** Runs that were left out because they are too long. */
  longRuns = 0
  longRunCharacters = 0
  readonly #normalizer: Normalizer
  readonly #splits: boolean
  readonly #maxRunChars: number
  readonly #metas: DoubleArray
  readonly #beginsMeta = new Uint8Array(256)
  readonly #source = new ByteBuffer()
  #line = new ByteBuffer()
  #replaced = new ByteBuffer()

  /**
   * @param normalizer must escape spaces and not have the user-defined symbols
   * @param metas pieces that don't depend on the text; an occurrence of one is read as an unknown character
   * @param splits whether words end at spaces; otherwise a line is one word
   * @param maxRunChars longer runs without a space are left out; 0: none
   */
  constructor (normalizer: Normalizer, metas: readonly string[], splits: boolean, maxRunChars = 0) {
    this.#normalizer = normalizer
    this.#splits = splits
    this.#maxRunChars = maxRunChars
    // In normalized text the byte of a space stands for U+2581, and there is no other space.
    const keys = metas
      .filter(piece => !piece.includes(' ') && !piece.includes('\0'))
      .map(piece => byteString(piece.replaceAll('\u2581', ' ')))
    this.#metas = buildDoubleArray(new Map(keys.map(key => [key, 0])))
    for (const key of keys) this.#beginsMeta[key.charCodeAt(0)] = 1
  }

  /** Reads the words of a text, line by line. */
  read (text: string): void {
    for (let from = 0; from < text.length;) {
      const newline = text.indexOf('\n', from)
      const to = newline === -1 ? text.length : newline
      if (to - from > this.#maxRunChars && this.#maxRunChars > 0) this.#readWithoutRuns(text, from, to)
      else this.#readPart(text, from, to)
      from = to + 1
    }
  }

  /** The text before a run that is left out, and the text after it, are two lines, since they weren't adjacent. */
  #readWithoutRuns (text: string, from: number, to: number): void {
    let at = from
    for (const [start, end] of longRuns(text, from, to, this.#maxRunChars)) {
      this.#readPart(text, at, start)
      this.longRuns++
      this.longRunCharacters += end - start
      at = end
    }
    this.#readPart(text, at, to)
  }

  #readPart (text: string, from: number, to: number): void {
    if (to - from > MAX_LINE) this.#readLong(text, from, to)
    else if (to > from) this.#readLine(text.slice(from, to))
  }

  #readLong (text: string, from: number, to: number): void {
    this.cutLines++
    let at = from
    while (to - at > MAX_LINE) {
      // Searches only the part to cut: everything before may be long and without a space.
      const space = text.slice(at + 1, at + 1 + MAX_LINE).lastIndexOf(' ')
      let cut = space === -1 ? at + MAX_LINE : at + 1 + space
      if (isTrail(text.charCodeAt(cut))) cut-- // keep surrogate pairs whole
      this.#readLine(text.slice(at, cut))
      at = cut
    }
    this.#readLine(text.slice(at, to))
  }

  #readLine (text: string): void {
    this.#line.length = 0
    this.#normalizer.append(this.#source.setText(text), this.#line)
    if (this.#line.length === 0) return
    this.sentences++
    this.#replaceMetas()
    const { words } = this
    const { bytes, length } = this.#line
    let from = 0
    for (let at = 1; this.#splits && at < length; at++) {
      if (bytes[at] !== SPACE) continue
      words.add(bytes, from, at, 'space')
      from = at
    }
    words.add(bytes, from, length, 'end')
  }

  #replaceMetas (): void {
    const { bytes, length } = this.#line
    const begins = this.#beginsMeta
    let at = 0
    while (at < length && begins[bytes[at]!] === 0) at++
    if (at === length) return
    const out = this.#replaced
    out.length = 0
    out.reserve(length)
    at = 0
    while (at < length) {
      const end = begins[bytes[at]!] === 0 ? at : this.#longestMeta(bytes, at, length)
      if (end === at) out.bytes[out.length++] = bytes[at++]!
      else {
        out.bytes[out.length++] = META
        at = end
      }
    }
    this.#replaced = this.#line
    this.#line = out
  }

  #longestMeta (bytes: Uint8Array, from: number, to: number): number {
    let end = from
    for (let at = from, node = ROOT; at < to;) {
      node = step(this.#metas, node, bytes[at++]!)
      if (node === -1) break
      if (endsKey(this.#metas, node)) end = at
    }
    return end
  }
}

function isTrail (unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}
