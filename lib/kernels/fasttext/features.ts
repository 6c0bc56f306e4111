/** The rows of a word and of n-grams; the same rows as in lib/fasttext/plain-sum.ts. */
import { BLOCK, HASH_BASIS, HASH_PRIME, hashNgrams, ngramsOf, nextBlock, readCharacters } from './characters'
import { addRows, copyWord, ROWS_AT_ONCE } from './rows'
import { settings } from './settings'

const NGRAM_FACTOR: u64 = 116049371

/** `</s>`: the end of a line. */
export const LINE_END: u32 = 0x3e732f3c

// `__label__`
const LABEL_PREFIX: u64 = 0x5f6c6562616c5f5f
const LABEL_PREFIX_LAST: u8 = 0x5f
const LABEL_PREFIX_BYTES: u32 = 9

/** The hash of a token that is a label and not a word. */
export const NO_WORD: i64 = i64.MIN_VALUE

/** For the most recently computed word: the number of its rows, and its hash, or NO_WORD. */
export let wordCount: u32 = 0
export let wordHash: i64 = 0

export function isLineEnd (word: usize, bytes: u32): bool {
  return bytes === 4 && load<u32>(word) === LINE_END
}

/** Adds a word's rows to a vector, row by row. */
export function addWord (word: usize, bytes: u32, list: usize, to: usize, inOrder: bool): void {
  addRows(list, listWord(word, bytes, list, to, inOrder), to)
}

/**
 * Lists a word's rows. If there are many, most of them are added to a vector on the way.
 *
 * @returns how many rows are in the list at the end
 */
export function listWord (word: usize, bytes: u32, at: usize, to: usize, inOrder: bool): u32 {
  store<u32>(at, lookUp(word, bytes))
  const listed = wordCount
  if (settings.maxn === 0 || wordHash === NO_WORD || isLineEnd(word, bytes)) return listed
  return listCharacterNgrams(word, bytes, at, listed, to, inOrder)
}

/** The address of the only row of a word, where there are no character n-grams; an arbitrary number if it has none. */
export function rowOfWord (word: usize, bytes: u32): usize {
  return settings.rowsAt + lookUp(word, bytes) * settings.rowBytes
}

/** Finds a word in the dictionary. @returns the number of its row; only valid if `wordCount` is 1 */
function lookUp (word: usize, bytes: u32): u32 {
  const hash = hashWord(word, bytes)
  const entry = entryOf(word, bytes, hash)
  const isLabel = entry < 0 ? isLabelLike(word, bytes) : <u32>entry >= settings.words
  wordHash = isLabel ? NO_WORD : <i64>(<i32>hash)
  wordCount = <u32>(entry >= 0 && !isLabel)
  return entry
}

function hashWord (word: usize, bytes: u32): u32 {
  let hash = HASH_BASIS
  for (let i: u32 = 0; i < bytes; i++) hash = (hash ^ <u32>(<i32>load<i8>(word + i))) * HASH_PRIME
  return hash
}

/** The number of a word's entry in the dictionary; -1 if there is none. */
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
  const end = load<u32>(settings.startsAt + (<usize>entry << 2), 4) - 1 // without the NUL after it
  if (end - start !== bytes) return false
  return memory.compare(settings.bytesAt + start, word, bytes) === 0
}

function isLabelLike (word: usize, bytes: u32): bool {
  return bytes >= LABEL_PREFIX_BYTES && load<u64>(word) === LABEL_PREFIX && load<u8>(word, 8) === LABEL_PREFIX_LAST
}

/**
 * Lists the n-grams of a word's characters, block by block. The hashes of n-grams that begin with four consecutive
 * characters are computed at once. Then all n-grams of a block are looked up, those of each length in one loop.
 *
 * @param listed how many rows are already in the list
 * @param inOrder whether to list them by their first characters, the order of fastText; this is slower
 * @returns how many rows are in the list at the end
 */
function listCharacterNgrams (word: usize, bytes: u32, at: usize, listed: u32, to: usize, inOrder: bool): u32 {
  const begin = settings.markedAt
  const end = begin + bytes + 2
  store<u8>(begin, 0x3c) // <
  copyWord(word, bytes, begin + 1)
  store<u32>(end - 1, 0x3e) // > and a NUL, which ends the last character
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
      // A `<` or `>` alone is not an n-gram.
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

/** Adds the listed n-grams. @returns 0, because the list is empty then */
function addListed (at: usize, listed: u32, to: usize): u32 {
  addRows(at, listed, to)
  wordCount += listed
  return 0
}

/**
 * Adds the n-grams of consecutive words, given their hashes.
 *
 * @param before how many of the words come from earlier pieces; n-grams that end with one of these are already added
 * @returns how many n-grams were added
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
 * Lists the row of an n-gram, if it remained after pruning. It has no branch, because the outcome is unpredictable.
 *
 * @returns 1 if it remained, else 0
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
