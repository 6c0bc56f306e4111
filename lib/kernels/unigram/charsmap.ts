/**
 * The table by which text is rewritten, as models have it: a trie of darts-clone, and replacements that a NUL ends.
 * `isUsable` checks it as `readCharsmap` of lib/sentencepiece/charsmap.ts does, so that nothing is checked afterwards.
 */
import { lengthOfChar } from './utf8'

/** Of a unit that is no value: its label. A value has the highest bit. */
const LABEL: u32 = 0x8000_00ff
const HAS_LEAF: u32 = 0x100

// States of a node.
const MET: u8 = 1
const DONE: u8 = 2

/** Bytes of work memory for a unit. */
export const CHARSMAP_WORK: u32 = 20

// @ts-ignore: decorator
@inline
export function unitAt (trie: usize, node: u32): u32 {
  return load<u32>(trie + (<usize>node << 2))
}

/** The base of a node's children. */
// @ts-ignore: decorator
@inline
export function baseOf (node: u32, unit: u32): u32 {
  return node ^ ((unit >> 10) << ((unit & 0x200) >> 6))
}

let replacement: u32 = 0

/** Where the key that was found last is replaced, counted from the first replacement. */
export function foundReplacement (): u32 {
  return replacement
}

/** Where the longest key at a place ends; the place itself where there is none. A NUL is in no key. */
export function longestMapped (trie: usize, at: usize, to: usize): usize {
  let end = at
  let base = baseOf(0, unitAt(trie, 0))
  while (at < to) {
    const byte: u32 = load<u8>(at++)
    const node = base ^ byte
    const unit = unitAt(trie, node)
    if ((unit & LABEL) !== byte || byte === 0) break
    base = baseOf(node, unit)
    if ((unit & HAS_LEAF) !== 0) {
      end = at
      replacement = unitAt(trie, base) & 0x7fff_ffff
    }
  }
  return end
}

// The children of nodes by their base, of which several nodes may have the same.
let startsAt: usize = 0
let childrenAt: usize = 0

// @ts-ignore: decorator
@inline
export function firstChild (base: u32): u32 {
  return load<u32>(startsAt + (<usize>base << 2))
}

// @ts-ignore: decorator
@inline
export function childAt (place: u32): u32 {
  return load<u32>(childrenAt + (<usize>place << 2))
}

// @ts-ignore: decorator
@inline
function isEdge (unit: u32): bool {
  return (unit >> 31) === 0 && (unit & 0xff) !== 0
}

/** Lists the children of all nodes, by a sort that counts. */
function listChildren (trie: usize, size: u32): void {
  memory.fill(startsAt, 0, (<usize>size + 2) << 2)
  for (let node: u32 = 0; node < size; node++) {
    const unit = unitAt(trie, node)
    if (!isEdge(unit)) continue
    const start = startsAt + (<usize>(node ^ (unit & 0xff)) << 2)
    store<u32>(start, load<u32>(start, 8) + 1, 8)
  }
  for (let base: usize = 2; base <= <usize>size + 1; base++) {
    store<u32>(startsAt + (base << 2), load<u32>(startsAt + (base << 2)) + load<u32>(startsAt + (base << 2) - 4))
  }
  // Where the next child goes is kept one place further on, and so becomes where those of the next base start.
  for (let node: u32 = 0; node < size; node++) {
    const unit = unitAt(trie, node)
    if (!isEdge(unit)) continue
    const start = startsAt + (<usize>(node ^ (unit & 0xff)) << 2)
    const place = load<u32>(start, 4)
    store<u32>(childrenAt + (<usize>place << 2), node)
    store<u32>(start, place + 1, 4)
  }
}

/**
 * Whether the trie has no circle, every key ends with a character, and is replaced by something.
 *
 * @param size units of the trie, a multiple of 256
 * @param workAt `CHARSMAP_WORK` bytes for each unit, and 16 more
 */
export function isUsable (trie: usize, size: u32, replacementsAt: usize, length: u32, workAt: usize): bool {
  startsAt = workAt
  childrenAt = startsAt + ((<usize>size + 2) << 2)
  const pathAt = childrenAt + (<usize>size << 2) // of nodes: each, and the place of the next child to visit
  const statesAt = pathAt + (<usize>size << 3)
  const missingAt = statesAt + size // of nodes: bytes that are missing in their last character
  listChildren(trie, size)
  memory.fill(statesAt, 0, <usize>size << 1)
  let path = pathAt
  store<u32>(path, 0)
  store<u8>(statesAt, MET)
  let base = baseOf(0, unitAt(trie, 0))
  if (base >= size) return false
  store<u32>(path, firstChild(base), 4)
  while (path >= pathAt) {
    const node = load<u32>(path)
    const place = load<u32>(path, 4)
    base = baseOf(node, unitAt(trie, node))
    if (place === firstChild(base + 1)) {
      store<u8>(statesAt + node, DONE)
      path -= 8
      continue
    }
    store<u32>(path, place + 1, 4)
    const child = childAt(place)
    const before: u32 = load<u8>(missingAt + node)
    const missing = (before !== 0 ? before : lengthOfChar(unitAt(trie, child) & 0xff)) - 1
    const state: u8 = load<u8>(statesAt + child)
    if (state === MET || (state === DONE && load<u8>(missingAt + child) !== <u8>missing)) return false
    if (state === DONE) continue
    if (!isNodeUsable(trie, child, size, missing, replacementsAt, length)) return false
    store<u8>(statesAt + child, MET)
    store<u8>(missingAt + child, <u8>missing)
    path += 8
    store<u32>(path, child)
    store<u32>(path, firstChild(baseOf(child, unitAt(trie, child))), 4)
  }
  return true
}

function isNodeUsable (
  trie: usize, node: u32, size: u32, missing: u32, replacementsAt: usize, length: u32
): bool {
  const unit = unitAt(trie, node)
  const base = baseOf(node, unit)
  if (base >= size) return false
  if ((unit & HAS_LEAF) === 0) return true
  const value = unitAt(trie, base)
  const at = value & 0x7fff_ffff
  return missing === 0 && (value >> 31) === 1 && at < length && (load<u8>(replacementsAt + at) & 0xc0) !== 0x80
}
