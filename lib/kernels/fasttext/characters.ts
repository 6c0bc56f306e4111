/** Reads the characters of a word, and hashes their n-grams, many at a time with SIMD. */
import { settings } from './settings'

export const HASH_BASIS: u32 = 2166136261
export const HASH_PRIME: u32 = 16777619

/**
 * The number of a word's characters whose n-grams are computed together, and how far the kernel may read and write
 * after them; the same as in lib/fasttext/kernel-layout.ts.
 */
export const BLOCK: u32 = 64
const BLOCK_SLACK: u32 = 16

/** A value that no byte has. */
const NO_BYTE: i32 = 256

/**
 * The address of the characters' first bytes, of their second bytes, and so on: a 32-bit number for each byte,
 * sign-extended.
 */
// @ts-ignore: a decorator of AssemblyScript's
@inline
function charactersOf (place: u32): usize {
  return settings.charactersAt + place * ((BLOCK + settings.maxn + BLOCK_SLACK) << 2)
}

/** The address of the buckets of n-grams of one length, indexed by their first character. */
// @ts-ignore: a decorator of AssemblyScript's
@inline
export function ngramsOf (length: u32): usize {
  return settings.ngramsAt + (length - 1) * (BLOCK << 2)
}

/** About the characters that were read: the bytes of the longest one, and the address of the next block, or the end. */
let longestCharacter: u32 = 1
export let nextBlock: usize = 0

/** Reads up to `most` characters. A NUL follows the end. @returns how many there are */
export function readCharacters (from: usize, end: usize, most: u32): u32 {
  const firsts = charactersOf(0)
  const bytes = min(<u32>(end - from), most)
  let others: u32 = 0 // bits of bytes that aren't ASCII
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

/** Like `readCharacters`, for words with characters of several bytes. Missing bytes of a character are NO_BYTE. */
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
      const hasFourth = hasThird && fourth < -64 // more bytes only occur in damaged models
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

/**
 * Stores the buckets of n-grams that begin with the first `starts` characters, four at a time. Entries after the last
 * character are meaningless.
 */
export function hashNgrams (starts: u32, count: u32, minn: u32, maxn: u32): void {
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

/**
 * Hashes modulo the number of buckets, computed by multiplication. The factor has 33 bits; its highest bit is 1 and not
 * stored.
 */
// @ts-ignore: a decorator of AssemblyScript's
@inline
function bucketsOf (hash: v128, bucket: v128, factor: v128, halving: i32, shift: i32): v128 {
  const low = i64x2.extmul_low_i32x4_u(hash, factor)
  const high = i64x2.extmul_high_i32x4_u(hash, factor)
  const product = v128.shuffle<i32>(low, high, 1, 3, 5, 7)
  const quotient = i32x4.shr_u(i32x4.add(product, i32x4.shr_u(i32x4.sub(hash, product), halving)), shift)
  return i32x4.sub(hash, i32x4.mul(quotient, bucket))
}
