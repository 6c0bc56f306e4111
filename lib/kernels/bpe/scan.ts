/**
 * Where words end, as the regular expressions of lib/bpe/expressions.ts cut them; each function takes where a word
 * begins, and where the text ends.
 */
import {
  LETTER, LINE_END, LOWER, MARK, NUMBER, SPACE, SYMBOL, UPPER,
  after, classAt, classOf, codePointAt, endOf, endOfNumbers, endOfOthers
} from './classes'

const APOSTROPHE: u32 = 0x27

/**
 * Where a word of white space ends: `\s*[\r\n]+|\s+(?!\S)|\s+`.
 *
 * @param endsAtLines whether the expression has the first alternative
 * @param takesTail whether white space at the end of the text is one word
 */
// @ts-ignore: decorator
@inline
function endOfSpaces (at: usize, end: usize, endsAtLines: bool, takesTail: bool): usize {
  let last = at
  let next = at
  let line: usize = 0
  while (next < end) {
    const bits = classAt(next)
    if ((bits & SPACE) === 0) break
    last = next
    next = after(next)
    if ((bits & LINE_END) !== 0) line = next
  }
  if (takesTail && next === end) return next
  if (endsAtLines && line !== 0) return line
  if (next === end) return next
  return last > at ? last : next
}

/** Bytes of `s`, `t`, `m`, `d`, `ll`, `ve` or `re` after an apostrophe; 0 where there is none of them. */
function suffixLength (at: usize, end: usize, anyCase: bool): u32 {
  if (at >= end) return 0
  let first: u32 = load<u8>(at)
  if (anyCase) {
    if (first === 0xc5) return at + 1 < end && load<u8>(at, 1) === 0xbf ? 2 : 0 // ſ is an s in another case
    if (first - 65 < 26) first |= 32
  }
  if (first === 115 || first === 116 || first === 109 || first === 100) return 1
  if (at + 1 >= end) return 0
  let second: u32 = load<u8>(at, 1)
  if (anyCase && second - 65 < 26) second |= 32
  const isLl = first === 108 && second === 108
  return isLl || ((first === 114 || first === 118) && second === 101) ? 2 : 0
}

/** Where a contraction ends that may be at a place; the place itself where there is none. */
// @ts-ignore: decorator
@inline
function endOfContraction (at: usize, end: usize, anyCase: bool): usize {
  if (at >= end || load<u8>(at) !== APOSTROPHE) return at
  const length = suffixLength(at + 1, end, anyCase)
  return length === 0 ? at : at + 1 + length
}

// @ts-ignore: decorator
@inline
function endOfLineEnds (at: usize, end: usize, orSlash: bool): usize {
  for (; at < end; at++) {
    const byte: u32 = load<u8>(at)
    if (byte !== 10 && byte !== 13 && !(orSlash && byte === 47)) break
  }
  return at
}

export function gpt2End (at: usize, end: usize, takesTail: bool): usize {
  const contraction = endOfContraction(at, end, false)
  if (contraction > at) return contraction
  const begin = load<u8>(at) === 0x20 && at + 1 < end ? at + 1 : at
  const bits = classAt(begin)
  if ((bits & LETTER) !== 0) return endOf(begin, end, LETTER)
  if ((bits & NUMBER) !== 0) return endOf(begin, end, NUMBER)
  if ((bits & SPACE) === 0) return endOfOthers(begin, end, SPACE | LETTER | NUMBER)
  return endOfSpaces(at, end, false, takesTail)
}

/**
 * @param letters the classes that words are made of
 * @param numbers how many make a word at most
 */
export function cl100kEnd (at: usize, end: usize, letters: u32, numbers: u32, takesTail: bool): usize {
  const contraction = endOfContraction(at, end, true)
  if (contraction > at) return contraction
  const bits = classAt(at)
  const next = after(at)
  if ((bits & letters) !== 0) return endOf(next, end, letters)
  const mayPrecede = (bits & (NUMBER | LINE_END)) === 0
  if (mayPrecede && next < end && (classAt(next) & letters) !== 0) return endOf(next, end, letters)
  if ((bits & NUMBER) !== 0) return endOfNumbers(at, end, numbers)
  const begin = load<u8>(at) === 0x20 && next < end ? next : at
  const others = SPACE | NUMBER | letters
  if ((classAt(begin) & others) === 0) return endOfLineEnds(endOfOthers(begin, end, others), end, false)
  return endOfSpaces(at, end, true, takesTail)
}

/**
 * Where `U*W+` ends, or `U+W*`, which begin at a place; 0 where there is none. Letters without case and marks are in
 * both classes, so that the first gives some back.
 */
function endOfCased (at: usize, end: usize, isSecond: bool): usize {
  let next = at
  let both: usize = 0 // after the last that is in both
  while (next < end) {
    const bits = classAt(next)
    if ((bits & UPPER) === 0) break
    next = after(next)
    if ((bits & LOWER) !== 0) both = next
  }
  if (isSecond) return next > at ? next : 0 // with no lower one after it, or the first would have matched
  const lower = endOf(next, end, LOWER)
  return lower > next ? lower : both
}

/** @param hasEndings whether a contraction belongs to the word before it */
export function o200kEnd (at: usize, end: usize, numbers: u32, hasEndings: bool): usize {
  const bits = classAt(at)
  const next = after(at)
  const mayPrecede = (bits & (LETTER | NUMBER | LINE_END)) === 0
  for (let second = 0; second < 2; second++) {
    let cased: usize = 0
    if (mayPrecede) cased = endOfCased(next, end, second === 1)
    if (cased === 0) cased = endOfCased(at, end, second === 1)
    if (cased !== 0) return hasEndings ? endOfContraction(cased, end, true) : cased
  }
  if ((bits & NUMBER) !== 0) return endOfNumbers(at, end, numbers)
  const begin = load<u8>(at) === 0x20 && next < end ? next : at
  if ((classAt(begin) & (SPACE | LETTER | NUMBER)) === 0) {
    return endOfLineEnds(endOfOthers(begin, end, SPACE | LETTER | NUMBER), end, true)
  }
  return endOfSpaces(at, end, true, false)
}

// Some families cut in steps. For a later step, the text ends where a piece of the step before it does.
let stepEnd: usize = 0

/** Must be called before a new text. */
export function beginSteps (): void {
  stepEnd = 0
}

/** Whether Rust's `char::is_numeric` holds, which knows a later version of Unicode than the classes. */
// @ts-ignore: decorator
@inline
function isNumeric (at: usize): bool {
  const point = codePointAt(at)
  return (classOf(point) & NUMBER) !== 0 || point - 0x11de0 < 10 || point - 0x16ff4 < 3
}

/** Numbers apart from the rest, then as `gpt2End`. @param each whether each number is by itself, or a run of them */
export function digitsEnd (at: usize, end: usize, each: bool): usize {
  if (at >= stepEnd) {
    const isNumber = isNumeric(at)
    let next = after(at)
    if (!(isNumber && each)) while (next < end && isNumeric(next) === isNumber) next = after(next)
    stepEnd = next
  }
  return gpt2End(at, stepEnd, false)
}

/** U+4E00 to U+9FA5, U+3040 to U+30FF. */
function isCjk (at: usize): bool {
  const point = codePointAt(at)
  return point - 0x4e00 <= 0x9fa5 - 0x4e00 || point - 0x3040 <= 0x30ff - 0x3040
}

// @ts-ignore: decorator
@inline
function isAsciiLetter (byte: u32): bool {
  return (byte | 32) - 97 < 26
}

export function deepseekEnd (at: usize, end: usize): usize {
  if (at >= stepEnd) {
    if ((classAt(at) & NUMBER) !== 0) return endOfNumbers(at, end, 3)
    let next = after(at)
    if (isCjk(at)) while (next < end && isCjk(next)) next = after(next)
    else while (next < end && (classAt(next) & NUMBER) === 0 && !isCjk(next)) next = after(next)
    stepEnd = next
  }
  const word = deepseekWordEnd(at, stepEnd)
  if (word !== at) return word
  let next = after(at) // what no match takes is a word up to the next match
  while (next < stepEnd && deepseekWordEnd(next, stepEnd) === next) next = after(next)
  return next
}

/** The third step; `at` where nothing matches there. */
function deepseekWordEnd (at: usize, end: usize): usize {
  const first: u32 = load<u8>(at)
  const bits = classAt(at)
  let next = after(at)
  if (first < 0x80 && (bits & SYMBOL) !== 0 && next < end && isAsciiLetter(load<u8>(next))) {
    while (next < end && isAsciiLetter(load<u8>(next))) next++
    return next
  }
  if ((bits & (LINE_END | LETTER | SYMBOL)) === 0 && next < end && (classAt(next) & (LETTER | MARK)) !== 0) {
    return endOf(next, end, LETTER | MARK)
  }
  if ((bits & (LETTER | MARK)) !== 0) return endOf(next, end, LETTER | MARK)
  const begin = first === 0x20 && next < end ? next : at
  if ((classAt(begin) & SYMBOL) !== 0) return endOfLineEnds(endOf(begin, end, SYMBOL), end, false)
  return (bits & SPACE) === 0 ? at : endOfSpaces(at, end, true, false)
}
