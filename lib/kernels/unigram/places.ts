/**
 * The places of a search: one for each byte of the text and one for its end, of 16 bytes. A place has the best total
 * there (f32), the second best (f32), the node of the last piece of the best path, and the place where it begins.
 */
import { settings } from './settings'

export const PLACE_SHIFT: usize = 4
export const SECOND: usize = 4
export const NODE: usize = 8
export const START: usize = 12

/** The node of an unknown character. */
export const UNKNOWN: u32 = 0xffff_ffff

/** The largest relative distance between neighbouring 32-bit floats. */
export const FLOAT_STEP: f64 = 1.1920928955078125e-7

let pieces: u32 = 0
let margin: f64 = 0

/** The number of pieces of the path that was turned last. */
export function countedPieces (): u32 {
  return pieces
}

/** How much better that path is than any other, up to rounding, if the search was measured. */
export function measuredMargin (): f64 {
  return margin
}

/** Before a search: no place has a total but the first. */
// @ts-ignore: decorator
@inline
export function clearPlaces (last: usize, start: f32): void {
  const none = f32x4(-Infinity, -Infinity, 0, 0)
  for (let at = settings.placesAt; at <= last; at += 16) v128.store(at, none)
  store<f32>(settings.placesAt, start)
}

/**
 * Turns the path around, so that each of its places has the end of the next piece where the start of its own was.
 *
 * @param measured whether places have second totals
 * @returns the place where the first piece ends
 */
export function turnPath<T> (length: u32, measured: bool): usize {
  const places = settings.placesAt
  let at = places + (<usize>length << PLACE_SHIFT)
  let next: usize = 0
  let least: f64 = Infinity
  let count: u32 = 0
  while (at > places) {
    if (measured) least = min(least, marginAt<T>(at))
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
  return distance - abs(second) * FLOAT_STEP // the second was rounded
}

// @ts-ignore: decorator
@inline
export function nodeAtPlace (at: usize): u32 {
  return load<u32>(at, NODE)
}

/** In a path that was turned: the end of the piece after the one that ends at a place; 0 after the last. */
// @ts-ignore: decorator
@inline
export function nextPlace (at: usize): usize {
  return <usize>load<u32>(at, START)
}
