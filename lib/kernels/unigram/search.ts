/**
 * Finds the best segmentation of normalized text, with SentencePiece's arithmetic: what
 * lib/sentencepiece/unigram-search.ts does. `T` is the type that sums are compared in: f32 from 0.2.2 on, f64 before.
 */
import { PIECELESS, flagsAt } from './characters'
import { BASE_SHIFT, HAS_VALUE, IN_USE, LABEL_BITS, NODE_SHIFT } from './double-array'
import { NODE, PLACE_SHIFT, SECOND, START, UNKNOWN, clearPlaces } from './places'
import { settings } from './settings'
import { lengthOfChar } from './utf8'

/** SentencePiece 0.2.2 restarts totals at 0 when they are farther from 0 than this. */
export const FARTHEST: f32 = 100_000

/** A unit without children, and without a piece. */
const DEAD: u64 = 0xff80_0000_0000_0000

// Of the last search.
let total: f32 = 0
let farthest: f32 = 0
let chars: u32 = 0
let joined: u32 = 0

/** The total at the end of the text. */
export function totalAtEnd (): f32 {
  return total
}

/** The total farthest from 0, of those that pieces were added to, as an absolute value; infinite if one restarted. */
export function farthestTotal (): f32 {
  return farthest
}

/** The number of characters of the text. */
export function countedChars (): u32 {
  return chars
}

/** The number of pieces that the path doesn't have since they were joined to the one before them, all unknown. */
export function joinedPieces (): u32 {
  return joined
}

/** Searches the normalized text of a length. The path is at its places afterwards. @param start the total before */
// @ts-ignore: decorator
@inline
export function search<T> (length: u32, start: f32, measured: bool): void {
  if (sizeof<T>() === 4) {
    forwardByTwo(length, start)
    if (farthest <= FARTHEST) return
    // Totals restart inside; a measured search only has to say so.
    farthest = Infinity
    if (measured) return
  }
  forward<T>(length, start, measured)
}

/** The place with another candidate: its total in all lanes, and its node and start in the lower half. */
// @ts-ignore: decorator
@inline
function offered (place: v128, candidate: v128, nodeAndStart: v128): v128 {
  const best = v128.shuffle<i32>(v128.shuffle<i32>(candidate, place, 0, 4, 0, 0), nodeAndStart, 0, 1, 6, 7)
  const second = f32x4.pmax(place, v128.shuffle<i32>(f32x4.splat(-Infinity), candidate, 0, 4, 1, 1))
  return v128.bitselect(best, second, f32x4.lt(v128.shuffle<i32>(place, place, 0, 0, 0, 0), candidate))
}

// @ts-ignore: decorator
@inline
function offer (at: usize, unit: u64, before: f32, node: u32, start: usize): void {
  const candidate = f32x4.splat(reinterpret<f32>(<u32>(unit >> 32)) + before) // -Infinity where no piece ends
  v128.store(at, offered(v128.load(at), candidate, i64x2.splat(<i64>((<u64>start << 32) | <u64>node))))
}

// @ts-ignore: decorator
@inline
function nodeUnit (nodes: usize, node: u32): u64 {
  return load<u64>(nodes + (<usize>node << NODE_SHIFT))
}

// @ts-ignore: decorator
@inline
function isEdge (unit: u64, byte: u32): bool {
  return (<u32>unit & LABEL_BITS) === (byte | IN_USE)
}

/**
 * Goes over a run of unknown characters that is part of any path: no piece begins in it, and none from before it goes
 * into it. It becomes one piece.
 *
 * @returns the place after it
 */
function joinUnknown (at: usize, to: usize, place: usize): usize {
  const unknown = load<f32>(settings.scoresAt + (<usize>settings.unkId << 2))
  const begin = place
  let before = load<f32>(place)
  let far = farthest
  let count: u32 = 0
  do {
    far = max(far, abs(before))
    before = unknown + before
    const length = <usize>lengthOfChar(load<u8>(at))
    at += length
    place += length << PLACE_SHIFT
    count++
  } while (at < to && (flagsAt(at) & PIECELESS) !== 0)
  store<f32>(place, before)
  store<u64>(place, (<u64>begin << 32) | <u64>UNKNOWN, NODE)
  farthest = far
  chars += count
  joined += count - 1
  return place
}

/**
 * Goes forward from two characters at once, since the memory that each step of one waits for leaves time for the other.
 * Both are at the same byte in each step, and the first one is offered first. It measures, at no cost to speak of. It
 * doesn't restart totals, which `farthest` shows to be needed.
 */
function forwardByTwo (length: u32, start: f32): void {
  const nodes = settings.nodesAt
  const places = settings.placesAt
  const to = settings.normalizedAt + length
  const unknown = <u64>reinterpret<u32>(load<f32>(settings.scoresAt + (<usize>settings.unkId << 2))) << 32
  const root = <u64>load<u32>(nodes)
  let far: f32 = 0
  let count: u32 = 0
  let at = settings.normalizedAt
  let place = places
  let reach = places // where the farthest of the pieces ends
  clearPlaces(places + (<usize>length << PLACE_SHIFT), start)
  farthest = 0
  chars = 0
  joined = 0
  while (at < to) {
    if (place >= reach && (flagsAt(at) & PIECELESS) !== 0) {
      const after = joinUnknown(at, to, place)
      at += (after - place) >> PLACE_SHIFT
      place = after
      continue
    }
    const before = load<f32>(place)
    far = max(far, abs(before))
    const next = min(at + lengthOfChar(load<u8>(at)), to)
    const secondPlace = place + ((next - at) << PLACE_SHIFT)
    let unit = root
    let end = place
    let isKnown = false
    while (at < next) {
      const byte: u32 = load<u8>(at)
      const node = (<u32>unit >> BASE_SHIFT) ^ byte
      unit = nodeUnit(nodes, node)
      if (!isEdge(unit, byte)) {
        unit = DEAD
        break
      }
      at++
      end += 16
      if ((<u32>unit & HAS_VALUE) === 0) continue
      isKnown = at === next
      offer(end, unit, before, node, place)
    }
    if (!isKnown) offer(secondPlace, unknown, before, UNKNOWN, place)
    count++
    at = next
    reach = max(reach, end)
    if (at >= to) {
      place = secondPlace
      break
    }
    const secondBefore = load<f32>(secondPlace)
    far = max(far, abs(secondBefore))
    const secondLength = <usize>lengthOfChar(load<u8>(at))
    const afterSecond = secondPlace + (secondLength << PLACE_SHIFT)
    let secondUnit = root
    let byteAt = at
    end = secondPlace
    let isSecondKnown: u32 = 0
    while (byteAt < to) {
      const byte: u32 = load<u8>(byteAt)
      const node = (<u32>unit >> BASE_SHIFT) ^ byte
      const secondNode = (<u32>secondUnit >> BASE_SHIFT) ^ byte
      unit = nodeUnit(nodes, node)
      secondUnit = nodeUnit(nodes, secondNode)
      const isOn = isEdge(unit, byte)
      const isSecondOn = isEdge(secondUnit, byte)
      if (!(isOn | isSecondOn)) break
      unit = select<u64>(unit, DEAD, isOn)
      secondUnit = select<u64>(secondUnit, DEAD, isSecondOn)
      byteAt++
      end += 16
      // As `offer` for both, between one load and one store.
      const candidate = f32x4.splat(reinterpret<f32>(<u32>(unit >> 32)) + before)
      const secondCandidate = f32x4.splat(reinterpret<f32>(<u32>(secondUnit >> 32)) + secondBefore)
      const first = i64x2.splat(<i64>((<u64>place << 32) | <u64>node))
      const second = i64x2.splat(<i64>((<u64>secondPlace << 32) | <u64>secondNode))
      v128.store(end, offered(offered(v128.load(end), candidate, first), secondCandidate, second))
      isSecondKnown |= <u32>(end === afterSecond) & (<u32>secondUnit >> 9)
    }
    if ((isSecondKnown & 1) === 0) offer(afterSecond, unknown, secondBefore, UNKNOWN, secondPlace)
    count++
    reach = max(reach, end)
    at += secondLength
    place = afterSecond
  }
  total = load<f32>(place)
  farthest = max(farthest, far)
  chars += count
}

/** One character after the other, in either arithmetic, with restarts. */
function forward<T> (length: u32, start: f32, measured: bool): void {
  const nodes = settings.nodesAt
  const places = settings.placesAt
  const from = settings.normalizedAt
  const to = from + length
  const last = places + (<usize>length << PLACE_SHIFT)
  let far: f32 = 0
  let count: u32 = 0
  clearPlaces(last, start)
  let at = from
  while (at < to) {
    const place = places + ((at - from) << PLACE_SHIFT)
    let before = load<f32>(place)
    if (sizeof<T>() === 4 && abs(before) > FARTHEST) {
      restart(place, min(last, place + (<usize>settings.longest << PLACE_SHIFT)))
      before = 0
    }
    far = max(far, abs(before))
    const next = min(at + lengthOfChar(load<u8>(at)), to)
    let isKnown = false
    let unit: u64 = load<u32>(nodes)
    let end = place
    for (let byteAt = at; byteAt < to; byteAt++) {
      const byte: u32 = load<u8>(byteAt)
      const node = (<u32>unit >> BASE_SHIFT) ^ byte
      unit = nodeUnit(nodes, node)
      if (!isEdge(unit, byte)) break
      end += 16
      if ((<u32>unit & HAS_VALUE) === 0) continue
      if (byteAt + 1 === next) isKnown = true
      const score: T = sizeof<T>() === 4
        ? <T>reinterpret<f32>(<u32>(unit >> 32))
        : <T>load<f64>(settings.nodeScoresAt + (<usize>node << 3))
      offerOne<T>(end, score + <T>before, node, place, measured)
    }
    if (!isKnown) {
      const score = <f32>load<T>(settings.scoresAt + <usize>settings.unkId * sizeof<T>())
      offerOne<T>(place + ((next - at) << PLACE_SHIFT), <T>(score + before), UNKNOWN, place, measured)
    }
    count++
    at = next
  }
  total = load<f32>(last)
  farthest = far
  chars = count
  joined = 0
}

// @ts-ignore: decorator
@inline
function offerOne<T> (at: usize, candidate: T, node: u32, start: usize, measured: bool): void {
  const best = load<f32>(at)
  if (candidate > <T>best) {
    if (measured) store<f32>(at, max(load<f32>(at, SECOND), best), SECOND)
    store<f32>(at, <f32>candidate)
    store<u32>(at, node, NODE)
    store<u32>(at, <u32>start, START)
  } else if (measured) {
    store<f32>(at, max(load<f32>(at, SECOND), <f32>candidate), SECOND)
  }
}

/** Subtracts the total at a place from all totals from there on. */
function restart (place: usize, last: usize): void {
  const subtracted = load<f32>(place)
  for (let at = place; at <= last; at += 16) store<f32>(at, load<f32>(at) - subtracted)
}
