/**
 * The keys of a trie that is being built: entries of 8 bytes, the address of the key's bytes, which a NUL ends, and its
 * id.
 */
import { SPACE } from './utf8'

/**
 * Makes entries of texts that follow each other, each ended by a NUL.
 *
 * @param takenAt for each text, a byte that is 1 if it is a key
 * @param escapes whether U+2581 in a text is a space
 * @param entriesAt room for an entry for each text
 * @returns how many keys there are
 */
export function listKeys (textsAt: usize, count: u32, takenAt: usize, escapes: bool, entriesAt: usize): u32 {
  let at = textsAt
  let entry = entriesAt
  for (let id: u32 = 0; id < count; id++) {
    const begin = at
    while (load<u8>(at) !== 0) at++
    const end = at++
    if (load<u8>(takenAt + id) === 0) continue
    if (escapes) unescapeSpaces(begin, end)
    store<u32>(entry, <u32>begin)
    store<u32>(entry, id, 4)
    entry += 8
  }
  return <u32>((entry - entriesAt) >> 3)
}

/** Replaces each U+2581 by a space, in place; the text becomes shorter, and ends with a NUL again. */
function unescapeSpaces (at: usize, end: usize): void {
  let out = at
  while (at < end) {
    if (load<u8>(at) === 0xe2 && load<u8>(at, 1) === 0x96 && load<u8>(at, 2) === 0x81) {
      store<u8>(out++, <u8>SPACE)
      at += 3
    } else {
      store<u8>(out++, load<u8>(at++))
    }
  }
  store<u8>(out, 0)
}

/** The byte of an entry's key at a depth. */
// @ts-ignore: decorator
@inline
function byteOf (entry: usize, depth: usize): u32 {
  return load<u8>(<usize>load<u32>(entry) + depth)
}

// @ts-ignore: decorator
@inline
function swap (a: usize, b: usize): void {
  const entry = load<u64>(a)
  store<u64>(a, load<u64>(b))
  store<u64>(b, entry)
}

/** Sorts keys by their bytes, which are equal up to a depth: quicksort by one byte at a time. */
export function sortKeys (from: usize, to: usize, depth: usize): void {
  while (to - from > 8) {
    const pivot = byteOf(from + (((to - from) >> 4) << 3), depth)
    let less = from // keys before have less than the pivot
    let greater = to // keys from here on have more
    for (let entry = from; entry < greater;) {
      const byte = byteOf(entry, depth)
      if (byte < pivot) {
        swap(entry, less)
        less += 8
        entry += 8
      } else if (byte > pivot) {
        greater -= 8
        swap(entry, greater)
      } else {
        entry += 8
      }
    }
    // The largest part is sorted by this loop, so that calls are never deep. Keys that end here are equal, that is one.
    const below = less - from
    const same: usize = pivot === 0 ? 0 : greater - less
    const above = to - greater
    const isSame = pivot !== 0 && same >= below && same >= above
    const isBelow = !isSame && below >= above
    if (!isBelow) sortKeys(from, less, depth)
    if (!isSame && pivot !== 0) sortKeys(less, greater, depth + 1)
    if (isSame || isBelow) sortKeys(greater, to, depth)
    if (isSame) {
      from = less
      to = greater
      depth++
    } else if (isBelow) {
      to = less
    } else {
      from = greater
    }
  }
}

/** The number of nodes that a trie of sorted keys has. */
export function countNodes (entriesAt: usize, count: u32): u32 {
  let nodes: u32 = 1
  for (let i: u32 = 0; i < count; i++) {
    const entry = entriesAt + (<usize>i << 3)
    let depth: usize = 0
    if (i > 0) while (byteOf(entry, depth) !== 0 && byteOf(entry, depth) === byteOf(entry - 8, depth)) depth++
    for (; byteOf(entry, depth) !== 0; depth++) nodes++
  }
  return nodes
}
