/** Fills in the data that the search reads at the nodes of the trie of pieces, and collects properties of its keys. */
import { HAS_VALUE, NODE_SHIFT } from './double-array'
import { SPACE } from './utf8'

/** Writes nodes of units, with the score of the key that ends at each as an f32; -Infinity where none ends. */
export function fillNodes (unitsAt: usize, idsAt: usize, count: u32, scoresAt: usize, nodesAt: usize): void {
  for (let node: usize = 0; node < count; node++) {
    const unit = load<u32>(unitsAt + (node << 2))
    store<u32>(nodesAt + (node << NODE_SHIFT), unit)
    store<f32>(nodesAt + (node << NODE_SHIFT), <f32>scoreAt(unit, idsAt + (node << 2), scoresAt), 4)
  }
}

/** The same scores as f64. */
export function fillScores (unitsAt: usize, idsAt: usize, count: u32, scoresAt: usize, nodeScoresAt: usize): void {
  for (let node: usize = 0; node < count; node++) {
    const unit = load<u32>(unitsAt + (node << 2))
    store<f64>(nodeScoresAt + (node << 3), scoreAt(unit, idsAt + (node << 2), scoresAt))
  }
}

// @ts-ignore: decorator
@inline
function scoreAt (unit: u32, idAt: usize, scoresAt: usize): f64 {
  return (unit & HAS_VALUE) === 0 ? -Infinity : load<f64>(scoresAt + (<usize>load<u32>(idAt) << 3))
}

/**
 * Measures sorted keys: writes the most that one adds for each of its bytes as an f64, and the bytes of the longest one
 * as a u32 after it.
 *
 * @param scoresAt of all ids, as f64
 * @returns whether a space is a key, and no key has one after its first byte
 */
export function measureKeys (entriesAt: usize, count: u32, scoresAt: usize, to: usize): bool {
  let gain: f64 = 0
  let longest: u32 = 0
  let hasSpace = false
  let goesOn = false
  for (let i: usize = 0; i < count; i++) {
    const at = <usize>load<u32>(entriesAt + (i << 3))
    let length: u32 = 0
    for (; load<u8>(at + length) !== 0; length++) goesOn = goesOn || (length > 0 && load<u8>(at + length) === SPACE)
    if (length === 1 && load<u8>(at) === SPACE) hasSpace = true
    gain = max(gain, load<f64>(scoresAt + (<usize>load<u32>(entriesAt + (i << 3), 4) << 3)) / <f64>length)
    longest = max(longest, length)
  }
  store<f64>(to, gain)
  store<u32>(to, longest, 8)
  return hasSpace && !goesOn
}
