import { mergedOf, NONE, rankOf } from './pairs'
import { settings } from './settings'

/** The most bytes of a word whose ranks are four vectors. */
export const FEW: u32 = 16

/** A rank and its place in one number. Places have so many bits. */
const PLACE_BITS: u32 = 6
const PLACES: u32 = (1 << PLACE_BITS) - 1
/** From here on, there is no rank in a number. */
const NO_RANK: u32 = NONE << PLACE_BITS

/** The token before and after a word: no pair has it. */
const NO_TOKEN: u32 = (1 << 21) - 1

// In the work memory, after the ids.
const RANKS_AT: usize = 1024
const TOKENS_AT: usize = 1152

/**
 * As `mergeShort` of merge.ts, for 2 to 16 bytes. Ranks stay in registers: a vector can't be read from memory right
 * after one of its ranks was written there. Each rank has its place in it, so that the least one gives the place.
 * Places begin with 1.
 *
 * @returns how many ids are at the beginning of the work memory
 */
export function mergeFew (at: usize, length: u32): u32 {
  return length <= 8 ? merged(at, length, true) : merged(at, length, false)
}

// @ts-ignore: decorator
@inline
function merged (at: usize, length: u32, isShort: bool): u32 {
  const ranks = settings.workAt + RANKS_AT
  const tokens = settings.workAt + TOKENS_AT
  const bytePairsAt = settings.bytePairsAt
  const byteIdsAt = settings.byteIdsAt
  const none = i32x4.splat(-1)
  store<u32>(tokens, NO_TOKEN)
  for (let place: u32 = 0; place < length; place++) {
    const pair: u32 = load<u16>(at + place)
    const rank = load<u32>(bytePairsAt + (<usize>pair << 2))
    store<u32>(ranks + (<usize>place << 2), (rank << PLACE_BITS) | (place + 1))
    store<u32>(tokens + (<usize>place << 2), load<u32>(byteIdsAt + (<usize>(pair & 255) << 2)), 4)
  }
  store<u32>(tokens + (<usize>length << 2), NO_TOKEN, 4)
  const stop = ranks + (isShort ? 32 : 64)
  for (let rest = ranks + ((<usize>length - 1) << 2); rest < stop; rest += 4) store<u32>(rest, NONE)
  let ranks1 = v128.load(ranks)
  let ranks2 = v128.load(ranks, 16)
  let ranks3 = isShort ? none : v128.load(ranks, 32)
  let ranks4 = isShort ? none : v128.load(ranks, 48)
  let alive: u32 = (1 << (length + 2)) - 1 // places where a token begins, and those before and after the word
  while (true) {
    let least = i32x4.min_u(ranks1, ranks2)
    if (!isShort) least = i32x4.min_u(least, i32x4.min_u(ranks3, ranks4))
    least = i32x4.min_u(least, i32x4.shuffle(least, least, 2, 3, 0, 1))
    least = i32x4.min_u(least, i32x4.shuffle(least, least, 1, 0, 3, 2))
    const found = <u32>i32x4.extract_lane(least, 0)
    if (found >= NO_RANK) break
    const left = found & PLACES
    const later = alive & (<u32>-2 << left)
    const right = ctz(later)
    const next = ctz(later & (later - 1))
    const before = 31 - clz(alive & ((1 << left) - 1))
    alive &= ~(1 << right)
    const leftAt = tokens + (<usize>left << 2)
    const token = mergedOf(found >> PLACE_BITS, load<u32>(leftAt), load<u32>(tokens + (<usize>right << 2)))
    store<u32>(leftAt, token)
    const rankAfter = i32x4.splat((rankOf(token, load<u32>(tokens + (<usize>next << 2))) << PLACE_BITS) | left)
    const rankBefore = i32x4.splat((rankOf(load<u32>(tokens + (<usize>before << 2)), token) << PLACE_BITS) | before)
    const leftPlace = i32x4.splat(left)
    const rightPlace = i32x4.splat(right)
    const beforePlace = i32x4.splat(before)
    ranks1 = changed(ranks1, i32x4(1, 2, 3, 4), leftPlace, rankAfter, beforePlace, rankBefore, rightPlace)
    ranks2 = changed(ranks2, i32x4(5, 6, 7, 8), leftPlace, rankAfter, beforePlace, rankBefore, rightPlace)
    if (isShort) continue
    ranks3 = changed(ranks3, i32x4(9, 10, 11, 12), leftPlace, rankAfter, beforePlace, rankBefore, rightPlace)
    ranks4 = changed(ranks4, i32x4(13, 14, 15, 16), leftPlace, rankAfter, beforePlace, rankBefore, rightPlace)
  }
  let count: u32 = 0
  for (alive &= (1 << (length + 1)) - 2; alive !== 0; alive &= alive - 1) {
    store<u32>(settings.workAt + (<usize>(count++) << 2), load<u32>(tokens + (<usize>ctz(alive) << 2)))
  }
  return count
}

/** Ranks at four places, with one set at the left place, one at that before, and none at the right place. */
// @ts-ignore: decorator
@inline
function changed (
  ranks: v128, places: v128, left: v128, rankAfter: v128, before: v128, rankBefore: v128, right: v128
): v128 {
  ranks = v128.bitselect(rankAfter, ranks, i32x4.eq(places, left))
  ranks = v128.bitselect(rankBefore, ranks, i32x4.eq(places, before))
  return v128.or(ranks, i32x4.eq(places, right))
}
