/**
 * Words met before, with their ids. The table is small, so that it stays in the processor's cache, and a new word takes
 * the place of another.
 *
 * Rounding decides between segmentations that are almost equally good, and depends on the total before the word. An
 * entry holds up to a limit of this total, as in lib/sentencepiece/unigram-encoder.ts; beyond it the word is searched
 * again.
 *
 * An entry has the key, the limit (f32) with the number of ids in its lowest 4 bits, and four ids of 24 bits. More ids
 * are in the spill, where the entry then says; their number is `SPILLED`, or `RUNS` if unknown ones must be fused.
 */
import { maskOf, unchangedOf } from './characters'
import { FACTOR_1, FACTOR_2, FACTOR_3, FACTOR_4 } from '../bpe/hash'
import { fuseRuns, hasRuns, totalAfter, writeIds } from './ids'
import { NO_ROOM, hasMark, normalizeWord } from './normalize'
import { FLOAT_STEP, countedPieces, measuredMargin } from './places'
import { FARTHEST, countedChars, farthestTotal, joinedPieces, search, totalAtEnd } from './search'
import { settings } from './settings'
import { SPACE } from './utf8'

/** Words up to here have keys of 16 bytes, the length in the last; up to `LONG_KEY` of 48. */
export const SHORT_KEY: u32 = 15
export const LONG_KEY: u32 = 47

/** The normalized form of a word that is kept has at most so many bytes. */
const MOST_MEASURED: u32 = 512

/** Bytes of ids of such a word: three for each byte, and what is written after them. */
const MOST_SPILLED: usize = 4 * 3 * 512 + 16

const COUNT: u32 = 15
const SPILLED: u32 = 15
const RUNS: u32 = 14
const MOST_IDS: u32 = 4

/** Makes limits a little lower than necessary, since they are rounded themselves. */
const ALLOWANCE: f64 = 0.999

/** Totals up to this can be added as often as there are pieces in a text. */
const LARGE: f64 = 1e30

// Why a word has no ids.
export const DONE: u32 = 0
/** It is too long for the memory of places. */
export const TOO_LONG: u32 = 1
/** It has a U+2581, so that the text isn't the sum of its words. */
export const MARKED: u32 = 2

let failure: u32 = DONE
let spillAt: usize = 0
let total: f32 = 0
let gain: f64 = 0

export function clearWords (): void {
  gain = load<f64>(settings.gainAt)
  // No key has such a last byte.
  memory.fill(settings.shortAt, 0xff, <usize>64 << settings.shortBits)
  memory.fill(settings.longAt, 0xff, <usize>64 << settings.longBits)
  spillAt = settings.spillAt
}

export function beginTotals (): void {
  total = 0
}

/** Why the last word could not be written. */
export function whyNot (): u32 {
  return failure
}

/** Writes the ids of a word of up to 15 bytes. @returns where they end; 0 for none */
// @ts-ignore: decorator
@inline
export function writeShort<T> (at: usize, length: u32, key: v128, line: usize, out: usize): usize {
  if (!i8x16.all_true(i8x16.eq(v128.load(line), key))) return writeShortLater<T>(at, length, key, line, out)
  const end = writeKept<T>(line + 16, out)
  return end !== 0 ? end : writeAgain<T>(at, length, out)
}

/** The key of a word. @param bytes the 16 from its beginning */
// @ts-ignore: decorator
@inline
export function shortKey (bytes: v128, length: u32): v128 {
  return i8x16.replace_lane(v128.and(bytes, maskOf(length)), 15, <i8>length)
}

/** The line that may have a key. */
// @ts-ignore: decorator
@inline
export function shortLine (key: v128): usize {
  const hash = <u64>i64x2.extract_lane(key, 0) * FACTOR_1 ^ <u64>i64x2.extract_lane(key, 1) * FACTOR_2
  return settings.shortAt + (<usize>(((hash ^ (hash >> 32)) * FACTOR_3) >> (64 - <u64>settings.shortBits)) << 6)
}

/** Of a word that isn't the first of its line: it becomes the first. */
function writeShortLater<T> (at: usize, length: u32, key: v128, line: usize, out: usize): usize {
  const isSecond = i8x16.all_true(i8x16.eq(v128.load(line, 32), key))
  const ids = v128.load(line, 48)
  if (!isSecond) {
    const normalized = normalizeShort(at, length, key)
    return writeNew<T>(normalized, line, 16, key, key, key, out)
  }
  moveToSecond(line)
  v128.store(line, key)
  v128.store(line, ids, 16)
  const end = writeKept<T>(line + 16, out)
  return end !== 0 ? end : writeAgain<T>(at, length, out)
}

// @ts-ignore: decorator
@inline
function moveToSecond (line: usize): void {
  v128.store(line, v128.load(line), 32)
  v128.store(line, v128.load(line, 16), 48)
}

// @ts-ignore: decorator
@inline
function normalizeShort (at: usize, length: u32, key: v128): u32 {
  const all = (<u32>1 << length) - 1
  if ((unchangedOf(key) & all) !== all) return normalizeWord(at, at + length, true)
  store<u8>(settings.normalizedAt, <u8>SPACE)
  v128.store(settings.normalizedAt, key, 1)
  return length + 1
}

/** As `writeShort`, of a word of 16 to 47 bytes. */
export function writeLonger<T> (at: usize, length: u32, out: usize): usize {
  const first = v128.load(at)
  const second = v128.and(v128.load(at, 16), maskOf(min<u32>(length - 16, 16)))
  let third = length > 32 ? v128.and(v128.load(at, 32), maskOf(length - 32)) : i64x2(0, 0)
  third = i8x16.replace_lane(third, 15, <i8>length)
  const entry = settings.longAt + (longEntry(first, second, third) << 6)
  const difference = v128.or(
    v128.or(v128.xor(v128.load(entry), first), v128.xor(v128.load(entry, 16), second)),
    v128.xor(v128.load(entry, 32), third)
  )
  if (v128.any_true(difference)) {
    return writeNew<T>(normalizeWord(at, at + length, true), entry, 48, first, second, third, out)
  }
  const end = writeKept<T>(entry + 48, out)
  return end !== 0 ? end : writeAgain<T>(at, length, out)
}

// @ts-ignore: decorator
@inline
function longEntry (first: v128, second: v128, third: v128): usize {
  let hash = <u64>i64x2.extract_lane(first, 0) * FACTOR_1 + <u64>i64x2.extract_lane(first, 1) * FACTOR_2
  hash = (hash ^ (hash >> 29)) + <u64>i64x2.extract_lane(second, 0) * FACTOR_3
  hash = (hash ^ (hash >> 32)) * FACTOR_1 + <u64>i64x2.extract_lane(second, 1) * FACTOR_2
  hash += <u64>i64x2.extract_lane(third, 0) * FACTOR_3 + <u64>i64x2.extract_lane(third, 1) * FACTOR_4
  return <usize>(((hash ^ (hash >> 31)) * FACTOR_3) >> (64 - <u64>settings.longBits))
}

/** Writes the ids of a kept word. @returns where they end; 0 where the total is beyond its limit */
// @ts-ignore: decorator
@inline
function writeKept<T> (entry: usize, out: usize): usize {
  const kept = v128.load(entry)
  const head = <u32>i32x4.extract_lane(kept, 0)
  if (!(abs(total) <= reinterpret<f32>(head))) return 0
  const count = head & COUNT
  if (count <= MOST_IDS) {
    v128.store(out, i8x16.swizzle(kept, i8x16(4, 5, 6, -1, 7, 8, 9, -1, 10, 11, 12, -1, 13, 14, 15, -1)))
    const end = out + (<usize>count << 2)
    total = totalAfter<T>(total, out, end)
    return end
  }
  const from = <usize>i32x4.extract_lane(kept, 1)
  const bytes = <usize>i32x4.extract_lane(kept, 2) << 2
  for (let offset: usize = 0; offset < bytes; offset += 16) v128.store(out + offset, v128.load(from + offset))
  total = totalAfter<T>(total, out, out + bytes)
  return count === RUNS ? fuseRuns(out, out + bytes) : out + bytes
}

/** Writes the ids of a word that was just normalized and isn't kept: it is, from now on, if it can be. */
function writeNew<T> (
  length: u32, entry: usize, keyBytes: usize, first: v128, second: v128, third: v128, out: usize
): usize {
  if (!isNormalized(length)) return 0
  if (length > MOST_MEASURED) return writeSearched<T>(length, out)
  if (spillAt + MOST_SPILLED > settings.spillEnd) clearWords()
  search<T>(length, 0, true)
  const end = writeIds<T>(length, out, true)
  const limit = limitOf<T>(length)
  if (keyBytes === 16) {
    moveToSecond(entry)
  } else {
    v128.store(entry, second, 16)
    v128.store(entry, third, 32)
  }
  v128.store(entry, first)
  keep(entry + keyBytes, out, <u32>((end - out) >> 2), limit)
  if (!(abs(total) <= limit)) return writeSearched<T>(length, out)
  total = totalAfter<T>(total, out, end)
  return hasRuns() ? fuseRuns(out, end) : end
}

function isNormalized (length: u32): bool {
  failure = length === NO_ROOM ? TOO_LONG : hasMark() ? MARKED : DONE
  return failure === DONE
}

/** Writes the ids of a word, without the table. @returns where they end; 0 for none */
function writeAgain<T> (at: usize, length: u32, out: usize): usize {
  return writeUnkept<T>(at, length, true, out)
}

/** As `writeAgain`, with or without a space before the word. */
export function writeUnkept<T> (at: usize, length: u32, spaced: bool, out: usize): usize {
  const normalized = normalizeWord(at, at + length, spaced)
  return isNormalized(normalized) ? writeSearched<T>(normalized, out) : 0
}

/** Searches what was just normalized, from the total, and writes its ids. @returns where they end */
export function writeSearched<T> (length: u32, out: usize): usize {
  search<T>(length, total, false)
  total = totalAtEnd()
  return writeIds<T>(length, out, false)
}

/** The largest total before a word at which it is segmented as just now: `#limitOf` of UnigramEncoder explains it. */
function limitOf<T> (length: u32): f32 {
  const margin = measuredMargin()
  const bytes = <f64>length
  const steps = <f64>(countedPieces() + joinedPieces() + countedChars()) / 2 + 1
  const room = margin / (steps * FLOAT_STEP) - margin - 2 * abs<f64>(<f64>totalAtEnd()) - 6 * gain * bytes
  const limit = margin === Infinity ? Infinity : ALLOWANCE * room
  if (sizeof<T>() === 8) return <f32>min(limit, LARGE)
  return <f32>min(limit, <f64>FARTHEST - <f64>farthestTotal() - gain * bytes - bytes / 128 - 1)
}

function keep (entry: usize, ids: usize, count: u32, limit: f32): void {
  // Without its lowest bits, it is a little lower; below 0, it allows no total.
  const head = limit < 0 ? reinterpret<u32>(<f32>-1) : reinterpret<u32>(limit) & ~COUNT
  if (count <= MOST_IDS && !hasRuns()) {
    v128.store(entry, i8x16.swizzle(v128.load(ids), i8x16(0, 0, 0, 0, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14)))
    store<u32>(entry, head | count)
    return
  }
  const bytes = <usize>count << 2
  for (let offset: usize = 0; offset < bytes; offset += 16) v128.store(spillAt + offset, v128.load(ids + offset))
  v128.store(entry, i32x4(<i32>(head | (hasRuns() ? RUNS : SPILLED)), <i32>spillAt, <i32>count, 0))
  spillAt += bytes
}
