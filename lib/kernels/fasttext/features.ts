/** The rows that a word and n-grams have, as lib/fasttext/plain-sum.ts has them, too. */
import { addRows, copyWord, ROWS_AT_ONCE } from './rows'
import { settings } from './settings'

const HASH_BASIS: u32 = 2166136261
const HASH_PRIME: u32 = 16777619
const NGRAM_FACTOR: u64 = 116049371

/** Characters of a word whose n-grams are made together, and what may be read and written behind them; as in lib/fasttext/kernel-layout.ts. */
const BLOCK: u32 = 64
const BLOCK_SLACK: u32 = 16

/** No byte has this value. */
const NO_BYTE: i32 = 256

/** `</s>`: the end of a line. */
export const LINE_END: u32 = 0x3e732f3c

// `__label__`
const LABEL_PREFIX: u64 = 0x5f6c6562616c5f5f
const LABEL_PREFIX_LAST: u8 = 0x5f
const LABEL_PREFIX_BYTES: u32 = 9

/** A token that is a label: no word. */
export const NO_WORD: i64 = i64.MIN_VALUE

/** Of the word that was computed last: how many rows it has, and its hash, or NO_WORD. */
export let wordCount: u32 = 0
export let wordHash: i64 = 0

export function isLineEnd (word: usize, bytes: u32): bool {
  return bytes === 4 && load<u32>(word) === LINE_END
}

/** Adds a word's rows to a vector, one after the other. */
export function addWord (word: usize, bytes: u32, list: usize, to: usize, inOrder: bool): void {
  addRows(list, listWord(word, bytes, list, to, inOrder), to)
}

/**
 * Lists a word's rows; where there are many, it adds most of them to a vector meanwhile.
 *
 * @returns how many are in the list in the end
 */
export function listWord (word: usize, bytes: u32, at: usize, to: usize, inOrder: bool): u32 {
  store<u32>(at, lookUp(word, bytes))
  const listed = wordCount
  if (settings.maxn === 0 || wordHash === NO_WORD || isLineEnd(word, bytes)) return listed
  return listCharacterNgrams(word, bytes, at, listed, to, inOrder)
}

/** The address of the only row that a word has, where there are no n-grams of characters; any number where it has none. */
export function rowOfWord (word: usize, bytes: u32): usize {
  return settings.rowsAt + lookUp(word, bytes) * settings.rowBytes
}

/** Finds a word in the dictionary. @returns the number of its row, if it has one */
function lookUp (word: usize, bytes: u32): u32 {
  const hash = hashOf(word, bytes)
  const entry = entryOf(word, bytes, hash)
  const isLabel = entry < 0 ? isLabelLike(word, bytes) : <u32>entry >= settings.words
  wordHash = isLabel ? NO_WORD : <i64>(<i32>hash)
  wordCount = <u32>(entry >= 0 && !isLabel)
  return entry
}

function hashOf (word: usize, bytes: u32): u32 {
  let hash = HASH_BASIS
  for (let i: u32 = 0; i < bytes; i++) hash = (hash ^ <u32>(<i32>load<i8>(word + i))) * HASH_PRIME
  return hash
}

/** The number of a word's entry in the dictionary; -1 if there's none. */
function entryOf (word: usize, bytes: u32, hash: u32): i32 {
  const mask = settings.entryMask
  let slot = hash & mask
  while (true) {
    const at = settings.entrySlotsAt + (<usize>slot << 3)
    const entry = load<i32>(at, 4) - 1
    if (entry < 0) return -1
    if (load<u32>(at) === hash && isEntry(entry, word, bytes)) return entry
    slot = (slot + 1) & mask
  }
}

function isEntry (entry: i32, word: usize, bytes: u32): bool {
  const start = load<u32>(settings.startsAt + (<usize>entry << 2))
  const end = load<u32>(settings.startsAt + (<usize>entry << 2), 4) - 1 // a NUL is behind it
  if (end - start !== bytes) return false
  return memory.compare(settings.bytesAt + start, word, bytes) === 0
}

function isLabelLike (word: usize, bytes: u32): bool {
  return bytes >= LABEL_PREFIX_BYTES && load<u64>(word) === LABEL_PREFIX && load<u8>(word, 8) === LABEL_PREFIX_LAST
}

/**
 * Lists the n-grams of a word's characters. As many characters as a block has are gone over together: the hashes of
 * n-grams that begin with four of them are made at once, then all are looked up, those of a length in one straight loop.
 *
 * @param listed how many rows are in the list
 * @param inOrder in that of their first characters, as fastText adds them; it takes longer
 * @returns how many there are in the end
 */
function listCharacterNgrams (word: usize, bytes: u32, at: usize, listed: u32, to: usize, inOrder: bool): u32 {
  const begin = settings.markedAt
  const end = begin + bytes + 2
  store<u8>(begin, 0x3c) // <
  copyWord(word, bytes, begin + 1)
  store<u32>(end - 1, 0x3e) // > and a NUL, with which no character goes on
  const maxn = settings.maxn
  const minn = <u32>max(<i32>settings.minn, 1)
  const keptAt = settings.keptAt
  const words = settings.words
  wordCount -= listed
  for (let from = begin; from < end; from = nextBlock) {
    const count = readCharacters(from, end, BLOCK + maxn)
    const starts = min(count, BLOCK)
    hashNgrams(starts, count, minn, maxn)
    if (inOrder) {
      for (let i: u32 = 0; i < starts; i++) {
        const isMark = (i === 0 && from === begin) || i === count - 1
        const longest = min(maxn, count - i)
        for (let length = isMark ? max(minn, 2) : minn; length <= longest; length++) {
          listed += list(load<u32>(ngramsOf(length) + (i << 2)), keptAt, words, at + (<usize>listed << 2))
        }
        if (listed >= ROWS_AT_ONCE) listed = addListed(at, listed, to)
      }
      continue
    }
    for (let length = minn; length <= min(maxn, count); length++) {
      const ngrams = ngramsOf(length)
      // A mark alone is no n-gram.
      const last = length > 1 ? min(starts, count - length + 1) : min(starts, count - 1)
      for (let i: u32 = length === 1 && from === begin ? 1 : 0; i < last; i++) {
        listed += list(load<u32>(ngrams + (i << 2)), keptAt, words, at + (<usize>listed << 2))
      }
      if (listed >= ROWS_AT_ONCE) listed = addListed(at, listed, to)
    }
  }
  wordCount += listed
  return listed
}

/** Adds the n-grams in a list. @returns how many are in the list then: none */
function addListed (at: usize, listed: u32, to: usize): u32 {
  addRows(at, listed, to)
  wordCount += listed
  return 0
}

/** Where the first bytes of the characters are, or their second ones and so on: a number of 32 bits for each, with the byte's sign. */
// @ts-ignore: a decorator of AssemblyScript's
@inline
function charactersOf (place: u32): usize {
  return settings.charactersAt + place * ((BLOCK + settings.maxn + BLOCK_SLACK) << 2)
}

/** Where the buckets of the n-grams of a length are, by the character that they begin with. */
// @ts-ignore: a decorator of AssemblyScript's
@inline
function ngramsOf (length: u32): usize {
  return settings.ngramsAt + (length - 1) * (BLOCK << 2)
}

/** Of the characters that were read: the longest one's bytes, and where the block behind them begins, or the end. */
let longestCharacter: u32 = 1
let nextBlock: usize = 0

/** Reads some characters. Behind the end is a NUL. @param most of them @returns how many there are */
function readCharacters (from: usize, end: usize, most: u32): u32 {
  const firsts = charactersOf(0)
  const bytes = min(<u32>(end - from), most)
  let others: u32 = 0 // bytes that aren't ASCII, as bits
  for (let at: u32 = 0; at < bytes; at += 16) {
    const block = v128.load(from + at)
    others |= i8x16.bitmask(block) & ((1 << min(bytes - at, 16)) - 1)
    const low = i16x8.extend_low_i8x16_s(block)
    const high = i16x8.extend_high_i8x16_s(block)
    const to = firsts + (at << 2)
    v128.store(to, i32x4.extend_low_i16x8_s(low))
    v128.store(to, i32x4.extend_high_i16x8_s(low), 16)
    v128.store(to, i32x4.extend_low_i16x8_s(high), 32)
    v128.store(to, i32x4.extend_high_i16x8_s(high), 48)
  }
  if (others !== 0) return readOthers(from, end, most)
  longestCharacter = 1
  nextBlock = bytes > BLOCK ? from + BLOCK : end
  return bytes
}

/** As `readCharacters`, where some have more than one byte. Bytes that a character doesn't have are told by NO_BYTE. */
function readOthers (from: usize, end: usize, most: u32): u32 {
  const stride = <u32>(charactersOf(1) - charactersOf(0))
  let to = charactersOf(0)
  let count: u32 = 0
  let longest: u32 = 0
  nextBlock = end
  for (let block = from; block < end && count < most; block += 16) {
    let begins = <u32>i8x16.bitmask(i8x16.ge_s(v128.load(block), i8x16.splat(-64)))
    if (end - block < 16) begins &= (1 << <u32>(end - block)) - 1
    for (; begins !== 0 && count < most; begins &= begins - 1) {
      const at = block + <usize>ctz(begins)
      if (count === BLOCK) nextBlock = at
      const second = <i32>load<i8>(at, 1)
      const third = <i32>load<i8>(at, 2)
      const fourth = <i32>load<i8>(at, 3)
      const hasSecond = second < -64
      const hasThird = hasSecond && third < -64
      const hasFourth = hasThird && fourth < -64 // more there are only in words of a damaged model
      store<i32>(to, <i32>load<i8>(at))
      store<i32>(to + stride, hasSecond ? second : NO_BYTE)
      store<i32>(to + 2 * stride, hasThird ? third : NO_BYTE)
      store<i32>(to + 3 * stride, hasFourth ? fourth : NO_BYTE)
      longest |= <u32>hasSecond | <u32>hasThird << 1 | <u32>hasFourth << 2
      to += 4
      count++
    }
  }
  longestCharacter = 1 + <u32>popcnt(longest)
  return count
}

/** Notes the buckets of n-grams that begin with the first so many characters, four at a time; behind the last character they mean nothing. */
function hashNgrams (starts: u32, count: u32, minn: u32, maxn: u32): void {
  const characters = charactersOf(0)
  const stride = <u32>(charactersOf(1) - characters)
  const bytes = longestCharacter
  const bucket = i32x4.splat(settings.bucket)
  const factor = i32x4.splat(settings.bucketFactor)
  const halving = <i32>(settings.bucket > 1)
  const shift = <i32>settings.bucketShift
  const prime = i32x4.splat(HASH_PRIME)
  const none = i32x4.splat(NO_BYTE)
  for (let i: u32 = 0; i < starts; i += 4) {
    let hash = i32x4.splat(HASH_BASIS)
    const longest = min(maxn, count - i)
    let from = characters + (i << 2)
    for (let length: u32 = 1; length <= longest; length++, from += 4) {
      hash = i32x4.mul(v128.xor(hash, v128.load(from)), prime)
      for (let place: u32 = 1; place < bytes; place++) {
        const next = v128.load(from + place * stride)
        hash = v128.bitselect(hash, i32x4.mul(v128.xor(hash, next), prime), i32x4.eq(next, none))
      }
      if (length >= minn) v128.store(ngramsOf(length) + (i << 2), bucketsOf(hash, bucket, factor, halving, shift))
    }
  }
}

/** Hashes modulo the number of buckets: by multiplications, with a factor of 33 bits whose highest is 1 and isn't given. */
// @ts-ignore: a decorator of AssemblyScript's
@inline
function bucketsOf (hash: v128, bucket: v128, factor: v128, halving: i32, shift: i32): v128 {
  const low = i64x2.extmul_low_i32x4_u(hash, factor)
  const high = i64x2.extmul_high_i32x4_u(hash, factor)
  const product = v128.shuffle<i32>(low, high, 1, 3, 5, 7)
  const quotient = i32x4.shr_u(i32x4.add(product, i32x4.shr_u(i32x4.sub(hash, product), halving)), shift)
  return i32x4.sub(hash, i32x4.mul(quotient, bucket))
}

/**
 * Adds the n-grams of words whose hashes are in a row.
 *
 * @param before how many of the words were there before: what ends with one of them was added
 * @returns how many there are
 */
export function addWordNgrams (hashes: usize, count: u32, before: u32, to: usize): u32 {
  const longest = settings.wordNgrams
  const bucket: u64 = settings.bucket
  const keptAt = settings.keptAt
  const listAt = settings.listAt
  const words = settings.words
  let rows: u32 = 0
  let listed: u32 = 0
  for (let i: u32 = 0; i < count; i++) {
    let hash = <u64>load<i64>(hashes + (i << 3))
    const end = min(i + longest, count)
    for (let j = i + 1; j < end; j++) {
      hash = hash * NGRAM_FACTOR + <u64>load<i64>(hashes + (j << 3))
      if (j < before) continue
      listed += list(<u32>(hash % bucket), keptAt, words, listAt + (<usize>listed << 2))
      if (listed === ROWS_AT_ONCE) {
        addRows(listAt, listed, to)
        rows += listed
        listed = 0
      }
    }
  }
  addRows(listAt, listed, to)
  return rows + listed
}

/**
 * Lists the row of an n-gram, if pruning has left it. Without a branch: which ones it has left can't be foretold.
 *
 * @returns 1 if it has, else 0
 */
// @ts-ignore: a decorator of AssemblyScript's
@inline
function list (ngram: u32, keptAt: usize, words: u32, to: usize): u32 {
  let row = ngram
  let isKept: u32 = 1
  if (keptAt !== 0) {
    const cell = keptAt + (<usize>(ngram >>> 6) << 4)
    const bits = load<u64>(cell)
    const before = bits & ((<u64>1 << <u64>(ngram & 63)) - 1)
    isKept = <u32>(bits >>> <u64>(ngram & 63)) & 1
    row = load<u32>(cell, 8) + <u32>popcnt(before)
  }
  store<u32>(to, words + row)
  return isKept
}
