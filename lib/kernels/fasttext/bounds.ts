/** Finds where the words of a piece of text begin and end. */
import { settings } from './settings'

export function beginOf (word: u32): usize {
  return load<u32>(settings.boundsAt + (<usize>word << 3))
}

export function endOf (word: u32): usize {
  return load<u32>(settings.boundsAt + (<usize>word << 3), 4)
}

/**
 * Stores the start and end of each word: the places where a separator is next to another byte. @returns the number of
 * words
 */
export function findWords (from: usize, to: usize): u32 {
  const bounds = settings.boundsAt
  let at = bounds
  let before: u64 = 1 // whether the byte before is a separator
  for (let block = from; block <= to; block += 64) {
    const separators =
      separatorsIn(block) |
      separatorsIn(block + 16) << 16 |
      separatorsIn(block + 32) << 32 |
      separatorsIn(block + 48) << 48
    let changes = separators ^ (separators << 1 | before)
    before = separators >>> 63
    while (changes !== 0) {
      store<u32>(at, <u32>(block + <usize>ctz(changes)))
      at += 4
      changes &= changes - 1
    }
  }
  return <u32>((at - bounds) >>> 3)
}

/** A bit for each of 16 bytes: whether it is a separator. */
// @ts-ignore: a decorator of AssemblyScript's
@inline
function separatorsIn (block: usize): u64 {
  const bytes = v128.load(block)
  const isControl = i8x16.le_u(i8x16.sub(bytes, i8x16.splat(9)), i8x16.splat(4)) // \t \n \v \f \r
  const isOther = v128.or(i8x16.eq(bytes, i8x16.splat(0x20)), i8x16.eq(bytes, i8x16.splat(0)))
  return <u64>(<u32>i8x16.bitmask(v128.or(isControl, isOther)))
}
