/**
 * Which pairs and tokens merging makes. Until a token is whole, no merge goes over its ends; so it arises as it does
 * from its bytes alone, from one pair, which is the last of that merging. Of the pairs whose concatenation is a token,
 * all others never meet: without them, the table of pairs is less than half as large. A token that merging its bytes
 * doesn't make is never made. The plain path (lib/bpe/pair-ranks.ts) has all pairs.
 */
import { mergeLong, mergeShort, lastLeft, lastRank, lastRight, SHORT_WORD } from './merge'
import { addPair, clearPairs, clearTokens, fillBytes, idOf, indexToken, NONE } from './pairs'
import { settings } from './settings'

/** Merging longer tokens would take more work memory than there is. */
const MOST_BYTES: u32 = 1024

/**
 * Lists the pairs that tokens arise from, with what they make, in 12 bytes each. If a word that is a token isn't always
 * encoded as that token, the index of tokens keeps only those that merging makes.
 *
 * @returns how many pairs; `NONE` if ids of tokens aren't in the order of the ranks, or if some tokens are too long
 */
export function listPairs (listAt: usize): u32 {
  const isIndexed = settings.wholeWords === 0
  if (isIndexed) clearTokens()
  let isUsable = true
  let rank: u32 = 0
  let count: u32 = 0
  for (let id: u32 = 0; id < settings.tokenCount; id++) {
    const begin = load<u32>(settings.startsAt + (<usize>id << 2))
    const length = load<u32>(settings.startsAt + (<usize>id << 2), 4) - begin
    if (length > MOST_BYTES) isUsable = false
    if (length === 0 || length > MOST_BYTES) continue
    const at = settings.tokensAt + begin
    if (length > 1) {
      const left = length <= SHORT_WORD ? mergeShort(at, length) : mergeLong(at, length)
      if (left !== 1 || load<u32>(settings.workAt) !== id) continue
      if (lastRank < rank) isUsable = false
      rank = lastRank
      const entry = listAt + 12 * <usize>(count++)
      store<u32>(entry, lastLeft)
      store<u32>(entry, lastRight, 4)
      store<u32>(entry, id, 8)
    }
    if (isIndexed && !indexToken(id, at, length)) isUsable = false
  }
  return isUsable ? count : NONE
}

/** Fills the table with pairs of a list. Ids of tokens are ranks from now on. @returns false for no room */
export function keepPairs (listAt: usize, count: u32): bool {
  clearPairs()
  for (let entry = listAt, end = listAt + 12 * <usize>count; entry < end; entry += 12) {
    if (!addPair(load<u32>(entry), load<u32>(entry, 4), load<u32>(entry, 8))) return false
  }
  fillBytes()
  return true
}

/** Merging longer tokens by their bytes would take too long. */
const MOST_BY_BYTES: u32 = 256

// In the work memory, by the places of bytes: ranks, and where the tokens before and after begin.
const RANKS_AT: usize = 0
const PREVIOUS_AT: usize = 2048
const NEXT_AT: usize = 4096

/**
 * As `listPairs`, for tokens that merge whenever their concatenation is a token. This is found by the bytes of both: a
 * table of all pairs, of which few are kept, would take longer to fill.
 *
 * @returns `NONE` if some tokens are too long
 */
export function listPairsByBytes (listAt: usize): u32 {
  let count: u32 = 0
  for (let id: u32 = 0; id < settings.tokenCount; id++) {
    const begin = load<u32>(settings.startsAt + (<usize>id << 2))
    const length = load<u32>(settings.startsAt + (<usize>id << 2), 4) - begin
    if (length > MOST_BY_BYTES) return NONE
    if (length < 2) continue
    const at = settings.tokensAt + begin
    const cut = lastCut(at, length)
    if (cut === 0) continue
    const entry = listAt + 12 * <usize>(count++)
    store<u32>(entry, idOf(at, cut))
    store<u32>(entry, idOf(at + cut, length - cut), 4)
    store<u32>(entry, id, 8)
  }
  return count
}

/** Merges the bytes of a token. @returns the place between the last two tokens; 0 where more are left */
function lastCut (at: usize, length: u32): u32 {
  for (let place: u32 = 0; place < length; place++) {
    set(PREVIOUS_AT, place, place - 1)
    set(NEXT_AT, place, place + 1)
    set(RANKS_AT, place, place + 1 < length ? idOf(at + place, 2) : NONE)
  }
  while (true) {
    let least = NONE
    let left: u32 = 0
    for (let place: u32 = 0; place < length; place = get(NEXT_AT, place)) {
      const rank = get(RANKS_AT, place)
      if (rank >= least) continue
      least = rank
      left = place
    }
    if (least === NONE) return 0
    const right = get(NEXT_AT, left)
    const end = get(NEXT_AT, right)
    if (left === 0 && end === length) return right
    set(NEXT_AT, left, end)
    if (end < length) set(PREVIOUS_AT, end, left)
    set(RANKS_AT, left, end < length ? idOf(at + left, get(NEXT_AT, end) - left) : NONE)
    if (left === 0) continue
    const before = get(PREVIOUS_AT, left)
    set(RANKS_AT, before, idOf(at + before, end - before))
  }
}

// @ts-ignore: decorator
@inline
function get (valuesAt: usize, place: u32): u32 {
  return load<u32>(settings.workAt + valuesAt + (<usize>place << 2))
}

// @ts-ignore: decorator
@inline
function set (valuesAt: usize, place: u32, value: u32): void {
  store<u32>(settings.workAt + valuesAt + (<usize>place << 2), value)
}
