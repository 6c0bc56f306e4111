/**
 * Builds the trie of sorted keys, as `buildDoubleArray` of lib/sentencepiece/double-array.ts does. It only runs in
 * memory that is dropped afterwards.
 */
import { BASE_SHIFT, HAS_VALUE, IN_USE } from './double-array'

/** Children are placed in blocks of as many units as there are labels, so that `base ^ label` stays in a block. */
const BLOCK: u32 = 256

/** How many of the last blocks are searched for a place, which keeps building linear. */
const OPEN_BLOCKS: u32 = 16

/** Bytes of work memory for a unit: the next and the previous free unit, whether it is free, whether it is a base. */
export const WORK_A_UNIT: u32 = 10

/** Bytes of work memory for a key: keys that begin alike and wait for their nodes (`node`, `depth`, `from`, `to`). */
const GROUP: usize = 16

const NONE: u32 = 0xffff_ffff

let unitsAt: usize = 0
let idsAt: usize = 0
let nextAt: usize = 0
let previousAt: usize = 0
let freeAt: usize = 0
let basesAt: usize = 0
let room: u32 = 0
let size: u32 = 0
let first: u32 = NONE
let last: u32 = NONE

/**
 * @param entriesAt sorted keys (keys.ts)
 * @param units room for so many units, a multiple of 256
 * @param unitsTo where units go, and after them the ids of the keys that end there
 * @param workAt `WORK_A_UNIT` bytes for each unit, and 16 for each key
 * @param labelsAt 5 * 257 bytes of work memory
 * @returns how many units there are; 0 if they need more room
 */
export function buildTrie (
  entriesAt: usize, count: u32, units: u32, unitsTo: usize, workAt: usize, labelsAt: usize
): u32 {
  room = units
  unitsAt = unitsTo
  idsAt = unitsAt + (<usize>room << 2)
  nextAt = workAt
  previousAt = nextAt + (<usize>room << 2)
  freeAt = previousAt + (<usize>room << 2)
  basesAt = freeAt + room
  size = 0
  first = NONE
  last = NONE
  if (!addBlock()) return 0
  take(0)
  store<u8>(basesAt, 1) // the base of nodes without children
  const groupsAt = basesAt + room
  let group = groupsAt
  setGroup(group, 0, 0, 0, count)
  for (group += GROUP; group > groupsAt;) {
    group -= GROUP
    const end = placeGroup(entriesAt, group, labelsAt)
    if (end === 0) return 0
    group = end
  }
  return size
}

// @ts-ignore: decorator
@inline
function setGroup (at: usize, node: u32, depth: u32, from: u32, to: u32): void {
  store<u32>(at, node)
  store<u32>(at, depth, 4)
  store<u32>(at, from, 8)
  store<u32>(at, to, 12)
}

/** Places the children of a group's node; groups of them take its place. @returns their end; 0 for want of room */
function placeGroup (entriesAt: usize, group: usize, labelsAt: usize): usize {
  const node = load<u32>(group)
  const depth = load<u32>(group, 4)
  let from = load<u32>(group, 8)
  const to = load<u32>(group, 12)
  const startsAt = labelsAt + 257
  if (from < to && byteAt(entriesAt, from, depth) === 0) setId(node, idAt(entriesAt, from++))
  let count: u32 = 0
  for (let key = from; key < to; key++) {
    const label = byteAt(entriesAt, key, depth)
    if (count > 0 && label === load<u8>(labelsAt + count - 1)) continue
    store<u8>(labelsAt + count, <u8>label)
    store<u32>(startsAt + (<usize>count << 2), key)
    count++
  }
  if (count === 0) return group
  store<u32>(startsAt + (<usize>count << 2), to)
  const base = placeChildren(node, labelsAt, count)
  if (base === NONE) return 0
  for (let i: usize = 0; i < count; i++) {
    const child = base ^ <u32>load<u8>(labelsAt + i)
    const begin = load<u32>(startsAt + (i << 2))
    const end = load<u32>(startsAt + (i << 2), 4)
    if (end - begin > 1) {
      setGroup(group, child, depth + 1, begin, end)
      group += GROUP
    } else if (!addTail(entriesAt, child, begin, depth + 1)) {
      return 0
    }
  }
  return group
}

/** Adds the rest of a key that it has in common with no other. */
function addTail (entriesAt: usize, node: u32, key: u32, depth: u32): bool {
  const at = <usize>load<u32>(entriesAt + (<usize>key << 3))
  for (; load<u8>(at + depth) !== 0; depth++) {
    const base = placeChildren(node, at + depth, 1)
    if (base === NONE) return false
    node = base ^ <u32>load<u8>(at + depth)
  }
  setId(node, idAt(entriesAt, key))
  return true
}

// @ts-ignore: decorator
@inline
function byteAt (entriesAt: usize, key: u32, depth: u32): u32 {
  return load<u8>(<usize>load<u32>(entriesAt + (<usize>key << 3)) + depth)
}

// @ts-ignore: decorator
@inline
function idAt (entriesAt: usize, key: u32): u32 {
  return load<u32>(entriesAt + (<usize>key << 3), 4)
}

// @ts-ignore: decorator
@inline
function setId (node: u32, id: u32): void {
  const unit = unitsAt + (<usize>node << 2)
  store<u32>(unit, load<u32>(unit) | HAS_VALUE)
  store<u32>(idsAt + (<usize>node << 2), id)
}

/** @returns the base of the children; `NONE` for want of room */
function placeChildren (node: u32, labelsAt: usize, count: u32): u32 {
  let base = findBase(labelsAt, count)
  while (base === NONE) {
    if (!addBlock()) return NONE
    base = findBase(labelsAt, count)
  }
  store<u8>(basesAt + base, 1)
  const unit = unitsAt + (<usize>node << 2)
  store<u32>(unit, load<u32>(unit) | (base << BASE_SHIFT))
  for (let i: usize = 0; i < count; i++) {
    const label: u32 = load<u8>(labelsAt + i)
    take(base ^ label)
    store<u32>(unitsAt + (<usize>(base ^ label) << 2), IN_USE | label)
  }
  return base
}

function findBase (labelsAt: usize, count: u32): u32 {
  const label: u32 = load<u8>(labelsAt)
  for (let unit = first; unit !== NONE; unit = load<u32>(nextAt + (<usize>unit << 2))) {
    const base = unit ^ label
    if (load<u8>(basesAt + base) !== 0) continue
    let fitting: u32 = 1
    while (fitting < count && load<u8>(freeAt + (base ^ <u32>load<u8>(labelsAt + fitting))) !== 0) fitting++
    if (fitting === count) return base
  }
  return NONE
}

/** Removes a unit from the free ones. */
function take (unit: u32): void {
  const previous = load<u32>(previousAt + (<usize>unit << 2))
  const next = load<u32>(nextAt + (<usize>unit << 2))
  if (previous === NONE) first = next
  else store<u32>(nextAt + (<usize>previous << 2), next)
  if (next === NONE) last = previous
  else store<u32>(previousAt + (<usize>next << 2), previous)
  store<u8>(freeAt + unit, 0)
}

function addBlock (): bool {
  if (size + BLOCK > room) return false
  if (size >= OPEN_BLOCKS * BLOCK) {
    const closed = size - OPEN_BLOCKS * BLOCK
    for (let unit = closed; unit < closed + BLOCK; unit++) {
      if (load<u8>(freeAt + unit) !== 0) take(unit)
    }
  }
  memory.fill(unitsAt + (<usize>size << 2), 0, <usize>BLOCK << 2)
  memory.fill(idsAt + (<usize>size << 2), 0, <usize>BLOCK << 2)
  memory.fill(basesAt + size, 0, BLOCK)
  for (let unit = size; unit < size + BLOCK; unit++) {
    store<u8>(freeAt + unit, 1)
    store<u32>(previousAt + (<usize>unit << 2), last)
    store<u32>(nextAt + (<usize>unit << 2), NONE)
    if (last === NONE) first = unit
    else store<u32>(nextAt + (<usize>last << 2), unit)
    last = unit
  }
  size += BLOCK
  return true
}
