/**
 * Byte-level BPE of UTF-8: what lib/bpe/plain-encoder.ts does, with SIMD and a table of the words met before. Compiled
 * by AssemblyScript; it allocates nothing, and works in memory that lib/bpe/kernel-layout.ts lays out.
 *
 * A text is cut into words, 16 bytes at a glance: most words are ASCII letters after a space, and the same 16 bytes are
 * their key in the table. What is longer, or has other characters, goes to the scanners of scan.ts.
 */
import { LETTER, MARK } from './classes'
import { encodeWord } from './encode-word'
import {
  CL100K, DEEPSEEK, DIGITS, FALCON, GPT2, LLAMA3, NUMBERS, O200K, QWEN2, QWEN35, R50K, TEKKEN
} from './families'
import { casedLength, lettersLength, othersLength } from './glance'
import { mergeLong, SHORT_WORD } from './merge'
import { beginSteps, cl100kEnd, deepseekEnd, digitsEnd, falconEnd, gpt2End, o200kEnd } from './scan'
import { setSettings, settings } from './settings'
import { clearWords, encodeMissingBy, SHORT_KEY, writeLonger, writeShort } from './words'

export { addMerges, addSplits, countSplits, indexTokens } from './pairs'
export { keepPairs, listPairs, listPairsByBytes } from './reachable'

/** Takes what to work with, for all that follows. */
export function setup (at: usize): void {
  setSettings(at)
  encodeMissingBy(encodeWord)
}

/** Empties the table of words. */
export function clear (): void {
  clearWords()
}

/** Forgets where the words of a text before ended. */
export function beginText (): void {
  beginSteps()
}

let stoppedAt: usize = 0
let longWord: u32 = 0

/** Where `encode` stopped. */
export function stopped (): usize {
  return stoppedAt
}

/** The length of the word at `stopped`, which is too long for `encode`; 0 where none is. */
export function longWordLength (): u32 {
  return longWord
}

/** Encodes a word of any length, for which there has to be work memory. @returns how many ids are at its beginning */
export function encodeLong (at: usize, length: u32): u32 {
  return mergeLong(at, length)
}

/** Ids of a word of up to 64 bytes, and the 16 bytes that may be written after them. */
const WORD_ROOM: usize = 4 * 64 + 16

/**
 * Encodes from one place to another of the memory, until all is done, ids have no more room, or a word is too long. The
 * 48 bytes after the text are written to.
 *
 * @returns how many ids are there
 */
export function encode (family: i32, at: usize, end: usize): u32 {
  switch (family) {
    case GPT2: return encodeAs(GPT2, at, end)
    case R50K: return encodeAs(R50K, at, end)
    case LLAMA3: return encodeAs(LLAMA3, at, end)
    case CL100K: return encodeAs(CL100K, at, end)
    case QWEN2: return encodeAs(QWEN2, at, end)
    case O200K: return encodeAs(O200K, at, end)
    case TEKKEN: return encodeAs(TEKKEN, at, end)
    case DEEPSEEK: return encodeAs(DEEPSEEK, at, end)
    case DIGITS: return encodeAs(DIGITS, at, end)
    case NUMBERS: return encodeAs(NUMBERS, at, end)
    case QWEN35: return encodeAs(QWEN35, at, end)
    default: return encodeAs(FALCON, at, end)
  }
}

// @ts-ignore: decorator
@inline
function encodeAs (family: i32, at: usize, end: usize): u32 {
  const begin = settings.outAt
  const full = begin + settings.outRoom - WORD_ROOM
  let out = begin
  longWord = 0
  for (let offset: usize = 0; offset < 48; offset += 16) v128.store(end + offset, i64x2(0, 0))
  while (at < end && out <= full) {
    const bytes = v128.load(at)
    let length = family === O200K || family === TEKKEN ? casedLength(at, bytes) : lettersLength(family, at, bytes)
    if (length === 0) length = othersLength(family, at, end, bytes)
    if (length === 0) {
      length = <u32>(wordEnd(family, at, end) - at)
      if (length > SHORT_WORD) {
        longWord = length
        break
      }
    }
    out = length <= SHORT_KEY ? writeShort(at, length, bytes, out) : writeLonger(at, length, out)
    at += length
  }
  stoppedAt = at
  return <u32>((out - begin) >> 2)
}

// @ts-ignore: decorator
@inline
function wordEnd (family: i32, at: usize, end: usize): usize {
  if (family === GPT2) return gpt2End(at, end, false)
  if (family === R50K) return gpt2End(at, end, true)
  if (family === LLAMA3) return cl100kEnd(at, end, LETTER, 3, false)
  if (family === CL100K) return cl100kEnd(at, end, LETTER, 3, true)
  if (family === QWEN2) return cl100kEnd(at, end, LETTER, 1, false)
  if (family === QWEN35) return cl100kEnd(at, end, LETTER | MARK, 1, false)
  if (family === O200K) return o200kEnd(at, end, 3, true)
  if (family === TEKKEN) return o200kEnd(at, end, 1, false)
  if (family === DEEPSEEK) return deepseekEnd(at, end)
  if (family === FALCON) return falconEnd(at, end)
  return digitsEnd(at, end, family === DIGITS)
}
