/**
 * Searches for the best label in the tree of a hierarchical softmax; equal to lib/fasttext/tree-scores.ts to the last
 * bit.
 */
import { settings } from './settings'

/** The same as in lib/fasttext/label-scores.ts. */
const LEAST: f64 = 1e-5

// JavaScript's own `Math.exp`.
// @ts-ignore: a decorator of AssemblyScript's
@external('math', 'exp')
declare function exp (x: f64): f64

/**
 * The likeliest label of the most recently finished text; -1 if there is none. It stores the probabilities that it
 * computes.
 */
export function bestLabel (): i32 {
  const labels = settings.labels
  const waiting = settings.waitingAt
  const children = settings.childrenAt
  const rights = settings.rightsAt
  const places = settings.placesAt
  let found: i32 = -1
  let most = LEAST
  store<u32>(waiting, 2 * labels - 2)
  store<f64>(waiting, 1, 8)
  for (let top = waiting + 16; top > waiting;) {
    top -= 16
    const product = load<f64>(top, 8)
    if (product < most) continue
    const node = load<u32>(top)
    if (node < labels) {
      // Of equal labels, the last one from left to right.
      const isBetter = product > most || found === -1 ||
        load<u32>(places + (node << 2)) > load<u32>(places + (found << 2))
      if (isBetter) found = node
      most = product
      continue
    }
    const right = probabilityOfRight(node - labels)
    store<f32>(rights + (node << 2), right)
    // The likelier child is visited first.
    const likelier: usize = right > 0.5 ? 16 : 0
    store<u32>(top + likelier, load<u32>(children + (node << 3), 4))
    store<f64>(top + likelier, product * (<f64>right + LEAST), 8)
    store<u32>(top + 16 - likelier, load<u32>(children + (node << 3)))
    store<f64>(top + 16 - likelier, product * (1 - <f64>right + LEAST), 8)
    top += 32
  }
  return found
}

function probabilityOfRight (row: u32): f32 {
  const sum = settings.sumAt
  const bytes = settings.columns << 2
  const numbers = settings.outputAt + row * bytes
  let dot: f32 = 0
  for (let at: u32 = 0; at < bytes; at += 4) dot += load<f32>(numbers + at) * load<f32>(sum + at)
  return 1 / (1 + <f32>exp(-<f64>dot))
}
