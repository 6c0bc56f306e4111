/**
 * The length of a word out of the 16 bytes at its beginning. Each function has an answer for common words of ASCII that
 * end within 15 bytes; it is that of scan.ts, which takes several times as long.
 */
import { CL100K, DEEPSEEK, DIGITS, FALCON, GPT2, LLAMA3, NUMBERS, O200K, QWEN2, R50K, TEKKEN } from './families'
import { SHORT_KEY } from './words'

/** Bits of the bytes between two, both included. */
// @ts-ignore: decorator
@inline
function bytesBetween (bytes: v128, first: i8, last: i8): u32 {
  const distance = i8x16.sub(bytes, i8x16.splat(first))
  return <u32>i8x16.bitmask(i8x16.le_u(distance, i8x16.splat(last - first)))
}

/** Whether a byte of ASCII may be the first of a word of letters, in all families but o200k's. */
// @ts-ignore: decorator
@inline
function mayPrecede (family: i32, byte: u32): bool {
  if (byte >= 0x80) return false
  if (family === GPT2 || family === R50K || family === DIGITS || family === NUMBERS || family === FALCON) {
    return byte === 0x20
  }
  if (byte === 10 || byte === 13 || byte - 48 < 10) return false
  return family === DEEPSEEK || byte !== 0x27 // which may begin a contraction
}

/**
 * The length of a word of ASCII letters, with what may be before them, that ends within 15 bytes before another
 * character of ASCII; 0 for anything else.
 */
// @ts-ignore: decorator
@inline
export function lettersLength (family: i32, at: usize, bytes: v128): u32 {
  const letters = bytesBetween(v128.or(bytes, i8x16.splat(32)), 97, 122)
  const first: u32 = load<u8>(at)
  if ((letters & 3) === 0) return 0 // neither the first nor the second is a letter
  if ((letters & 1) === 0 && !mayPrecede(family, first)) return 0
  const length = <u32>ctz(~(letters | 1))
  return endsInAscii(bytes, length) ? length : 0
}

/** As `lettersLength`, of words whose capitals come first, and which may have a contraction. */
// @ts-ignore: decorator
@inline
export function casedLength (at: usize, bytes: v128): u32 {
  const upper = bytesBetween(bytes, 65, 90)
  const lower = bytesBetween(bytes, 97, 122)
  const first: u32 = load<u8>(at)
  const isLetter = ((upper | lower) & 1) !== 0
  if (!isLetter && (first >= 0x80 || first === 10 || first === 13 || first - 48 < 10)) return 0
  const begin: u32 = isLetter ? 0 : 1
  const capitals = begin + <u32>ctz(~(upper >> begin))
  const length = capitals + <u32>ctz(~(lower >> capitals))
  return length > begin && endsInAscii(bytes, length) && load<u8>(at + length) !== 0x27 ? length : 0
}

/** Whether a character of ASCII follows so many bytes, within the 16 that are looked at. */
// @ts-ignore: decorator
@inline
function endsInAscii (bytes: v128, length: u32): bool {
  return length <= SHORT_KEY && ((<u32>i8x16.bitmask(bytes) >> length) & 1) === 0
}

/** The length of numbers, white space or punctuation; 0 for anything else, and in families that cut in another way. */
// @ts-ignore: decorator
@inline
export function othersLength (family: i32, at: usize, end: usize, bytes: v128): u32 {
  const isCased = family === O200K || family === TEKKEN
  if (!isCased && family !== CL100K && family !== LLAMA3 && family !== QWEN2) return 0
  const letters = bytesBetween(v128.or(bytes, i8x16.splat(32)), 97, 122)
  const digits = bytesBetween(bytes, 48, 57)
  const spaces = bytesBetween(bytes, 9, 13) | <u32>i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(32)))
  const lineEnds = <u32>i8x16.bitmask(v128.or(i8x16.eq(bytes, i8x16.splat(10)), i8x16.eq(bytes, i8x16.splat(13))))
  const high = <u32>i8x16.bitmask(bytes)
  const others = ~(letters | digits | spaces | high) & 0xffff
  const first: u32 = load<u8>(at)
  let length: u32 = 0
  if ((others & 1) !== 0 ? first !== 0x27 && ((letters | high) & 2) === 0 : first === 0x20 && (others & 2) !== 0) {
    const stop = runEnd(others | 1, 0)
    if (((high >> stop) & 1) !== 0) return 0
    const slashes = isCased ? <u32>i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(47))) : 0
    length = runEnd(lineEnds | slashes, stop)
  } else if ((spaces & 1) !== 0) {
    const stop = runEnd(spaces, 0)
    const endsInLetter = stop === 1 && (lineEnds & 1) === 0 && (letters & 2) !== 0
    if (stop > SHORT_KEY || ((high >> stop) & 1) !== 0 || endsInLetter || at + stop >= end) return 0
    const lines = lineEnds & ((1 << stop) - 1)
    length = lines !== 0 ? 32 - <u32>clz(lines) : max<u32>(stop - 1, 1)
  } else if ((digits & 1) !== 0) {
    const most: u32 = family === QWEN2 || family === TEKKEN ? 1 : 3
    length = min<u32>(runEnd(digits, 0), most)
    if (length < most && ((high >> length) & 1) !== 0) return 0
  }
  return length <= SHORT_KEY && at + length <= end ? length : 0
}

/** Where a run of bits ends that begins at a place. */
// @ts-ignore: decorator
@inline
function runEnd (bits: u32, at: u32): u32 {
  return at + <u32>ctz(~(bits >> at))
}
