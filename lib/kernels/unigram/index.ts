/**
 * SentencePiece's unigram models: what lib/sentencepiece/unigram-encoder.ts does, with SIMD and in UTF-8. Compiled by
 * AssemblyScript; it allocates nothing, and works in memory that lib/sentencepiece/unigram-kernel.ts lays out.
 *
 * Where a text is the sum of its words, it is cut 16 bytes at a glance, and the same 16 bytes are a word's key in a
 * table. Only words that aren't there are normalized and searched. Other texts are normalized and searched as a whole.
 */
import { separatorsOf } from './characters'
import { MOST_IDS } from './ids'
import { NO_ROOM, normalizeText } from './normalize'
import { setSettings, settings } from './settings'
import { SPACE } from './utf8'
import {
  DONE, LONG_KEY, TOO_LONG, beginTotals, clearWords, shortKey, shortLine, whyNot, writeLonger, writeSearched,
  writeShort, writeUnkept
} from './words'

export { buildTrie } from './build-trie'
export { describeCharacters, separatesSpaces } from './characters'
export { isUsable } from './charsmap'
export { fillNodes, fillScores, measureKeys } from './fill-nodes'
export { countNodes, listKeys, sortKeys } from './keys'

/** Takes what to work with. */
export function setup (at: usize): void {
  setSettings(at)
}

/** Empties the table of words. */
export function clear (): void {
  clearWords()
}

let spaced: bool = false // whether a space is before the next word
let stoppedAt: usize = 0
let reason: u32 = DONE
let stoppedLength: u32 = 0

export function beginText (): void {
  spaced = settings.addsSpace !== 0
  beginTotals()
}

/** Where `encode` stopped. */
export function stopped (): usize {
  return stoppedAt
}

/** Why it did: 0 for want of room for ids, or at the end; see words.ts. */
export function whyStopped (): u32 {
  return reason
}

/** The length of the word there, if there is a reason. */
export function wordLength (): u32 {
  return stoppedLength
}

/**
 * Encodes the words from one place to another of the memory, until all are done, ids have no more room, or a word can't
 * be done. The 64 bytes after the text are written to.
 *
 * @returns how many ids there are
 */
export function encode (isWide: bool, at: usize, end: usize): u32 {
  return isWide ? encodeWords<f64>(at, end) : encodeWords<f32>(at, end)
}

function encodeWords<T> (begin: usize, end: usize): u32 {
  const full = settings.outAt + settings.outRoom - 4 * <usize>MOST_IDS * settings.normalizedRoom - 16
  const skipsEmpty = settings.dropsSpaces !== 0
  let at = begin
  let out = settings.outAt
  reason = DONE
  for (let offset: usize = 0; offset < 64; offset += 16) v128.store(end + offset, i8x16.splat(<i8>SPACE))
  let bytes = v128.load(at)
  let length = shortLength(bytes)
  let key = shortKey(bytes, length)
  let line = shortLine(key)
  while (at <= end && out <= full) {
    if (length === 0 && skipsEmpty) {
      at += ctz(~separatorsOf(bytes) | 0x1_0000)
    } else if (length < 16 && spaced) {
      const next = at + length + 1
      bytes = v128.load(next)
      const nextLength = shortLength(bytes)
      const nextKey = shortKey(bytes, nextLength)
      const nextLine = shortLine(nextKey)
      load<u8>(nextLine) // the processor fetches it while this word is encoded
      const then = writeShort<T>(at, length, key, line, out)
      if (then === 0) return stop(at, length, out)
      out = then
      at = next
      length = nextLength
      key = nextKey
      line = nextLine
      continue
    } else {
      const whole = length < 16 ? length : longLength(at)
      const then = whole > LONG_KEY || !spaced ? writeUnkept<T>(at, whole, spaced, out) : writeLonger<T>(at, whole, out)
      if (then === 0) return stop(at, whole, out)
      spaced = spaced || then > out || !skipsEmpty
      out = then
      at += whole + 1
    }
    bytes = v128.load(at)
    length = shortLength(bytes)
    key = shortKey(bytes, length)
    line = shortLine(key)
  }
  stoppedAt = at
  return <u32>((out - settings.outAt) >> 2)
}

/** The length of a word whose first 16 bytes these are; 16 where it is longer. */
// @ts-ignore: decorator
@inline
function shortLength (bytes: v128): u32 {
  return <u32>ctz(separatorsOf(bytes) | 0x1_0000)
}

/** The length of a word of 16 bytes or more. */
// @ts-ignore: decorator
@inline
function longLength (begin: usize): u32 {
  let at = begin + 16
  let separators = separatorsOf(v128.load(at))
  while (separators === 0) {
    at += 16
    separators = separatorsOf(v128.load(at))
  }
  return <u32>(at - begin) + <u32>ctz(separators)
}

function stop (at: usize, length: u32, out: usize): u32 {
  stoppedAt = at
  stoppedLength = length
  reason = whyNot()
  return <u32>((out - settings.outAt) >> 2)
}

/**
 * Encodes the word where `encode` stopped for its length. There has to be more room for its normalized form.
 *
 * @returns how many ids there are where the places were; `NO_ROOM`
 */
export function encodeLong (isWide: bool): u32 {
  const end = isWide ? writeLong<f64>() : writeLong<f32>()
  if (end === 0) return NO_ROOM
  return <u32>((end - settings.placesAt) >> 2)
}

function writeLong<T> (): usize {
  const end = writeUnkept<T>(stoppedAt, stoppedLength, spaced, settings.placesAt)
  reason = whyNot()
  spaced = spaced || end > settings.placesAt || (end !== 0 && settings.dropsSpaces === 0)
  return end
}

/** Encodes a whole text. @returns as `encodeLong` */
export function encodeText (isWide: bool, at: usize, end: usize): u32 {
  const length = normalizeText(at, end)
  reason = length === NO_ROOM ? TOO_LONG : DONE
  if (length === NO_ROOM) return NO_ROOM
  beginTotals()
  const last = isWide ? writeSearched<f64>(length, settings.placesAt) : writeSearched<f32>(length, settings.placesAt)
  return <u32>((last - settings.placesAt) >> 2)
}
