/**
 * The sum of the vectors of a text's words, with SIMD: the same computation as lib/fasttext/plain-sum.ts, with a table
 * of the words seen before. It is compiled by AssemblyScript, allocates nothing, and works in memory that
 * lib/fasttext/kernel.ts lays out.
 *
 * It goes through the words of a piece of text several times, once for each step, so that many memory accesses
 * overlap. The steps are: find the words, hash them, find their slots in the table, compare the words there, and sum
 * their vectors. Then come similar steps for the words that are not in the table.
 */
import { beginOf, endOf, findWords } from './bounds'
import {
  addWord, addWordNgrams, isLineEnd, LINE_END, listWord, NO_WORD, rowOfWord, wordCount, wordHash
} from './features'
import { addTouched, addVector, addVectors, clear, touchAndAdd, touchRows } from './rows'
import { setSettings, settings } from './settings'
import {
  add, candidate, countOf, find, flush, hashOf, isFull, isKept, isRecordOf, noteText, setRow, setWord, tableHash,
  vectorOf
} from './table'

export { recordBytes } from './table'
export { touchedSum } from './rows'
export { bestLabel } from './tree'

/** About how many rows of words that are not in the table are listed at a time. */
const ROWS_OF_SOME: u32 = 512

let count: u32 = 0 // rows in the sum
let hashes: u32 = 0 // hashes of words of earlier pieces whose n-grams may extend into this one
let isEnded: bool = false
let isExact: bool = false
let text: u32 = 0 // number of the text
let met: u32 = 0 // words of the text
let fresh: u32 = 0 // words that are new in the text
let unkept: u32 = 0 // rows of words that the table doesn't keep

/** Sets the memory to work with, and empties the table. */
export function setup (at: usize): void {
  setSettings(at)
  flush()
}

/**
 * Starts a text.
 *
 * @param exact whether to add each row like fastText and without the table, so that even the last digits are equal
 */
export function begin (exact: bool): void {
  isExact = exact
  text = max(text + 1, 1)
  met = 0
  fresh = 0
  unkept = 0
  clear(settings.sumAt, settings.vectorBytes)
  count = 0
  hashes = 0
  isEnded = false
}

/**
 * Adds the words of a piece of text, up to the first token `</s>`. A word at the end of a piece may continue in the
 * next one, so it is left for that piece, unless this is the last piece.
 *
 * @returns the number of bytes consumed; pass the remaining bytes with the next piece
 */
export function feed (length: u32, isLast: bool): u32 {
  const end = settings.textAt + length
  clear(end, 80) // this ends the last word
  let words = findWords(settings.textAt, end)
  let taken = length
  if (!isLast && words > 0 && endOf(words - 1) === end) {
    words--
    taken = <u32>(beginOf(words) - settings.textAt)
  }
  words = hashWords(words)
  met += words
  if (isEnded) taken = <u32>(endOf(words - 1) - settings.textAt)
  if (isExact) addExactly(words)
  else addMissing(addFound(words))
  if (settings.wordNgrams > 1) addNgrams(words)
  return taken
}

/** Processes a whole text that fits into one piece, and adds a token `</s>` after it. @returns the same as `finish` */
export function sumLine (length: u32, exact: bool): u32 {
  const end = settings.textAt + length
  store<u8>(end, 0x20)
  store<u32>(end, LINE_END, 1)
  begin(exact)
  feed(length + 5, true)
  return finish()
}

/** Whether there was a token `</s>`. */
export function hasEnded (): bool {
  return isEnded
}

/** The number of words in the text. */
export function wordsMet (): u32 {
  return met
}

/** The number of words that are new in the text, according to the table. */
export function freshWords (): u32 {
  return fresh
}

/** The number of rows that words outside the table added. */
export function unkeptRows (): u32 {
  return unkept
}

/** Divides the sum by its rows. @returns the number of rows */
export function finish (): u32 {
  const share = f32x4.splat(<f32>(1 / <f64>count))
  for (let at: u32 = 0; at < settings.vectorBytes; at += 16) {
    v128.store(settings.sumAt + at, f32x4.mul(v128.load(settings.sumAt + at), share))
  }
  return count
}

/** Stores the hash of each word, and its place in the table. @returns the number of words up to a `</s>` */
function hashWords (words: u32): u32 {
  const found = settings.foundAt
  for (let i: u32 = 0; i < words; i++) {
    const word = beginOf(i)
    const bytes = <u32>(endOf(i) - word)
    store<u32>(found + (<usize>i << 3), tableHash(word, bytes))
    if (isLineEnd(word, bytes)) {
      isEnded = true
      words = i + 1
    }
  }
  for (let i: u32 = 0; i < words; i++) {
    const at = found + (<usize>i << 3)
    store<u32>(at, <u32>candidate(load<u32>(at)), 4)
  }
  return words
}

/** Adds the vectors of words that are in the table. @returns the number of words that are not in it */
function addFound (words: u32): u32 {
  const list = settings.listAt
  const noted = settings.hashesAt + (<usize>hashes << 3)
  let listed: u32 = 0
  let misses: u32 = 0
  for (let i: u32 = 0; i < words; i++) {
    const word = beginOf(i)
    const record: usize = load<u32>(settings.foundAt + (<usize>i << 3), 4)
    if (record !== 0 && isRecordOf(record, word, <u32>(endOf(i) - word))) {
      const rows = countOf(record)
      store<u32>(list + (<usize>listed << 2), <u32>vectorOf(record))
      listed += <u32>(rows !== 0)
      count += rows
      fresh += noteText(record, text)
      store<i64>(noted + (<usize>i << 3), hashOf(record))
    } else {
      store<u32>(settings.missesAt + ((<usize>(misses++)) << 2), i)
    }
  }
  addListed(listed)
  return misses
}

/** Adds the listed vectors. Those in the table are already in the cache. */
function addListed (listed: u32): void {
  if (settings.keepsRows !== 0) touchAndAdd(settings.listAt, listed, settings.sumAt)
  else addVectors(settings.listAt, listed, settings.sumAt)
}

/** Adds words that are not in the table, and adds them to the table. */
function addMissing (misses: u32): void {
  for (let first: u32 = 0; first < misses;) first = addSome(first, misses)
}

/**
 * Adds some of the words that are not in the table. All their rows are listed and prefetched into the cache before
 * they are added. This takes several words, because prefetching doesn't help with the few rows of a single one.
 *
 * @returns the index of the next word to add
 */
function addSome (first: u32, misses: u32): u32 {
  const list = settings.listAt
  const found = settings.foundAt
  const noted = settings.hashesAt + (<usize>hashes << 3)
  let listed: u32 = 0
  let miss = first
  for (; miss < misses && listed < ROWS_OF_SOME; miss++) {
    const i = load<u32>(settings.missesAt + (<usize>miss << 2))
    const word = beginOf(i)
    const bytes = <u32>(endOf(i) - word)
    const hash = load<u32>(found + (<usize>i << 3))
    const at = list + (<usize>listed << 2)
    let record = find(word, bytes, hash)
    if (record === 0 && isFull(bytes)) {
      if (miss > first) break // the records of earlier words are still incomplete
      flush()
    }
    let left: u32 = 0
    if (record === 0 && isKept(bytes)) {
      record = add(word, bytes, hash)
      left = makeWord(record, word, bytes, at)
      listed += left
    }
    let vector: usize = 0
    if (record !== 0) {
      if (countOf(record) !== 0) vector = vectorOf(record)
      count += countOf(record)
      fresh += noteText(record, text)
      store<i64>(noted + (<usize>i << 3), hashOf(record))
    } else {
      clear(settings.scratchAt, settings.vectorBytes)
      addWord(word, bytes, at, settings.scratchAt, false)
      addVector(settings.scratchAt, settings.sumAt)
      count += wordCount
      fresh++
      unkept += wordCount
      store<i64>(noted + (<usize>i << 3), wordHash)
    }
    // It replaces a word's hash, which isn't needed any more. There are never more misses than words.
    store<u32>(found + (<usize>miss << 3), left)
    store<u32>(found + (<usize>miss << 3), <u32>vector, 4)
  }
  touchRows(list, listed)
  let at = list
  for (let j = first; j < miss; j++) {
    const left = load<u32>(found + (<usize>j << 3))
    const vector: usize = load<u32>(found + (<usize>j << 3), 4)
    if (left !== 0) addTouched(at, left, vector)
    if (vector !== 0) addVector(vector, settings.sumAt)
    at += <usize>left << 2
  }
  return miss
}

/** Creates the record of a new word, and lists its rows, which are added later. @returns the number of rows listed */
function makeWord (record: usize, word: usize, bytes: u32, at: usize): u32 {
  let left: u32 = 0
  if (settings.keepsRows !== 0) setRow(record, rowOfWord(word, bytes))
  else {
    clear(vectorOf(record), settings.vectorBytes)
    left = listWord(word, bytes, at, vectorOf(record), false)
  }
  setWord(record, wordCount, wordHash)
  return left
}

/** Adds the rows of each word, in fastText's order. */
function addExactly (words: u32): void {
  for (let i: u32 = 0; i < words; i++) {
    const word = beginOf(i)
    addWord(word, <u32>(endOf(i) - word), settings.listAt, settings.sumAt, true)
    count += wordCount
    store<i64>(settings.hashesAt + (<usize>(hashes + i) << 3), wordHash)
  }
}

/** Adds the word n-grams that end in the piece, and keeps the hashes of its last words for the next piece. */
function addNgrams (words: u32): void {
  const from = settings.hashesAt
  let total = hashes
  for (let i = hashes; i < hashes + words; i++) {
    const hash = load<i64>(from + (<usize>i << 3))
    if (hash !== NO_WORD) store<i64>(from + ((<usize>(total++)) << 3), hash)
  }
  count += addWordNgrams(from, total, hashes, settings.sumAt)
  const kept = min(total, settings.wordNgrams - 1)
  memory.copy(from, from + (<usize>(total - kept) << 3), kept << 3)
  hashes = kept
}
