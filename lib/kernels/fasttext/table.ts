/**
 * The table of words seen so far. Its slots use linear probing; each has a hash and the address of a record. Records
 * are stored one after another. When slots or records are full, the table is emptied: frequent words soon return.
 *
 * A record has: one byte for the word's length, three for the number of its rows, four for the number of the text where
 * it occurred last, and eight for its hash for n-grams; then the word, padded with 0 to a multiple of 16; then the sum
 * of its rows, or the address of its only row.
 */
import { copyWord } from './rows'
import { settings } from './settings'

const HEADER_BYTES: u32 = 16

/** Longer words aren't kept, because few of them occur again. */
const MAX_WORD_BYTES: u32 = 48

/** At most this many of eight slots are used. */
const MAX_LOAD: u32 = 6

const FACTOR_LOW: u64 = 0x9e3779b97f4a7c15
const FACTOR_HIGH: u64 = 0xc2b2ae3d27d4eb4f

let used: u32 = 0 // number of slots
let next: usize = 0 // address of the next record

/** Empties the table. */
export function flush (): void {
  memory.fill(settings.slotsAt, 0, (settings.slotMask + 1) << 3)
  used = 0
  next = settings.recordsAt
}

/** The number of bytes in records. */
export function recordBytes (): u32 {
  return <u32>(next - settings.recordsAt)
}

/** The hash of a word for the table; never 0. It may read memory after the word, which doesn't affect the hash. */
export function tableHash (word: usize, bytes: u32): u32 {
  let hash = <u64>bytes
  let left = bytes
  for (; left > 16; left -= 16, word += 16) hash = mixed(hash, load<u64>(word), load<u64>(word, 8))
  // The word's 1 to 16 bytes; other bytes become 0.
  const first = load<u64>(word)
  const second = load<u64>(word, 8)
  const isLong = left > 8
  const low = isLong ? first : first << ((8 - left) << 3)
  const high = isLong ? second << ((16 - left) << 3) : 0
  hash = mixed(hash, low, high)
  return <u32>(hash ^ (hash >>> 32)) | 1
}

// @ts-ignore: a decorator of AssemblyScript's
@inline
function mixed (hash: u64, low: u64, high: u64): u64 {
  const product = ((hash ^ low) * FACTOR_LOW) ^ ((rotl(hash, 32) ^ high) * FACTOR_HIGH)
  return (product ^ (product >>> 29)) * FACTOR_LOW
}

/** The record of the first slot with the same hash, without comparing the word; 0 if there is none. */
export function candidate (hash: u32): usize {
  const mask = settings.slotMask
  let slot = hash >>> 1 & mask
  while (true) {
    const at = settings.slotsAt + (<usize>slot << 3)
    if (load<u32>(at) === hash || load<u32>(at, 4) === 0) return load<u32>(at, 4)
    slot = (slot + 1) & mask
  }
}

/** Whether a record belongs to a word. */
export function isRecordOf (record: usize, word: usize, bytes: u32): bool {
  if (<u32>load<u8>(record) !== bytes) return false
  let key = record + HEADER_BYTES
  let left = bytes
  for (; left > 16; left -= 16, word += 16, key += 16) {
    if (v128.any_true(v128.xor(v128.load(word), v128.load(key)))) return false
  }
  return !v128.any_true(v128.xor(v128.and(v128.load(word), within(left)), v128.load(key)))
}

/** A mask for the first `bytes` of 16 bytes. */
// @ts-ignore: a decorator of AssemblyScript's
@inline
function within (bytes: u32): v128 {
  return i8x16.lt_u(i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), i8x16.splat(<i8>bytes))
}

/** The address of a word's vector; an arbitrary number if it has no rows. */
export function vectorOf (record: usize): usize {
  const at = record + HEADER_BYTES + filledUp(load<u8>(record))
  return settings.keepsRows !== 0 ? <usize>load<u32>(at) : at
}

export function countOf (record: usize): u32 {
  return load<u32>(record) >>> 8
}

/**
 * Stores that a word occurs in a text. @param text its number, not 0 @returns 1 the first time for this text, else 0
 */
export function noteText (record: usize, text: u32): u32 {
  const isNew = load<u32>(record, 4) !== text
  store<u32>(record, text, 4)
  return <u32>isNew
}

/** The word's hash, sign-extended; or NO_WORD. */
export function hashOf (record: usize): i64 {
  return load<i64>(record, 8)
}

/** The record of a word; 0 if there is none. */
export function find (word: usize, bytes: u32, hash: u32): usize {
  const mask = settings.slotMask
  let slot = hash >>> 1 & mask
  while (true) {
    const at = settings.slotsAt + (<usize>slot << 3)
    const record: usize = load<u32>(at, 4)
    if (record === 0 || (load<u32>(at) === hash && isRecordOf(record, word, bytes))) return record
    slot = (slot + 1) & mask
  }
}

/** Whether the table must be emptied before it can take a word. */
export function isFull (bytes: u32): bool {
  return isKept(bytes) && (next + sizeOf(bytes) > settings.recordsEnd || used * 8 >= (settings.slotMask + 1) * MAX_LOAD)
}

/** Whether the table can keep a word of this length. */
export function isKept (bytes: u32): bool {
  return bytes <= MAX_WORD_BYTES && settings.recordsAt + sizeOf(bytes) <= settings.recordsEnd
}

/** Adds a word that isn't in the table and can be kept there. Its other data must be set next. @returns its record */
export function add (word: usize, bytes: u32, hash: u32): usize {
  const filled = filledUp(bytes)
  const record = next
  next += sizeOf(bytes)
  used++
  const key = record + HEADER_BYTES
  copyWord(word, bytes, key)
  v128.store(key + filled - 16, v128.and(v128.load(key + filled - 16), within(bytes - filled + 16)))
  store<u32>(record, bytes)
  store<u32>(record, 0, 4)
  const mask = settings.slotMask
  let slot = hash >>> 1 & mask
  while (load<u32>(settings.slotsAt + (<usize>slot << 3), 4) !== 0) slot = (slot + 1) & mask
  store<u32>(settings.slotsAt + (<usize>slot << 3), hash)
  store<u32>(settings.slotsAt + (<usize>slot << 3), <u32>record, 4)
  return record
}

/** Sets the number of a word's rows, and its hash. */
export function setWord (record: usize, count: u32, hash: i64): void {
  store<u32>(record, count << 8 | <u32>load<u8>(record))
  store<i64>(record, hash, 8)
}

/** Sets the address of a word's only row. */
export function setRow (record: usize, row: usize): void {
  store<u32>(record + HEADER_BYTES + filledUp(load<u8>(record)), <u32>row)
}

function sizeOf (bytes: u32): u32 {
  return HEADER_BYTES + filledUp(bytes) + settings.keptBytes
}

// @ts-ignore: a decorator of AssemblyScript's
@inline
function filledUp (bytes: u32): u32 {
  return (bytes + 15) & ~15
}
