/**
 * Returns a function that returns random integers below a bound, the same ones in each process for the same seed: the
 * high bits of a linear congruential generator.
 */
export function drawing (seed = 20_261_123): (below: number) => number {
  let state = seed >>> 0
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor(state / 2 ** 32 * below)
  }
}
