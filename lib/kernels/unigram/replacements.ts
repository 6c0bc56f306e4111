/**
 * What characters became that are keys of the charsmap alone: full-width punctuation, for example. The table is small,
 * and a new character takes the place of another. It does what `find` and `put` of normalize.ts do, and is faster.
 *
 * An entry of 8 bytes has the replacement (4 bytes), the character in UTF-8 (3), and the replacement's length (1).
 */
import { settings } from './settings'
import { SPACE, isU2581 } from './utf8'

const ENTRY_BITS: u32 = 8

/** Bytes of the table. */
export const REPLACED_BYTES: u32 = 8 << ENTRY_BITS

const MOST_BYTES: usize = 4

// @ts-ignore: decorator
@inline
function entryOf (char: u32): usize {
  return settings.replacedAt + (<usize>(char * 0x9E37_79B1 >> (32 - ENTRY_BITS)) << 3)
}

/** A character of two or three bytes. */
// @ts-ignore: decorator
@inline
function charAt (at: usize, length: usize): u32 {
  return load<u32>(at) & (<u32>0xff_ffff >> (24 - (<u32>length << 3)))
}

/** The entry of a character of two or three bytes; 0 for none. */
// @ts-ignore: decorator
@inline
export function replaced (at: usize, length: usize): u64 {
  const char = charAt(at, length)
  const entry = load<u64>(entryOf(char))
  return (<u32>(entry >> 32) & 0xff_ffff) === char ? entry : 0
}

// @ts-ignore: decorator
@inline
export function replacementOf (entry: u64): u32 {
  return <u32>entry
}

// @ts-ignore: decorator
@inline
export function replacementLength (entry: u64): usize {
  return <usize>(entry >> 56)
}

/** Keeps what a character became, unless it is long, or has spaces, which depend on the text around them. */
export function keepReplaced (at: usize, length: usize, from: usize, to: usize): void {
  const bytes = to - from
  if (bytes === 0 || bytes > MOST_BYTES) return
  for (let byteAt = from; byteAt < to; byteAt++) if (load<u8>(byteAt) === <u8>SPACE || isU2581(byteAt)) return
  const char = charAt(at, length)
  const replacement = load<u32>(from) & (<u32>0xffff_ffff >> (32 - (<u32>bytes << 3)))
  store<u64>(entryOf(char), (<u64>bytes << 56) | (<u64>char << 32) | <u64>replacement)
}
