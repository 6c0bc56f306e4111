import { SPACE } from '../sentencepiece/normalizer.ts'
import { META } from './read-words.ts'
import type { WordCounts } from './word-counts.ts'

// The first three symbols end a word, by where it occurs: only at the end of a text, there and before a space, or only
// before a space. `UNKNOWN` stands for all characters that aren't pieces. The symbols of pieces follow, by code point.
export const AT_END = 0
export const AT_BOTH = 1
export const AT_SPACE = 2
export const UNKNOWN = 3
export const FIRST_CHARACTER = 4

/** Stands for a space in pieces. */
export const SPACE_CHARACTER = 0x2581

/** SentencePiece writes it for unknown characters; it is never a piece. */
const UNKNOWN_CHARACTER = 0x2585

/** A character that becomes a piece. */
export interface Character {
  readonly codePoint: number
  /** How often it occurs. */
  readonly count: number
  readonly symbol: number
}

/** The characters that become pieces. */
export interface Alphabet {
  /** The most frequent first. */
  readonly characters: readonly Character[]
  /** The code point of each symbol; 0 for those before `FIRST_CHARACTER`. */
  readonly codePoints: Int32Array
  /** Length of the text in characters. */
  readonly total: number
}

/** The most frequent characters, as many as are needed to cover a share of the text. */
export function alphabetOf (words: WordCounts, coverage: number): Alphabet {
  const counts = new Float64Array(0x110000)
  for (let word = 0; word < words.length; word++) {
    const count = words.total(word)
    eachCharacter(words, word, codePoint => { counts[codePoint]! += count })
  }
  counts[0] = 0
  counts[UNKNOWN_CHARACTER] = 0
  let total = 0
  const seen: number[] = []
  for (let codePoint = 0; codePoint < counts.length; codePoint++) {
    if (counts[codePoint] === 0) continue
    total += counts[codePoint]!
    seen.push(codePoint)
  }
  seen.sort((a, b) => counts[b]! - counts[a]! || a - b)
  // In floats, as SentencePiece compares them.
  const wanted = Math.fround(coverage)
  let covered = 0
  let taken = 0
  while (taken < seen.length && Math.fround(covered / total) < wanted) covered += counts[seen[taken++]!]!
  const kept = seen.slice(0, taken).filter(codePoint => codePoint !== META)
  const codePoints = new Int32Array(FIRST_CHARACTER + kept.length)
  codePoints.set(kept.toSorted((a, b) => a - b), FIRST_CHARACTER)
  const symbols = symbolsOf(codePoints)
  const characters = kept.map(codePoint => {
    return { codePoint, count: counts[codePoint]!, symbol: symbols[codePoint]! }
  })
  return { characters, codePoints, total }
}

/** Words as symbols; after each word a symbol that ends it. */
export interface Corpus {
  readonly symbols: Int32Array
  /** Start index of each word, and at the end the number of symbols. */
  readonly starts: Uint32Array
  /** How often each word occurs. */
  readonly counts: Float64Array
  /** Length of the longest word in symbols, without its end. */
  readonly longest: number
}

export function corpusOf (words: WordCounts, { codePoints }: Alphabet): Corpus {
  const table = symbolsOf(codePoints)
  const starts = new Uint32Array(words.length + 1)
  const counts = new Float64Array(new SharedArrayBuffer(8 * words.length))
  let length = 0
  let longest = 0
  for (let word = 0; word < words.length; word++) {
    const start = length
    starts[word] = start
    counts[word] = words.total(word)
    eachCharacter(words, word, () => { length++ })
    longest = Math.max(longest, length - start)
    length++
  }
  starts[words.length] = length
  const symbols = new Int32Array(length)
  let at = 0
  for (let word = 0; word < words.length; word++) {
    eachCharacter(words, word, codePoint => { symbols[at++] = table[codePoint]! })
    symbols[at++] = words.count(word, 'space') === 0 ? AT_END : words.count(word, 'end') === 0 ? AT_SPACE : AT_BOTH
  }
  return { symbols, starts, counts, longest }
}

function symbolsOf (codePoints: Int32Array): Int32Array {
  const symbols = new Int32Array(0x110000).fill(UNKNOWN)
  for (let symbol = FIRST_CHARACTER; symbol < codePoints.length; symbol++) symbols[codePoints[symbol]!] = symbol
  return symbols
}

/** Calls `visit` with each code point of a word, and with U+2581 for a space. */
function eachCharacter (words: WordCounts, word: number, visit: (codePoint: number) => void): void {
  const { bytes } = words
  const end = words.end(word)
  for (let at = words.start(word); at < end;) {
    const byte = bytes[at]!
    if (byte < 0x80) {
      visit(byte === SPACE ? SPACE_CHARACTER : byte)
      at++
    } else if (byte < 0xe0) {
      visit((byte & 0x1f) << 6 | bytes[at + 1]! & 0x3f)
      at += 2
    } else if (byte < 0xf0) {
      visit((byte & 0xf) << 12 | (bytes[at + 1]! & 0x3f) << 6 | bytes[at + 2]! & 0x3f)
      at += 3
    } else {
      visit((byte & 7) << 18 | (bytes[at + 1]! & 0x3f) << 12 | (bytes[at + 2]! & 0x3f) << 6 | bytes[at + 3]! & 0x3f)
      at += 4
    }
  }
}
