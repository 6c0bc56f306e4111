import { ByteBuffer } from './byte-buffer.ts'
import { type Charsmap, readCharsmap } from './charsmap.ts'
import { type DoubleArray, ROOT, buildDoubleArray, endsKey, step } from './double-array.ts'
import type { NormalizerSpec } from './model.ts'
import { U2581, byteString, codePointAt, lengthOfChar } from './utf8.ts'

/**
 * The byte of a space in normalized text. If spaces are escaped, it stands for U+2581, which takes three bytes in
 * UTF-8; an escaped text has no other spaces.
 */
export const SPACE = 0x20

// How an ASCII character is normalized: perhaps by a rule; unchanged, unless a byte of 0x80 or above follows (letters,
// which a combining mark may follow); always unchanged.
const UNKNOWN = 0 // not met so far
const BY_RULE = 1
const BY_WHAT_FOLLOWS = 2
const AS_ITSELF = 3

/**
 * Normalizes text for a model. Text is rewritten by the model's table, except user-defined symbols; then white space is
 * normalized (`Normalizer::Normalize` in src/normalizer.cc of SentencePiece 0.1.97). Buffers must be valid UTF-8.
 */
export class Normalizer {
  readonly #spec: NormalizerSpec
  readonly #spaceIsSuffix: boolean
  readonly #charsmap: Charsmap | undefined
  readonly #symbols: DoubleArray | undefined
  readonly #symbolBytes: ReadonlySet<number>
  readonly #ascii = new Uint8Array(128)
  readonly #wide = new Uint8Array(0x1_0000) // the same of code points of two or three bytes
  #afterSpace = false // whether spaces are dropped until another character
  // The last result of `#find`: the bytes for a place in a text, and the value of the key there.
  #found: Uint8Array = new Uint8Array()
  #foundFrom = 0
  #foundTo = 0
  #value = 0

  /**
   * @param symbols user-defined symbols, which are left unchanged
   * @param spaceIsSuffix whether the space that is added to a text is put after it
   * @throws Error when the model's table is damaged
   */
  constructor (spec: NormalizerSpec, symbols: readonly string[] = [], spaceIsSuffix = false) {
    this.#spec = spec
    this.#spaceIsSuffix = spaceIsSuffix
    if (symbols.length > 0) this.#symbols = buildDoubleArray(new Map(symbols.map(symbol => [byteString(symbol), 0])))
    this.#symbolBytes = new Set(Buffer.from(symbols.join('')))
    if (spec.precompiledCharsmap.length > 0) this.#charsmap = readCharsmap(spec.precompiledCharsmap)
    for (let char = 0; char < 128; char++) this.#ascii[char] = this.#howNormalized(char)
  }

  /** The normalized form of a text, in which spaces are escaped if the model does so. */
  normalize (text: string): string {
    const normalized = new ByteBuffer()
    this.append(new ByteBuffer().setText(text), normalized)
    const { bytes, length } = normalized
    const decoded = Buffer.from(bytes.buffer, 0, length).toString()
    return this.#spec.escapeWhitespaces ? decoded.replaceAll(' ', '\u2581') : decoded
  }

  /** Appends the normalized form of a whole text. */
  append ({ bytes, length }: ByteBuffer, out: ByteBuffer): void {
    const { addDummyPrefix, removeExtraWhitespaces } = this.#spec
    const begin = removeExtraWhitespaces ? this.#skipSpaces(bytes, length) : 0
    if (begin === length) return
    const start = out.length
    this.#appendRewritten(bytes, begin, length, out, addDummyPrefix && !this.#spaceIsSuffix)
    if (removeExtraWhitespaces) dropSpaces(out, start)
    if (addDummyPrefix && this.#spaceIsSuffix) appendSpace(out)
  }

  /**
   * Appends the normalized form of a word, as it is in a text between two `separators`. The word must not have U+2581,
   * which is a space at the end of a text but not before another word.
   *
   * @param spaced whether a space is before the word, or is added to the text
   */
  appendWord (source: Uint8Array, from: number, to: number, out: ByteBuffer, spaced: boolean): void {
    const start = out.length
    this.#appendRewritten(source, from, to, out, spaced)
    if (this.#spec.removeExtraWhitespaces) dropSpaces(out, start)
  }

  /**
   * For each byte, whether it is an ASCII character that always becomes a space, so that the text before it doesn't
   * affect how the text after it is rewritten.
   *
   * Undefined if a normalized text isn't the concatenation of its normalized words. This is the case if the model's
   * table converts other text to U+2581, or to several spaces, which are kept before a word but not at the end of a
   * text. It is also the case if spaces aren't escaped, or are added after words.
   */
  separators (): Uint8Array | undefined {
    if (!this.#spec.escapeWhitespaces || this.#spaceIsSuffix || this.#makesSpaces()) return undefined
    return Uint8Array.from({ length: 256 }, (_, char) => {
      if (char >= 128 || !this.#isByItself(char)) return 0
      this.#find(Uint8Array.of(char), 0, 1)
      return this.#foundSpace() ? 1 : 0
    })
  }

  /** Whether the model's table converts other text to U+2581 or to several spaces. */
  #makesSpaces (): boolean {
    if (this.#charsmap === undefined) return false
    const replacements = Buffer.from(this.#charsmap.replacements)
    return ['\u2581', '  '].some(text => replacements.includes(text))
  }

  /** Whether an ASCII character is in no symbol, and in no key with other characters. */
  #isByItself (char: number): boolean {
    if (this.#symbolBytes.has(char)) return false
    const charsmap = this.#charsmap
    if (charsmap === undefined) return true
    return !charsmap.insides.has(char) && (charsmap.beginnings.get(char)?.size ?? 0) === 0
  }

  #howNormalized (char: number): number {
    if (this.#symbols !== undefined && step(this.#symbols, ROOT, char) !== -1) return BY_RULE
    const child = this.#charsmap === undefined || char === 0 ? -1 : step(this.#charsmap.trie, ROOT, char)
    if (child === -1) return AS_ITSELF
    if (endsKey(this.#charsmap!.trie, child)) return BY_RULE
    const following = this.#charsmap!.beginnings.get(char)!
    return [...following].some(next => next < 128) ? BY_RULE : BY_WHAT_FOLLOWS
  }

  /** The start of the text after spaces, and after characters that become spaces. */
  #skipSpaces (source: Uint8Array, to: number): number {
    let at = 0
    while (at < to) {
      const next = this.#find(source, at, to)
      if (!this.#foundSpace()) break
      at = next
    }
    return at
  }

  #appendRewritten (source: Uint8Array, from: number, to: number, out: ByteBuffer, spaced: boolean): void {
    const ascii = this.#ascii
    const removesExtra = this.#spec.removeExtraWhitespaces
    out.reserve(to - from + 1)
    if (spaced) appendSpace(out)
    this.#afterSpace = removesExtra
    let at = from
    while (at < to) {
      const byte = source[at]!
      if (byte >= 128 && byte < 0xf0 && this.#isUnchanged(source, at)) {
        out.bytes[out.length++] = byte
        out.bytes[out.length++] = source[at + 1]!
        if (byte >= 0xe0) out.bytes[out.length++] = source[at + 2]!
        at += byte >= 0xe0 ? 3 : 2
        this.#afterSpace = false
        continue
      }
      const how = byte < 128 ? ascii[byte]! : BY_RULE
      if (how === AS_ITSELF || (how === BY_WHAT_FOLLOWS && (at + 1 === to || source[at + 1]! < 128))) {
        at++
        if (byte !== SPACE) {
          out.bytes[out.length++] = byte
          this.#afterSpace = false
        } else if (!this.#afterSpace) {
          out.bytes[out.length++] = SPACE
          this.#afterSpace = removesExtra
        }
      } else {
        at = this.#find(source, at, to)
        this.#put(this.#found, this.#foundFrom, this.#foundTo, out)
        out.reserve(to - at)
      }
    }
  }

  /** Whether a character of two or three bytes begins no symbol and no key, and is no space. */
  #isUnchanged (source: Uint8Array, at: number): boolean {
    const wide = this.#wide
    const point = codePointAt(source, at)
    if (wide[point] === UNKNOWN) {
      const tries = [this.#symbols, this.#charsmap?.trie].filter(trie => trie !== undefined)
      const isFree = point !== 0x2581 && tries.every(trie => !beginsKey(trie, source, at))
      wide[point] = isFree ? AS_ITSELF : BY_RULE
    }
    return wide[point] === AS_ITSELF
  }

  #foundSpace (): boolean {
    return this.#foundTo === this.#foundFrom + 1 && this.#found[this.#foundFrom] === SPACE
  }

  /**
   * Finds what the text at a place becomes: a symbol there, else the longest key, else one character.
   *
   * @returns the start of the rest
   */
  #find (source: Uint8Array, at: number, to: number): number {
    this.#found = source
    this.#foundFrom = at
    const symbolEnd = this.#symbols === undefined ? at : this.#longest(this.#symbols, source, at, to)
    if (symbolEnd > at) {
      this.#foundTo = symbolEnd
      return symbolEnd
    }
    const keyEnd = this.#charsmap === undefined ? at : this.#longest(this.#charsmap.trie, source, at, to)
    if (keyEnd === at) {
      this.#foundTo = Math.min(at + lengthOfChar(source[at]!), to)
      return this.#foundTo
    }
    this.#found = this.#charsmap!.replacements
    this.#foundFrom = this.#value
    this.#foundTo = this.#found.indexOf(0, this.#value)
    return keyEnd
  }

  /** The end of the longest key at a place; the place itself if there is none. */
  #longest (trie: DoubleArray, source: Uint8Array, at: number, to: number): number {
    let end = at
    let node = ROOT
    for (let next = at; next < to; next++) {
      node = step(trie, node, source[next]!)
      if (node === -1) break
      if (endsKey(trie, node)) {
        end = next + 1
        this.#value = trie.values[node]!
      }
    }
    return end
  }

  #put (source: Uint8Array, from: number, to: number, out: ByteBuffer): void {
    const { escapeWhitespaces, removeExtraWhitespaces } = this.#spec
    let at = from
    if (this.#afterSpace) {
      while (at < to && source[at] === SPACE) at++
    }
    if (at === to) return
    this.#afterSpace = removeExtraWhitespaces && source[to - 1] === SPACE
    out.reserve(to - at)
    while (at < to) {
      if (escapeWhitespaces && source[at] === U2581[0] && source[at + 1] === U2581[1] && source[at + 2] === U2581[2]) {
        out.bytes[out.length++] = SPACE
        at += U2581.length
      } else {
        out.bytes[out.length++] = source[at++]!
      }
    }
  }
}

/** Whether a key begins with the character at a place. */
function beginsKey (trie: DoubleArray, source: Uint8Array, at: number): boolean {
  let node = ROOT
  for (const end = at + lengthOfChar(source[at]!); at < end && node !== -1; at++) node = step(trie, node, source[at]!)
  return node !== -1
}

function appendSpace (out: ByteBuffer): void {
  out.reserve(1)
  out.bytes[out.length++] = SPACE
}

function dropSpaces (out: ByteBuffer, start: number): void {
  while (out.length > start && out.bytes[out.length - 1] === SPACE) out.length--
}
