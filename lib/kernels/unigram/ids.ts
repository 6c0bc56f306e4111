/**
 * Writes the ids of a path (`PopulateSentencePieceText` in src/sentencepiece_processor.cc), and counts what they add to
 * totals.
 */
import { PLACE_SHIFT, UNKNOWN, nextPlace, nodeAtPlace, turnPath } from './places'
import { settings } from './settings'
import { SPACE } from './utf8'

/** Most ids that a byte of normalized text has: a space without a piece is three bytes of U+2581. */
export const MOST_IDS: u32 = 3

let runs: bool = false

/** Whether unknown characters without ids of their bytes follow each other: their ids become one. */
export function hasRuns (): bool {
  return runs
}

/**
 * Writes the ids of the normalized text that was searched last. They may take the place of its path.
 *
 * @param measured whether the search was; then runs of unknown ids aren't fused, so that totals can be counted by ids
 * @returns where they end
 */
// @ts-ignore: decorator
@inline
export function writeIds<T> (length: u32, out: usize, measured: bool): usize {
  const places = settings.placesAt
  const text = settings.normalizedAt
  let begin = text
  let afterUnknown = false
  runs = false
  for (let place = turnPath<T>(length, measured); place !== 0;) {
    const node = nodeAtPlace(place)
    const end = text + ((place - places) >> PLACE_SHIFT)
    place = nextPlace(place)
    if (node !== UNKNOWN) {
      store<u32>(out, load<u32>(settings.nodeIdsAt + (<usize>node << 2)))
      out += 4
    } else if (settings.byteIdsAt !== 0) {
      out = writeBytes(begin, end, out)
    } else {
      const count = measured ? charsOf(begin, end) : afterUnknown ? 0 : 1
      runs = runs || afterUnknown || count > 1
      for (const last = out + (<usize>count << 2); out < last; out += 4) store<u32>(out, settings.unkId)
    }
    afterUnknown = node === UNKNOWN
    begin = end
  }
  return out
}

function charsOf (at: usize, end: usize): u32 {
  let count: u32 = 0
  for (; at < end; at++) count += <u32>((load<u8>(at) & 0xc0) !== 0x80)
  return count
}

function writeBytes (at: usize, end: usize, out: usize): usize {
  const ids = settings.byteIdsAt
  if (load<u8>(at) === SPACE && settings.escapesSpaces !== 0) {
    store<u32>(out, load<u32>(ids, 4 * 0xe2))
    store<u32>(out, load<u32>(ids, 4 * 0x96), 4)
    store<u32>(out, load<u32>(ids, 4 * 0x81), 8)
    return out + 12
  }
  for (; at < end; at++, out += 4) store<u32>(out, load<u32>(ids + (<usize>load<u8>(at) << 2)))
  return out
}

/** Makes one id of each run of unknown ones, in place. @returns where they end */
export function fuseRuns (from: usize, to: usize): usize {
  const unkId = settings.unkId
  let out = from
  for (let at = from; at < to; at += 4) {
    const id = load<u32>(at)
    if (id === unkId && out > from && load<u32>(out - 4) === unkId) continue
    store<u32>(out, id)
    out += 4
  }
  return out
}

/**
 * The total after some ids, before runs are fused. A byte that begins a character counts as the character, the others
 * as nothing.
 */
// @ts-ignore: decorator
@inline
export function totalAfter<T> (total: f32, from: usize, to: usize): f32 {
  const scores = settings.scoresAt
  for (; from < to; from += 4) {
    const id = <usize>load<u32>(from)
    total = <f32>(load<T>(scores + id * sizeof<T>()) + <T>total)
  }
  return total
}
