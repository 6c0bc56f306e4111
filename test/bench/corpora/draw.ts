/**
 * Creates a generator of random integers below a bound. It returns the high bits of a linear congruential generator,
 * so the same seed gives the same integers in every process.
 */
export function drawing (seed = 20_261_123): (below: number) => number {
  let state = seed >>> 0
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor(state / 2 ** 32 * below)
  }
}
