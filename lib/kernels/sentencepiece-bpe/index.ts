/**
 * SentencePiece's BPE of normalized text in UTF-8: what lib/sentencepiece/bpe-encoder.ts does, with SIMD and a table of
 * the words met before. Compiled by AssemblyScript; it allocates nothing, and works in memory that
 * lib/bpe/sentencepiece-layout.ts lays out.
 *
 * A word is a run of spaces and what follows, where no piece has a space after another character, or the other way
 * round; so words are merged by themselves. Short ones are kept with their ids.
 */
import { setSettings, settings } from '../bpe/settings'
import { clearWords, encodeMissingBy, LONG_KEY, SHORT_KEY, writeLonger, writeShort } from '../bpe/words'
import { beginIds, fuseUnknown } from './ids'
import { NO_WORDS, own, setOwnSettings, SPACES_FIRST, SPACES_LAST } from './settings'
import { encodePart, encodeSpan, longPartLength, spanEnd } from './spans'

export { addMerges, addSplits, countSplits, indexTokens } from '../bpe/pairs'
export { addNeighbours } from './characters'

/** Takes what to work with, for all that follows. */
export function setup (at: usize): void {
  setSettings(at)
  setOwnSettings(at)
  encodeMissingBy(encodeWord)
}

/** Empties the table of words. */
export function clear (): void {
  clearWords()
}

/** Forgets how a text before ended. */
export function beginText (): void {
  beginIds()
}

let stoppedAt: usize = 0
let longWord: u32 = 0

/** Where `encode` stopped. */
export function stopped (): usize {
  return stoppedAt
}

/** The length of the part at `stopped`, which is too long for `encode`; 0 where none is. */
export function longWordLength (): u32 {
  return longWord
}

/** Encodes a part of any length, for which there has to be work memory. @returns how many ids are at its beginning */
export function encodeLong (at: usize, length: u32): u32 {
  const end = fuseUnknown(settings.workAt, encodePart(at, length))
  return <u32>((end - settings.workAt) >> 2)
}

/** Ids of 64 characters, of which each has up to four. */
const PART_ROOM: usize = 4 * 4 * 64 + 16

/**
 * Encodes from one place to another of the memory, until all is done, ids have no more room, or a part is too long. The
 * 48 bytes after the text are written to.
 *
 * @returns how many ids are there
 */
export function encode (scanner: i32, at: usize, end: usize): u32 {
  const begin = settings.outAt
  const full = begin + settings.outRoom - PART_ROOM
  const breaks = own.wordShape !== NO_WORDS
  let out = begin
  longWord = 0
  for (let offset: usize = 0; offset < 48; offset += 16) v128.store(end + offset, i64x2(0, 0))
  if (own.wordShape === SPACES_FIRST) store<u8>(end, 0x20) // ends the last word
  while (at < end && out <= full) {
    const bytes = v128.load(at)
    const length = breaks ? wordLength(at, end, bytes) : <u32>(end - at)
    if (length <= SHORT_KEY) {
      out = writeShort(at, length, bytes, out)
      at += length
    } else if (length <= LONG_KEY) {
      out = writeLonger(at, length, out)
      at += length
    } else {
      out = encodeSpan(at, at + length, out, full)
      at = spanEnd()
      longWord = longPartLength()
      if (longWord !== 0) break
    }
  }
  stoppedAt = at
  return <u32>((fuseUnknown(begin, out) - begin) >> 2)
}

// @ts-ignore: decorator
@inline
function wordLength (at: usize, end: usize, bytes: v128): u32 {
  let leading = separatorsOf(bytes)
  if (own.wordShape === SPACES_LAST) leading = ~leading & 0xffff
  const before = <u32>ctz(~leading)
  const after = leading >> before
  if (after !== 0) {
    const length = before + <u32>ctz(after)
    if (length <= SHORT_KEY && at + length <= end) return length
  }
  return longerLength(at, end)
}

/** Bits of the bytes that separate words. */
// @ts-ignore: decorator
@inline
function separatorsOf (bytes: v128): u32 {
  const spaces = i8x16.eq(bytes, i8x16.splat(0x20))
  const first = i8x16.eq(bytes, i8x16.splat(<i8>own.separator1))
  const second = i8x16.eq(bytes, i8x16.splat(<i8>own.separator2))
  return <u32>i8x16.bitmask(v128.or(spaces, v128.or(first, second)))
}

function longerLength (at: usize, end: usize): u32 {
  const isLast = own.wordShape === SPACES_LAST
  let next = at
  while (next < end && isSeparator(load<u8>(next)) !== isLast) next++
  while (next < end && isSeparator(load<u8>(next)) === isLast) next++
  return <u32>(next - at)
}

// @ts-ignore: decorator
@inline
function isSeparator (byte: u32): bool {
  return byte === 0x20 || byte === own.separator1 || byte === own.separator2
}

/** The ids of a word of up to 47 bytes, at the beginning of the work memory. @returns how many */
function encodeWord (at: usize, length: u32): u32 {
  const end = encodeSpan(at, at + length, settings.workAt, usize.MAX_VALUE)
  return <u32>((end - settings.workAt) >> 2)
}
