/**
 * Words met before, with their ids. A line of the table is two entries; a new word takes the first, whose word goes to
 * the second, so that the table stays small, and what is frequent stays in it.
 */
import { FACTOR_1, FACTOR_2, FACTOR_3, FACTOR_4 } from './hash'
import { settings } from './settings'

/** Words up to here are kept by a key of 16 bytes, the length in the last; up to `LONG_KEY` by one of 48. */
export const SHORT_KEY: u32 = 15
export const LONG_KEY: u32 = 47

/** Ids are below 2 ** 24: the first one of an entry has their number above. */
const ID: u32 = 0xff_ffff
const SPILLED: u32 = 0xff00_0000
const MOST_IDS: u32 = 4

let spillAt: usize = 0

/** Encodes a word that isn't kept: its ids are at the beginning of the work memory then. @returns how many */
let encodeMissing: (at: usize, length: u32) => u32 = (at: usize, length: u32): u32 => 0

/** Sets what encodes words that aren't kept. */
export function encodeMissingBy (encode: (at: usize, length: u32) => u32): void {
  encodeMissing = encode
}

export function clearWords (): void {
  memory.fill(settings.shortAt, 0, <usize>64 << settings.shortBits)
  memory.fill(settings.longAt, 0, <usize>128 << settings.longBits)
  spillAt = settings.spillAt
}

/** Writes the ids of a word of up to 15 bytes. @param bytes the 16 at its beginning @returns where they end */
// @ts-ignore: decorator
@inline
export function writeShort (at: usize, length: u32, bytes: v128, out: usize): usize {
  let key = v128.and(bytes, v128.load(settings.masksAt + (<usize>length << 4)))
  key = i8x16.replace_lane(key, 15, <i8>length)
  const line = settings.shortAt + (<usize>shortLine(key) << 6)
  // No branch for either: which of the two it is can't be predicted.
  const isFirst = i8x16.all_true(i8x16.eq(v128.load(line), key))
  const isSecond = i8x16.all_true(i8x16.eq(v128.load(line, 32), key))
  if (isFirst | isSecond) return writeKept(line + 16 + (<usize>isSecond << 5), out)
  return writeNewShort(at, length, key, line, out)
}

// @ts-ignore: decorator
@inline
function shortLine (key: v128): u32 {
  let hash = <u64>i64x2.extract_lane(key, 0) * FACTOR_1 + <u64>i64x2.extract_lane(key, 1) * FACTOR_2
  hash ^= hash >> 29
  return <u32>((hash * FACTOR_3) >> (64 - <u64>settings.shortBits))
}

/** Of a word that isn't in its line. */
function writeNewShort (at: usize, length: u32, key: v128, line: usize, out: usize): usize {
  const count = encodeMissing(at, length)
  const ids = keptIds(count)
  v128.store(line, v128.load(line), 32)
  v128.store(line, v128.load(line, 16), 48)
  v128.store(line, key)
  v128.store(line, ids, 16)
  return copyIds(settings.workAt, count, out)
}

// @ts-ignore: decorator
@inline
function bytesAt (at: usize, length: u32): v128 {
  return v128.and(v128.load(at), v128.load(settings.masksAt + (<usize>length << 4)))
}

/** Writes the ids of a word of 16 to 64 bytes; those of more than 47 are not kept. */
export function writeLonger (at: usize, length: u32, out: usize): usize {
  if (length > LONG_KEY) return copyIds(settings.workAt, encodeMissing(at, length), out)
  const first = v128.load(at)
  const second = bytesAt(at + 16, min<u32>(length - 16, 16))
  let third = length > 32 ? bytesAt(at + 32, length - 32) : i64x2(0, 0)
  third = i8x16.replace_lane(third, 15, <i8>length)
  const line = settings.longAt + (<usize>longLine(first, second, third) << 7)
  if (isKey(line, first, second, third)) return writeKept(line + 48, out)
  if (isKey(line + 64, first, second, third)) return writeKept(line + 112, out)
  const count = encodeMissing(at, length)
  const ids = keptIds(count)
  for (let offset: usize = 0; offset < 64; offset += 16) v128.store(line + 64 + offset, v128.load(line + offset))
  v128.store(line, first)
  v128.store(line, second, 16)
  v128.store(line, third, 32)
  v128.store(line, ids, 48)
  return copyIds(settings.workAt, count, out)
}

function longLine (first: v128, second: v128, third: v128): u32 {
  let hash = <u64>i64x2.extract_lane(first, 0) * FACTOR_1 + <u64>i64x2.extract_lane(first, 1) * FACTOR_2
  hash = (hash ^ (hash >> 29)) + <u64>i64x2.extract_lane(second, 0) * FACTOR_3
  hash = (hash ^ (hash >> 32)) * FACTOR_1 + <u64>i64x2.extract_lane(second, 1) * FACTOR_2
  hash += <u64>i64x2.extract_lane(third, 0) * FACTOR_3 + <u64>i64x2.extract_lane(third, 1) * FACTOR_4
  return <u32>(((hash ^ (hash >> 31)) * FACTOR_3) >> (64 - <u64>settings.longBits))
}

// @ts-ignore: decorator
@inline
function isKey (at: usize, first: v128, second: v128, third: v128): bool {
  const difference = v128.or(
    v128.or(v128.xor(v128.load(at), first), v128.xor(v128.load(at, 16), second)),
    v128.xor(v128.load(at, 32), third)
  )
  return !v128.any_true(difference)
}

/** The ids at the beginning of the work memory, as an entry has them. */
function keptIds (count: u32): v128 {
  const ids = v128.load(settings.workAt)
  if (count <= MOST_IDS) return i32x4.replace_lane(ids, 0, i32x4.extract_lane(ids, 0) | <i32>(count << 24))
  const bytes = <usize>count << 2
  if (spillAt + bytes > settings.spillEnd) clearWords()
  memory.copy(spillAt, settings.workAt, bytes)
  const entry = i32x4(<i32>SPILLED, <i32>spillAt, <i32>count, 0)
  spillAt += bytes
  return entry
}

// @ts-ignore: decorator
@inline
function writeKept (entry: usize, out: usize): usize {
  const ids = v128.load(entry)
  const count = <u32>i32x4.extract_lane(ids, 0) >> 24
  v128.store(out, v128.and(ids, i32x4(<i32>ID, -1, -1, -1)))
  if (count <= MOST_IDS) return out + (<usize>count << 2)
  return copyIds(<usize>i32x4.extract_lane(ids, 1), <u32>i32x4.extract_lane(ids, 2), out)
}

function copyIds (from: usize, count: u32, out: usize): usize {
  const stop = out + (<usize>count << 2)
  for (; out < stop; out += 16, from += 16) v128.store(out, v128.load(from))
  return stop
}
