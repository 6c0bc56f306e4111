/**
 * A trie over bytes as a double array, as lib/sentencepiece/double-array.ts has it: a unit has the label of the edge to
 * its node (8 bits), whether it is in use (1), whether a key ends at it (1), and the base of its children (22). Here a
 * unit is followed by the f32 of the key that ends there, so that a step of a search reads both at once.
 */
export const LABEL_BITS: u32 = 0x1ff
export const IN_USE: u32 = 0x100
export const HAS_VALUE: u32 = 0x200
export const BASE_SHIFT: u32 = 10

/** Bytes of a node. */
export const NODE_SHIFT: usize = 3

/** Where the longest key at a place ends; the place itself where there is none. */
export function longestKey (nodes: usize, at: usize, to: usize): usize {
  let end = at
  let unit = load<u32>(nodes)
  while (at < to) {
    const byte: u32 = load<u8>(at++)
    unit = load<u32>(nodes + (<usize>((unit >> BASE_SHIFT) ^ byte) << NODE_SHIFT))
    if ((unit & LABEL_BITS) !== (byte | IN_USE)) break
    if ((unit & HAS_VALUE) !== 0) end = at
  }
  return end
}

/** Whether a key begins with some bytes. */
export function beginsKey (nodes: usize, at: usize, to: usize): bool {
  let unit = load<u32>(nodes)
  while (at < to) {
    const byte: u32 = load<u8>(at++)
    unit = load<u32>(nodes + (<usize>((unit >> BASE_SHIFT) ^ byte) << NODE_SHIFT))
    if ((unit & LABEL_BITS) !== (byte | IN_USE)) return false
  }
  return true
}
