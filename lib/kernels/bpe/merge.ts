import { NONE, mergedOf, rankOf } from './pairs'
import { settings } from './settings'

/** The most bytes of a word whose tokens are bits of one number. */
export const SHORT_WORD: u32 = 64

// Work memory of a short word: its ids, then ranks and tokens by the places of bytes.
export const RANKS_AT: usize = 1024
export const TOKENS_AT: usize = 1536

/** The last merge: its rank, and the tokens that it merged. */
export let lastRank: u32 = 0
export let lastLeft: u32 = 0
export let lastRight: u32 = 0

// @ts-ignore: decorator
@inline
function noteLast (rank: u32, left: u32, right: u32): void {
  lastRank = rank
  lastLeft = left
  lastRight = right
}

/**
 * Merges the bytes of a word of 2 to 64. The ids are at the beginning of the work memory then.
 *
 * @returns how many
 */
export function mergeShort (at: usize, length: u32): u32 {
  const work = settings.workAt
  const ranks = work + RANKS_AT
  const tokens = work + TOKENS_AT
  const bytePairsAt = settings.bytePairsAt
  const byteIdsAt = settings.byteIdsAt
  for (let place: u32 = 0; place < length; place++) {
    const pair: u32 = load<u16>(at + place)
    store<u32>(ranks + (<usize>place << 2), load<u32>(bytePairsAt + (<usize>pair << 2)))
    store<u32>(tokens + (<usize>place << 2), load<u32>(byteIdsAt + (<usize>(pair & 255) << 2)))
  }
  let alive = mergeRanked(length)
  let count: u32 = 0
  for (; alive !== 0; alive &= alive - 1) {
    store<u32>(work + (<usize>(count++) << 2), load<u32>(tokens + (<usize>ctz(alive) << 2)))
  }
  return count
}

/**
 * Merges 1 to 64 tokens, which are in the work memory with the ranks of the pairs that they begin: always the pair with
 * the lowest rank, of equal ones the leftmost. Each time the minimum of all ranks is searched for, four at once. For so
 * few ranks this is faster than a heap.
 *
 * @returns bits of the places where tokens are left
 */
export function mergeRanked (length: u32): u64 {
  const ranks = settings.workAt + RANKS_AT
  const tokens = settings.workAt + TOKENS_AT
  v128.store(ranks + (<usize>(length - 1) << 2), i32x4.splat(-1)) // no pair begins with the last one
  const stop = ranks + (<usize>length << 2)
  let alive: u64 = ~(<u64>0) >> (64 - <u64>length) // places where a token begins
  while (true) {
    let least = v128.load(ranks)
    for (let lane = ranks + 16; lane < stop; lane += 16) least = i32x4.min_u(least, v128.load(lane))
    least = i32x4.min_u(least, i32x4.shuffle(least, least, 2, 3, 0, 1))
    least = i32x4.min_u(least, i32x4.shuffle(least, least, 1, 0, 3, 2))
    const rank = <u32>i32x4.extract_lane(least, 0)
    if (rank === NONE) break
    let lane = ranks
    let found = i32x4.bitmask(i32x4.eq(v128.load(lane), least))
    while (found === 0) {
      lane += 16
      found = i32x4.bitmask(i32x4.eq(v128.load(lane), least))
    }
    const left = (<u32>(lane - ranks) >> 2) + <u32>ctz(found)
    const right = left + 1 + <u32>ctz(alive >> (left + 1))
    const leftToken = load<u32>(tokens + (<usize>left << 2))
    const rightToken = load<u32>(tokens + (<usize>right << 2))
    noteLast(rank, leftToken, rightToken)
    const merged = mergedOf(rank, leftToken, rightToken)
    alive &= ~((<u64>1) << right)
    store<u32>(tokens + (<usize>left << 2), merged)
    store<u32>(ranks + (<usize>right << 2), NONE)
    const later = left === 63 ? 0 : alive >> (left + 1)
    const next = left + 1 + <u32>ctz(later)
    const rankAfter = later === 0 ? NONE : rankOf(merged, load<u32>(tokens + (<usize>next << 2)))
    store<u32>(ranks + (<usize>left << 2), rankAfter)
    const earlier = alive & (((<u64>1) << left) - 1)
    if (earlier !== 0) {
      const before = 63 - <u32>clz(earlier)
      store<u32>(ranks + (<usize>before << 2), rankOf(load<u32>(tokens + (<usize>before << 2)), merged))
    }
  }
  return alive
}

/** Work memory that `mergeLong` takes for each byte of a word. */
export const LONG_WORK: u32 = 32

let tokensAt: usize = 0
let nextAt: usize = 0
let previousAt: usize = 0
let ranksAt: usize = 0

/** As `mergeShort`, of a word of any length, with a heap: n log n. */
export function mergeLong (at: usize, length: u32): u32 {
  beginLong(length)
  for (let place: u32 = 0; place < length; place++) {
    const rank = place + 1 < length ? load<u32>(settings.bytePairsAt + (<usize>load<u16>(at + place) << 2)) : NONE
    placeToken(place, load<u32>(settings.byteIdsAt + (<usize>load<u8>(at + place) << 2)), rank)
  }
  mergeQueued(length)
  let count: u32 = 0
  for (let place: u32 = 0; place < length; place = tokenAfter(place)) {
    store<u32>(tokensAt + (<usize>(count++) << 2), tokenAt(place))
  }
  return count
}

/** Lays out the work memory for a word of so many tokens. @returns where its heap is, of 16 bytes a token */
export function beginLong (length: u32): usize {
  const bytes = <usize>length << 2
  tokensAt = settings.workAt
  nextAt = tokensAt + bytes
  previousAt = nextAt + bytes
  ranksAt = previousAt + bytes
  beginHeap(ranksAt + bytes)
  return heapAt
}

/** Sets the next token of a long word. @param rank of the pair that it begins */
// @ts-ignore: decorator
@inline
export function placeToken (place: u32, token: u32, rank: u32): void {
  const offset = <usize>place << 2
  store<u32>(tokensAt + offset, token)
  store<u32>(nextAt + offset, place + 1)
  store<u32>(previousAt + offset, place - 1) // of the first: `NONE`
  store<u32>(ranksAt + offset, rank)
  if (rank !== NONE) push(((<u64>rank) << 32) | <u64>place)
}

// @ts-ignore: decorator
@inline
export function tokenAt (place: u32): u32 {
  return load<u32>(tokensAt + (<usize>place << 2))
}

/** The place of the next token that is left. */
// @ts-ignore: decorator
@inline
export function tokenAfter (place: u32): u32 {
  return load<u32>(nextAt + (<usize>place << 2))
}

/** Merges the tokens that were placed, as `mergeRanked` does. */
export function mergeQueued (length: u32): void {
  while (heapSize > 0) {
    const due = pop()
    const left = <u32>due
    const rank = <u32>(due >> 32)
    const offset = <usize>left << 2
    if (load<u32>(ranksAt + offset) !== rank) continue // another pair is there by now
    const right = tokenAfter(left)
    const next = tokenAfter(right)
    noteLast(rank, tokenAt(left), tokenAt(right))
    store<u32>(tokensAt + offset, mergedOf(rank, lastLeft, lastRight))
    store<u32>(ranksAt + (<usize>right << 2), NONE)
    store<u32>(nextAt + offset, next)
    if (next < length) store<u32>(previousAt + (<usize>next << 2), left)
    rankAnew(left, length)
    const before = load<u32>(previousAt + offset)
    if (before !== NONE) rankAnew(before, length)
  }
}

function rankAnew (place: u32, length: u32): void {
  const offset = <usize>place << 2
  const next = load<u32>(nextAt + offset)
  const rank = next < length ? rankOf(load<u32>(tokensAt + offset), load<u32>(tokensAt + (<usize>next << 2))) : NONE
  store<u32>(ranksAt + offset, rank)
  if (rank !== NONE) push(((<u64>rank) << 32) | <u64>place)
}

// A heap of ranks with their places, the least first. A pair that was merged stays until it is met. Each merge takes
// one out and adds at most two: there are never more than two for each byte.
let heapAt: usize = 0
let heapSize: u32 = 0

function beginHeap (at: usize): void {
  heapAt = (at + 7) & ~7
  heapSize = 0
}

function push (due: u64): void {
  let at = heapSize++
  while (at > 0) {
    const parent = (at - 1) >> 1
    const other = load<u64>(heapAt + (<usize>parent << 3))
    if (other <= due) break
    store<u64>(heapAt + (<usize>at << 3), other)
    at = parent
  }
  store<u64>(heapAt + (<usize>at << 3), due)
}

function pop (): u64 {
  const first = load<u64>(heapAt)
  const due = load<u64>(heapAt + (<usize>(--heapSize) << 3))
  let at: u32 = 0
  while (true) {
    let child: u32 = 2 * at + 1
    if (child >= heapSize) break
    let least = load<u64>(heapAt + (<usize>child << 3))
    if (child + 1 < heapSize) {
      const other = load<u64>(heapAt + (<usize>(child + 1) << 3))
      if (other < least) {
        child++
        least = other
      }
    }
    if (least >= due) break
    store<u64>(heapAt + (<usize>at << 3), least)
    at = child
  }
  store<u64>(heapAt + (<usize>at << 3), due)
  return first
}
