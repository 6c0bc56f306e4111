/**
 * What is known of characters before text is normalized. Most are left unchanged, which a byte for each code point of
 * the BMP shows; others are looked up in the tries of symbols and of the charsmap.
 */
import { baseOf, childAt, firstChild, longestMapped, unitAt, foundReplacement } from './charsmap'
import { beginsKey } from './double-array'
import { settings } from './settings'
import { SPACE, lengthOfChar } from './utf8'

/** The character is a key, or begins a symbol. */
export const REWRITTEN: u32 = 1
/** It begins a longer key. */
export const BEGINS: u32 = 2
/** It is in a key after its first character. */
export const INSIDE: u32 = 4
/** It is U+2581. */
export const MARK: u32 = 8
/** It is in a symbol. */
const IN_SYMBOL: u32 = 16
/** No piece begins with the character. It isn't a space, and is in normalized text. */
export const PIECELESS: u32 = 32

/** Of characters outside the BMP, and of all where the charsmap is too large to be looked through. */
const ANY: u32 = REWRITTEN | BEGINS | INSIDE

const BMP: usize = 0x1_0000

/** Edges of the charsmap that are looked at. SentencePiece's own have some ten thousand. */
const MOST_STEPS: u32 = 2 ** 24

// Sets of ASCII characters: 16 bytes by the lower half of a character, 16 by its upper half, with a bit in common where
// it is in the set.
const SEPARATORS: usize = 17 * 16
const UNCHANGED: usize = SEPARATORS + 32
const SET_HALF: usize = 16

/** Bytes of the masks and sets. */
export const MASKS_BYTES: u32 = 17 * 16 + 4 * 16

// @ts-ignore: decorator
@inline
export function maskOf (length: u32): v128 {
  return v128.load(settings.masksAt + (<usize>length << 4))
}

/** A bit for each of 16 bytes that separates words. */
// @ts-ignore: decorator
@inline
export function separatorsOf (bytes: v128): u32 {
  return inSet(bytes, settings.masksAt + SEPARATORS)
}

/** A bit for each of 16 bytes that is normalized to itself if only such bytes follow it in its word. */
// @ts-ignore: decorator
@inline
export function unchangedOf (bytes: v128): u32 {
  return inSet(bytes, settings.masksAt + UNCHANGED)
}

// @ts-ignore: decorator
@inline
function inSet (bytes: v128, set: usize): u32 {
  const half = i8x16.splat(15)
  const lower = i8x16.swizzle(v128.load(set), v128.and(bytes, half))
  const upper = i8x16.swizzle(v128.load(set + SET_HALF), v128.and(i16x8.shr_u(bytes, 4), half))
  return <u32>i8x16.bitmask(i8x16.ne(v128.and(lower, upper), i64x2(0, 0)))
}

/** What is known of the character at a place. */
// @ts-ignore: decorator
@inline
export function flagsAt (at: usize): u32 {
  const first: u32 = load<u8>(at)
  const flags = settings.flagsAt
  if (first < 0x80) return load<u8>(flags + first)
  if (first < 0xe0) return load<u8>(flags + (((first & 31) << 6) | (<u32>load<u8>(at, 1) & 63)))
  if (first >= 0xf0) return ANY
  return load<u8>(flags + (((first & 15) << 12) | ((<u32>load<u8>(at, 1) & 63) << 6) | (<u32>load<u8>(at, 2) & 63)))
}

function addFlags (point: u32, flags: u32): void {
  if (point < <u32>BMP) store<u8>(settings.flagsAt + point, <u8>(load<u8>(settings.flagsAt + point) | flags))
}

let steps: u32 = 0

/**
 * Finds out about all characters. Without a charsmap, `workAt` isn't used.
 *
 * @param symbolsText all symbols, one after the other, up to `symbolsEnd`
 * @param units of the charsmap, which `isUsable` has been given last
 * @param workAt 5 bytes for each of them
 */
export function describeCharacters (symbolsText: usize, symbolsEnd: usize, units: u32, workAt: usize): void {
  memory.fill(settings.flagsAt, 0, BMP)
  if (settings.symbolsAt !== 0) describeSymbols(symbolsText, symbolsEnd)
  if (settings.charsmapAt !== 0) {
    const nodesAt = workAt + units
    memory.fill(workAt, 0, units)
    steps = 0
    let nodes = addCharacters(0, 0, 0, false, workAt, nodesAt)
    while (nodes > nodesAt && steps < MOST_STEPS) {
      nodes -= 4
      nodes = addCharacters(load<u32>(nodes), 0, 0, true, workAt, nodes)
    }
    if (steps >= MOST_STEPS) memory.fill(settings.flagsAt, <u8>ANY, BMP)
  }
  addFlags(0x2581, MARK)
  describePieces()
  writeMasks()
}

function describePieces (): void {
  const scratch = settings.masksAt // isn't written yet
  for (let point: u32 = 0; point < <u32>BMP; point++) {
    const end = scratch + writeCharacter(point, scratch)
    if (point !== SPACE && !beginsKey(settings.nodesAt, scratch, end)) addFlags(point, PIECELESS)
  }
}

function describeSymbols (at: usize, end: usize): void {
  for (; at < end; at++) addFlags(load<u8>(at) & 0x7f, load<u8>(at) < 0x80 ? IN_SYMBOL : 0)
  const scratch = settings.masksAt // isn't written yet
  for (let point: u32 = 1; point < <u32>BMP; point++) {
    if (beginsKey(settings.symbolsAt, scratch, scratch + writeCharacter(point, scratch))) addFlags(point, REWRITTEN)
  }
}

function writeCharacter (point: u32, at: usize): u32 {
  if (point < 0x80) {
    store<u8>(at, <u8>point)
    return 1
  }
  if (point < 0x800) {
    store<u8>(at, <u8>(0xc0 | (point >> 6)))
    store<u8>(at, <u8>(0x80 | (point & 63)), 1)
    return 2
  }
  store<u8>(at, <u8>(0xe0 | (point >> 12)))
  store<u8>(at, <u8>(0x80 | ((point >> 6) & 63)), 1)
  store<u8>(at, <u8>(0x80 | (point & 63)), 2)
  return 3
}

/**
 * Follows all characters from a node, and adds the nodes at which they end, if they go on, to those that wait.
 *
 * @param point what is known of the character so far
 * @param missing bytes of it; 0 before the first
 * @param inside whether characters before it are in the key
 * @param metAt of each node, whether it has waited
 * @returns the end of the nodes that wait
 */
function addCharacters (
  node: u32, point: u32, missing: u32, inside: bool, metAt: usize, nodes: usize
): usize {
  const base = baseOf(node, unitAt(settings.charsmapAt, node))
  for (let place = firstChild(base); place < firstChild(base + 1); place++) {
    if (++steps >= MOST_STEPS) return nodes
    const child = childAt(place)
    const unit = unitAt(settings.charsmapAt, child)
    const byte = unit & 0xff
    const left = (missing === 0 ? lengthOfChar(byte) : missing) - 1
    const now = missing === 0 ? (left === 0 ? byte : byte & (0x3f >> left)) : (point << 6) | (byte & 63)
    if (left > 0) {
      nodes = addCharacters(child, now, left, inside, metAt, nodes)
      continue
    }
    const childBase = baseOf(child, unit)
    const goesOn = firstChild(childBase) < firstChild(childBase + 1)
    if (inside) addFlags(now, INSIDE)
    else addFlags(now, ((unit & 0x100) !== 0 ? REWRITTEN : 0) | (goesOn ? BEGINS : 0))
    if (!goesOn || load<u8>(metAt + child) !== 0) continue
    store<u8>(metAt + child, 1)
    store<u32>(nodes, child)
    nodes += 4
  }
  return nodes
}

function writeMasks (): void {
  const at = settings.masksAt
  memory.fill(at, 0, MASKS_BYTES)
  for (let length: u32 = 1; length <= 16; length++) memory.fill(at + (<usize>length << 4), 0xff, length)
  for (let char: u32 = 0; char < 0x80; char++) {
    const flags: u32 = load<u8>(settings.flagsAt + char)
    if (isSeparator(char, flags)) addToSet(at + SEPARATORS, char)
    if (char !== SPACE && (flags & (REWRITTEN | INSIDE)) === 0) addToSet(at + UNCHANGED, char)
  }
}

function addToSet (set: usize, char: u32): void {
  const bit = <u8>(<u32>1 << (char >> 4))
  const lower = set + (char & 15)
  store<u8>(lower, load<u8>(lower) | bit)
  store<u8>(set + SET_HALF + (char >> 4), bit)
}

/** Whether an ASCII character is a space wherever it is, so that text before it has no part in what follows. */
function isSeparator (char: u32, flags: u32): bool {
  if ((flags & (BEGINS | INSIDE | IN_SYMBOL)) !== 0) return false
  if ((flags & REWRITTEN) === 0) return char === SPACE
  const at = settings.masksAt + SEPARATORS - 16 // a mask of 16 bytes, of which only the first are used here
  const saved = load<u8>(at)
  store<u8>(at, <u8>char)
  const end = longestMapped(settings.charsmapAt, at, at + 1)
  store<u8>(at, saved)
  return end > at && load<u16>(settings.replacementsAt + foundReplacement()) === SPACE
}

/** Whether the space separates words. */
export function separatesSpaces (): bool {
  return (separatorsOf(i8x16.splat(<i8>SPACE)) & 1) !== 0
}
