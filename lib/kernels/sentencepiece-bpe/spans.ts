/**
 * A span of text, cut where no merge can go: at user-defined pieces, and between characters that are neighbours in no
 * token. What is between is merged by itself.
 */
import { lengthOfChar } from '../bpe/classes'
import {
  beginLong, mergeQueued, mergeRanked, placeToken, RANKS_AT, SHORT_WORD, tokenAfter, tokenAt, TOKENS_AT
} from '../bpe/merge'
import { mergedOf, NONE, rankOf } from '../bpe/pairs'
import { settings } from '../bpe/settings'
import { mayJoin, symbolId, symbolLength, tokenOfChar } from './characters'
import { writeToken, writeUnknown } from './ids'
import { own } from './settings'

let endedAt: usize = 0
let longPart: u32 = 0

/** Where `encodeSpan` ended. */
export function spanEnd (): usize {
  return endedAt
}

/** The length of the part at `spanEnd` that is too long for `encodeSpan`; 0 where none is. */
export function longPartLength (): u32 {
  return longPart
}

/**
 * Writes the ids of a span, up to its end, to a part that is too long, or until ids are beyond `full`.
 *
 * @returns where they end
 */
export function encodeSpan (at: usize, end: usize, out: usize, full: usize): usize {
  const ranks = settings.workAt + RANKS_AT
  const tokens = settings.workAt + TOKENS_AT
  const hasSymbols = own.symbolUnitsAt !== 0
  let begin = at
  let count: u32 = 0 // of the tokens of a part, which begins at `begin`
  let last: u32 = NONE
  longPart = 0
  while (at < end) {
    const symbol = hasSymbols ? symbolLength(at, end) : 0
    const token = symbol !== 0 ? NONE : tokenOfChar(at)
    if (count !== 0 && (token === NONE || !mayJoin(last, token))) {
      out = writePart(count, out)
      count = 0
      if (out > full) break
    }
    if (token === NONE) {
      if (symbol !== 0) {
        store<u32>(out, symbolId())
        out += 4
        at += symbol
      } else {
        out = writeUnknown(at, out)
        at += lengthOfChar(load<u8>(at))
      }
      if (out > full) break
      continue
    }
    if (count === 0) begin = at
    else store<u32>(ranks + (<usize>(count - 1) << 2), rankAt(at, last, token))
    if (count === SHORT_WORD) {
      longPart = <u32>(partEnd(at, end, last) - begin)
      endedAt = begin
      return out
    }
    store<u32>(tokens + (<usize>(count++) << 2), token)
    last = token
    at += lengthOfChar(load<u8>(at))
  }
  if (count !== 0) out = writePart(count, out)
  endedAt = at
  return out
}

/** The rank of the pair whose second character is at a place. */
// @ts-ignore: decorator
@inline
function rankAt (at: usize, left: u32, right: u32): u32 {
  const bytes: u32 = load<u16>(at - 1)
  return (bytes & 0x8080) === 0 ? load<u32>(settings.bytePairsAt + (<usize>bytes << 2)) : rankOf(left, right)
}

/** Where a part ends that goes on at a place. */
function partEnd (at: usize, end: usize, last: u32): usize {
  while (at < end) {
    if (own.symbolUnitsAt !== 0 && symbolLength(at, end) !== 0) break
    const token = tokenOfChar(at)
    if (token === NONE || !mayJoin(last, token)) break
    last = token
    at += lengthOfChar(load<u8>(at))
  }
  return at
}

/** Merges the tokens of a part, and writes their ids. */
function writePart (count: u32, out: usize): usize {
  const tokens = settings.workAt + TOKENS_AT
  const first = load<u32>(tokens)
  if (count === 1) return writeToken(first, out)
  if (count === 2) {
    const second = load<u32>(tokens, 4)
    const rank = load<u32>(settings.workAt + RANKS_AT)
    return rank === NONE
      ? writeToken(second, writeToken(first, out))
      : writeToken(mergedOf(rank, first, second), out)
  }
  for (let alive = mergeRanked(count); alive !== 0; alive &= alive - 1) {
    out = writeToken(load<u32>(tokens + (<usize>ctz(alive) << 2)), out)
  }
  return out
}

/** Merges a part of any length. @returns where its ids end, which are at the beginning of the work memory */
export function encodePart (at: usize, length: u32): usize {
  const end = at + length
  let count: u32 = 0
  for (let next = at; next < end; next += lengthOfChar(load<u8>(next))) count++
  const idsAt = beginLong(count)
  let token = tokenOfChar(at)
  for (let place: u32 = 0; place < count; place++) {
    at += lengthOfChar(load<u8>(at))
    const next = at < end ? tokenOfChar(at) : NONE
    placeToken(place, token, at < end ? rankAt(at, token, next) : NONE)
    token = next
  }
  mergeQueued(count)
  let out = idsAt // the heap is empty by now
  for (let place: u32 = 0; place < count; place = tokenAfter(place)) out = writeToken(tokenAt(place), out)
  memory.copy(settings.workAt, idsAt, out - idsAt)
  return settings.workAt + (out - idsAt)
}
