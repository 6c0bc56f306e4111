/**
 * Finds the best segmentation of normalized text, with SentencePiece's arithmetic: what
 * lib/sentencepiece/unigram-search.ts does. `T` is the type that sums are compared in: f32 from 0.2.2 on, f64 before.
 *
 * There is a place for each byte of the text and for its end, of 16 bytes: the best total there (f32), the second best
 * (f32), the node of the last piece of the best path, and the place where this piece begins.
 */
import { BASE_SHIFT, HAS_VALUE, IN_USE, LABEL_BITS, NODE_SHIFT } from './double-array'
import { settings } from './settings'
import { lengthOfChar } from './utf8'

export const PLACE_SHIFT: usize = 4

/** The node of an unknown character. */
export const UNKNOWN: u32 = 0xffff_ffff

/** SentencePiece 0.2.2 restarts totals at 0 when they are farther from 0 than this. */
export const FARTHEST: f32 = 100_000

/** A unit without children, and without a piece. */
const DEAD: u64 = 0xff80_0000_0000_0000

const SECOND: usize = 4
const NODE: usize = 8
const START: usize = 12

// Of the last search.
let total: f32 = 0
let farthest: f32 = 0
let chars: u32 = 0
let pieces: u32 = 0
let margin: f64 = 0
let wasMeasured = false

/** The total at the end of the text. */
export function totalAtEnd (): f32 {
  return total
}

/** The total farthest from 0, of those that pieces were added to, as an absolute value; infinite if one restarted. */
export function farthestTotal (): f32 {
  return farthest
}

/** Characters and pieces of the text, halved together: how often rounding may differ between two segmentations. */
export function countedSteps (): f64 {
  return <f64>(pieces + chars) / 2
}

/** After a measured search: how much better the segmentation is than any other, up to rounding. */
export function measuredMargin (): f64 {
  return margin
}

/** Searches the normalized text of a length. The path is at its places afterwards. @param start the total before */
// @ts-ignore: decorator
@inline
export function search<T> (length: u32, start: f32, measured: bool): void {
  wasMeasured = measured
  if (sizeof<T>() === 4) {
    forwardByTwo(length, start)
    if (farthest <= FARTHEST) return
    // Totals restart inside; a measured search only has to say so.
    farthest = Infinity
    if (measured) return
  }
  forward<T>(length, start, measured)
}

/** Before a search: no place has a total. */
// @ts-ignore: decorator
@inline
function clearPlaces (places: usize, last: usize, start: f32): void {
  const none = f32x4(-Infinity, -Infinity, 0, 0)
  for (let at = places; at <= last; at += 16) v128.store(at, none)
  store<f32>(places, start)
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
  const none = f32x4.splat(-Infinity)
  let far: f32 = 0
  let count: u32 = 0
  let at = settings.normalizedAt
  let place = places
  clearPlaces(places, places + (<usize>length << PLACE_SHIFT), start)
  while (at < to) {
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
    at += secondLength
    place = afterSecond
  }
  total = load<f32>(place)
  farthest = far
  chars = count
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
  clearPlaces(places, last, start)
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

/**
 * Turns the path around, so that each of its places has the end of the next piece where the start of its own was.
 *
 * @returns the place where the first piece ends
 */
export function turnPath<T> (length: u32): usize {
  const places = settings.placesAt
  let at = places + (<usize>length << PLACE_SHIFT)
  let next: usize = 0
  let least: f64 = Infinity
  let count: u32 = 0
  while (at > places) {
    if (wasMeasured) least = min(least, marginAt<T>(at))
    const start = <usize>load<u32>(at, START)
    store<u32>(at, <u32>next, START)
    next = at
    at = start
    count++
  }
  pieces = count
  margin = least
  return next
}

// @ts-ignore: decorator
@inline
function marginAt<T> (at: usize): f64 {
  const second = <f64>load<f32>(at, SECOND)
  const distance = <f64>load<f32>(at) - second
  if (sizeof<T>() === 4 || second === -Infinity) return distance
  return distance - abs(second) * 1.1920928955078125e-7 // the second was rounded
}

// @ts-ignore: decorator
@inline
export function nodeAtPlace (at: usize): u32 {
  return load<u32>(at, NODE)
}

/** The end of the piece after the one that ends at a place; 0 after the last. */
// @ts-ignore: decorator
@inline
export function nextPlace (at: usize): usize {
  return <usize>load<u32>(at, START)
}
