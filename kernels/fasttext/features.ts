/** The rows that a word and n-grams have, as lib/fasttext/plain-sum.ts has them, too. */
import { addRow, finishRows } from './rows'
import { settings } from './settings'

const HASH_BASIS: u32 = 2166136261
const HASH_PRIME: u32 = 16777619
const NGRAM_FACTOR: u64 = 116049371

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

let rows: u32 = 0

export function isLineEnd (word: usize, bytes: u32): bool {
  return bytes === 4 && load<u32>(word) === LINE_END
}

/** Puts the sum of a word's rows into a vector. */
export function computeWord (word: usize, bytes: u32, to: usize): void {
  memory.fill(to, 0, settings.vectorBytes)
  addWord(word, bytes, to)
}

/** Adds a word's rows to a vector, one after the other. */
export function addWord (word: usize, bytes: u32, to: usize): void {
  const hash = hashOf(word, bytes)
  const entry = entryOf(word, bytes, hash)
  const isLabel = entry < 0 ? isLabelLike(word, bytes) : <u32>entry >= settings.words
  rows = 0
  wordHash = NO_WORD
  if (!isLabel) {
    wordHash = <i64>(<i32>hash)
    if (entry >= 0) {
      addRow(entry, to)
      rows++
    }
    if (settings.maxn > 0 && !isLineEnd(word, bytes)) addCharacterNgrams(word, bytes, to)
    finishRows(to)
  }
  wordCount = rows
}

/** Adds the n-grams of words whose hashes are in a row. @param before of them whose n-grams were added, as far as they were all @returns how many rows there were */
export function addWordNgrams (hashes: usize, count: u32, before: u32, to: usize): u32 {
  const longest = settings.wordNgrams
  const bucket: u64 = settings.bucket
  rows = 0
  for (let i: u32 = 0; i < count; i++) {
    let hash = <u64>load<i64>(hashes + (i << 3))
    const end = min(i + longest, count)
    for (let j = i + 1; j < end; j++) {
      hash = hash * NGRAM_FACTOR + <u64>load<i64>(hashes + (j << 3))
      if (j >= before) addNgram(<u32>(hash % bucket), to)
    }
  }
  finishRows(to)
  return rows
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

function addCharacterNgrams (word: usize, bytes: u32, to: usize): void {
  const begin = settings.markedAt
  const end = begin + bytes + 2
  store<u8>(begin, 0x3c) // <
  memory.copy(begin + 1, word, bytes)
  store<u8>(end - 1, 0x3e) // >
  const minn = settings.minn
  const maxn = settings.maxn
  const bucket = settings.bucket
  for (let from = begin; from < end; from++) {
    if (isInsideCharacter(from)) continue
    let hash = HASH_BASIS
    let at = from
    for (let length: u32 = 1; length <= maxn && at < end; length++) {
      do {
        hash = (hash ^ <u32>(<i32>load<i8>(at++))) * HASH_PRIME
      } while (at < end && isInsideCharacter(at))
      const isMark = length === 1 && (from === begin || at === end)
      if (<i32>length >= <i32>minn && !isMark) addNgram(hash % bucket, to)
    }
  }
}

// @ts-ignore: a decorator of AssemblyScript's
@inline
function isInsideCharacter (at: usize): bool {
  return (load<u8>(at) & 0xc0) === 0x80
}

/** Adds the row of an n-gram, if pruning has left it. */
function addNgram (ngram: u32, to: usize): void {
  let row = ngram
  if (settings.keptAt !== 0) {
    const cell = settings.keptAt + (<usize>(ngram >>> 6) << 4)
    const bits = load<u64>(cell)
    const bit: u64 = 1 << <u64>(ngram & 63)
    if ((bits & bit) === 0) return
    row = load<u32>(cell, 8) + <u32>popcnt(bits & (bit - 1))
  }
  addRow(settings.words + row, to)
  rows++
}
