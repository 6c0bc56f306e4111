import { settings } from './settings'

// Bits of lib/bpe/character-classes.ts.
export const LETTER: u32 = 1
export const NUMBER: u32 = 2
export const SPACE: u32 = 4
export const LINE_END: u32 = 8
export const UPPER: u32 = 16
export const LOWER: u32 = 32
export const MARK: u32 = 64
export const SYMBOL: u32 = 128

/** Falcon, which knows no upper case, has this in the place of `UPPER`. */
export const PUNCTUATION: u32 = 16

// @ts-ignore: decorator
@inline
export function lengthOfChar (first: u32): u32 {
  return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
}

/** The place after the character at a place. */
// @ts-ignore: decorator
@inline
export function after (at: usize): usize {
  return at + lengthOfChar(load<u8>(at))
}

// @ts-ignore: decorator
@inline
export function codePointAt (at: usize): u32 {
  const first: u32 = load<u8>(at)
  if (first < 0x80) return first
  const second = <u32>load<u8>(at, 1) & 63
  if (first < 0xe0) return ((first & 31) << 6) | second
  const third = <u32>load<u8>(at, 2) & 63
  if (first < 0xf0) return ((first & 15) << 12) | (second << 6) | third
  return ((first & 7) << 18) | (second << 12) | (third << 6) | (<u32>load<u8>(at, 3) & 63)
}

// @ts-ignore: decorator
@inline
export function classOf (point: u32): u32 {
  const block: u32 = load<u16>(settings.blockOfAt + (<usize>(point >> 7) << 1))
  return load<u8>(settings.blocksAt + (<usize>block << 7) + (point & 127))
}

// @ts-ignore: decorator
@inline
export function classAt (at: usize): u32 {
  return classOf(codePointAt(at))
}

/** Where the characters of some classes end that begin at a place. */
export function endOf (at: usize, end: usize, classes: u32): usize {
  while (at < end && (classAt(at) & classes) !== 0) at = after(at)
  return at
}

/** Where characters of other classes end that begin at a place. */
export function endOfOthers (at: usize, end: usize, classes: u32): usize {
  while (at < end && (classAt(at) & classes) === 0) at = after(at)
  return at
}

/** Where up to so many numbers end, of which the first is at a place. */
export function endOfNumbers (at: usize, end: usize, most: u32): usize {
  at = after(at)
  for (let count: u32 = 1; count < most && at < end && (classAt(at) & NUMBER) !== 0; count++) at = after(at)
  return at
}
