/**
 * The contiguous share of a task: items `[from, to)`, so that all tasks have about the same weight, and every item
 * belongs to exactly one.
 *
 * @param weights of the items, in order
 */
export function shareOf (weights: readonly number[], rank: number, world: number): readonly [from: number, to: number] {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  // An item belongs to the task in whose part of the total weight its middle is.
  let before = 0
  const owners = weights.map(weight => {
    const middle = total === 0 ? 0 : (before + weight / 2) / total
    before += weight
    return Math.min(world - 1, Math.floor(middle * world))
  })
  const from = owners.findIndex(owner => owner >= rank)
  const to = owners.findIndex(owner => owner > rank)
  const start = from === -1 ? weights.length : from
  return [start, to === -1 ? weights.length : to]
}
