/**
 * Byte-level BPE of UTF-8: what lib/bpe/plain-encoder.ts does, with SIMD and a table of the words met before. Compiled
 * by AssemblyScript; it allocates nothing, and works in memory that lib/bpe/kernel-layout.ts lays out.
 *
 * A text is cut into words, 16 bytes at a glance: most words are ASCII letters after a space, and the same 16 bytes are
 * their key in the table. What is longer, or has other characters, goes to the scanners of scan.ts.
 */
import { LETTER, MARK } from './classes'
import { encodeWord } from './encode-word'
import { mergeLong, SHORT_WORD } from './merge'
import { beginSteps, cl100kEnd, deepseekEnd, digitsEnd, gpt2End, o200kEnd } from './scan'
import { setSettings, settings } from './settings'
import { clearWords, encodeMissingBy, SHORT_KEY, writeLonger, writeShort } from './words'

export { addMerges, addSplits, countSplits, indexTokens } from './pairs'

/** Takes what to work with, for all that follows. */
export function setup (at: usize): void {
  setSettings(at)
  encodeMissingBy(encodeWord)
}

/** Empties the table of words. */
export function clear (): void {
  clearWords()
}

/** Forgets where the words of a text before ended. */
export function beginText (): void {
  beginSteps()
}

let stoppedAt: usize = 0
let longWord: u32 = 0

/** Where `encode` stopped. */
export function stopped (): usize {
  return stoppedAt
}

/** The length of the word at `stopped`, which is too long for `encode`; 0 where none is. */
export function longWordLength (): u32 {
  return longWord
}

/** Encodes a word of any length, for which there has to be work memory. @returns how many ids are at its beginning */
export function encodeLong (at: usize, length: u32): u32 {
  return mergeLong(at, length)
}

// What text is cut by: lib/bpe/kernel-encoder.ts has the same numbers.
const GPT2: i32 = 0
const R50K: i32 = 1
const LLAMA3: i32 = 2
const CL100K: i32 = 3
const QWEN2: i32 = 4
const O200K: i32 = 5
const TEKKEN: i32 = 6
const DEEPSEEK: i32 = 7
const DIGITS: i32 = 8
const NUMBERS: i32 = 9
const QWEN35: i32 = 10

/** Ids of a word of up to 64 bytes, and the 16 bytes that may be written after them. */
const WORD_ROOM: usize = 4 * 64 + 16

/**
 * Encodes from one place to another of the memory, until all is done, ids have no more room, or a word is too long. The
 * 48 bytes after the text are written to.
 *
 * @returns how many ids are there
 */
export function encode (family: i32, at: usize, end: usize): u32 {
  switch (family) {
    case GPT2: return encodeAs(GPT2, at, end)
    case R50K: return encodeAs(R50K, at, end)
    case LLAMA3: return encodeAs(LLAMA3, at, end)
    case CL100K: return encodeAs(CL100K, at, end)
    case QWEN2: return encodeAs(QWEN2, at, end)
    case O200K: return encodeAs(O200K, at, end)
    case TEKKEN: return encodeAs(TEKKEN, at, end)
    case DEEPSEEK: return encodeAs(DEEPSEEK, at, end)
    case DIGITS: return encodeAs(DIGITS, at, end)
    case NUMBERS: return encodeAs(NUMBERS, at, end)
    default: return encodeAs(QWEN35, at, end)
  }
}

// @ts-ignore: decorator
@inline
function encodeAs (family: i32, at: usize, end: usize): u32 {
  const begin = settings.outAt
  const full = begin + settings.outRoom - WORD_ROOM
  let out = begin
  longWord = 0
  for (let offset: usize = 0; offset < 48; offset += 16) v128.store(end + offset, i64x2(0, 0))
  while (at < end && out <= full) {
    const bytes = v128.load(at)
    const glance = family === O200K || family === TEKKEN ? casedLength(at, bytes) : lettersLength(family, at, bytes)
    if (glance !== 0) {
      out = writeShort(at, glance, bytes, out)
      at += glance
      continue
    }
    const length = <u32>(wordEnd(family, at, end) - at)
    if (length > SHORT_WORD) {
      longWord = length
      break
    }
    out = length <= SHORT_KEY ? writeShort(at, length, bytes, out) : writeLonger(at, length, out)
    at += length
  }
  stoppedAt = at
  return <u32>((out - begin) >> 2)
}

// @ts-ignore: decorator
@inline
function wordEnd (family: i32, at: usize, end: usize): usize {
  if (family === GPT2) return gpt2End(at, end, false)
  if (family === R50K) return gpt2End(at, end, true)
  if (family === LLAMA3) return cl100kEnd(at, end, LETTER, 3, false)
  if (family === CL100K) return cl100kEnd(at, end, LETTER, 3, true)
  if (family === QWEN2) return cl100kEnd(at, end, LETTER, 1, false)
  if (family === QWEN35) return cl100kEnd(at, end, LETTER | MARK, 1, false)
  if (family === O200K) return o200kEnd(at, end, 3, true)
  if (family === TEKKEN) return o200kEnd(at, end, 1, false)
  if (family === DEEPSEEK) return deepseekEnd(at, end)
  return digitsEnd(at, end, family === DIGITS)
}

/** Bits of the bytes between two, both included. */
// @ts-ignore: decorator
@inline
function bytesBetween (bytes: v128, first: i8, last: i8): u32 {
  const distance = i8x16.sub(bytes, i8x16.splat(first))
  return <u32>i8x16.bitmask(i8x16.le_u(distance, i8x16.splat(last - first)))
}

/** Whether a byte of ASCII may be the first of a word of letters, in all families but o200k's. */
// @ts-ignore: decorator
@inline
function mayPrecede (family: i32, byte: u32): bool {
  if (byte >= 0x80) return false
  if (family === GPT2 || family === R50K || family === DIGITS || family === NUMBERS) return byte === 0x20
  if (byte === 10 || byte === 13 || byte - 48 < 10) return false
  return family === DEEPSEEK || byte !== 0x27 // which may begin a contraction
}

/**
 * The length of a word of ASCII letters, with what may be before them, that ends within 15 bytes before another
 * character of ASCII; 0 for anything else.
 */
// @ts-ignore: decorator
@inline
function lettersLength (family: i32, at: usize, bytes: v128): u32 {
  const letters = bytesBetween(v128.or(bytes, i8x16.splat(32)), 97, 122)
  const first: u32 = load<u8>(at)
  if ((letters & 3) === 0) return 0 // neither the first nor the second is a letter
  if ((letters & 1) === 0 && !mayPrecede(family, first)) return 0
  const length = <u32>ctz(~(letters | 1))
  return endsInAscii(bytes, length) ? length : 0
}

/** As `lettersLength`, of words whose capitals come first, and which may have a contraction. */
// @ts-ignore: decorator
@inline
function casedLength (at: usize, bytes: v128): u32 {
  const upper = bytesBetween(bytes, 65, 90)
  const lower = bytesBetween(bytes, 97, 122)
  const first: u32 = load<u8>(at)
  const isLetter = ((upper | lower) & 1) !== 0
  if (!isLetter && (first >= 0x80 || first === 10 || first === 13 || first - 48 < 10)) return 0
  const begin: u32 = isLetter ? 0 : 1
  const capitals = begin + <u32>ctz(~(upper >> begin))
  const length = capitals + <u32>ctz(~(lower >> capitals))
  return length > begin && endsInAscii(bytes, length) && load<u8>(at + length) !== 0x27 ? length : 0
}

/** Whether a character of ASCII follows so many bytes, within the 16 that are looked at. */
// @ts-ignore: decorator
@inline
function endsInAscii (bytes: v128, length: u32): bool {
  return length <= SHORT_KEY && ((<u32>i8x16.bitmask(bytes) >> length) & 1) === 0
}
