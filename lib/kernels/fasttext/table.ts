/**
 * The table of words that were met: slots with linear probing, each a hash and the address of a record; records stand
 * behind one another. When either is full the table begins anew: words that are frequent are soon back.
 *
 * A record: a byte for the word's length and three for the number of its rows, 4 bytes for the text that it was met in
 * last, 8 for the hash that n-grams are made of; the word, filled up with 0 to a multiple of 16; the sum of its rows,
 * or where it has but one the row's address.
 */
import { copyWord } from './rows'
import { settings } from './settings'

const HEADER_BYTES: u32 = 16

/** Longer words aren't kept: few of them come again. */
const MAX_WORD_BYTES: u32 = 48

/** Of eight slots this many may be taken. */
const MAX_LOAD: u32 = 6

const FACTOR_LOW: u64 = 0x9e3779b97f4a7c15
const FACTOR_HIGH: u64 = 0xc2b2ae3d27d4eb4f

let used: u32 = 0 // slots
let next: usize = 0 // where the next record goes

/** Forgets all words. */
export function flush (): void {
  memory.fill(settings.slotsAt, 0, (settings.slotMask + 1) << 3)
  used = 0
  next = settings.recordsAt
}

/** How many bytes of records there are. */
export function recordBytes (): u32 {
  return <u32>(next - settings.recordsAt)
}

/** The hash of a word for the table; never 0. Memory behind the word may be read, and doesn't count. */
export function tableHash (word: usize, bytes: u32): u32 {
  let hash = <u64>bytes
  let left = bytes
  for (; left > 16; left -= 16, word += 16) hash = mixed(hash, load<u64>(word), load<u64>(word, 8))
  // 1 to 16 bytes; the others become 0.
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

/** The first slot's record whose hash is the same, without a look at its word; 0 if there is none. */
export function candidate (hash: u32): usize {
  const mask = settings.slotMask
  let slot = hash >>> 1 & mask
  while (true) {
    const at = settings.slotsAt + (<usize>slot << 3)
    if (load<u32>(at) === hash || load<u32>(at, 4) === 0) return load<u32>(at, 4)
    slot = (slot + 1) & mask
  }
}

/** Whether a record is that of a word. */
export function isRecordOf (record: usize, word: usize, bytes: u32): bool {
  if (<u32>load<u8>(record) !== bytes) return false
  let key = record + HEADER_BYTES
  let left = bytes
  for (; left > 16; left -= 16, word += 16, key += 16) {
    if (v128.any_true(v128.xor(v128.load(word), v128.load(key)))) return false
  }
  return !v128.any_true(v128.xor(v128.and(v128.load(word), within(left)), v128.load(key)))
}

/** All bits of the first so many of 16 bytes. */
// @ts-ignore: a decorator of AssemblyScript's
@inline
function within (bytes: u32): v128 {
  return i8x16.lt_u(i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), i8x16.splat(<i8>bytes))
}

/** The address of a word's vector; any number where it has no rows. */
export function vectorOf (record: usize): usize {
  const at = record + HEADER_BYTES + filledUp(load<u8>(record))
  return settings.keepsRows !== 0 ? <usize>load<u32>(at) : at
}

export function countOf (record: usize): u32 {
  return load<u32>(record) >>> 8
}

/** Notes that a word is in a text. @param text its number, not 0 @returns 1 if it wasn't noted yet, else 0 */
export function noteText (record: usize, text: u32): u32 {
  const isNew = load<u32>(record, 4) !== text
  store<u32>(record, text, 4)
  return <u32>isNew
}

/** With its sign; or NO_WORD. */
export function hashOf (record: usize): i64 {
  return load<i64>(record, 8)
}

/** The record of a word; 0 if there's none. */
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

/** Whether the table has to be flushed before it takes a word. */
export function isFull (bytes: u32): bool {
  return isKept(bytes) && (next + sizeOf(bytes) > settings.recordsEnd || used * 8 >= (settings.slotMask + 1) * MAX_LOAD)
}

/** Whether a word can be kept at all. */
export function isKept (bytes: u32): bool {
  return bytes <= MAX_WORD_BYTES && settings.recordsAt + sizeOf(bytes) <= settings.recordsEnd
}

/** Adds a word that isn't in the table, and can be kept there; what it has is to be set. @returns its record */
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

/** Notes how many rows a word has, and its hash. */
export function setWord (record: usize, count: u32, hash: i64): void {
  store<u32>(record, count << 8 | <u32>load<u8>(record))
  store<i64>(record, hash, 8)
}

/** Notes the address of a word's only row. */
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
