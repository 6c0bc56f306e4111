import type { PairRanks } from './pair-ranks.ts'

/** A merge that may be due: its rank, where its left token begins, and both tokens as they were when it was found. */
type Due = readonly [rank: number, at: number, left: number, right: number]

/**
 * Merges the tokens of a word: always the pair with the lowest rank, of equal ones the leftmost, until none merges.
 * A heap of the pairs that may be due makes it n log n.
 *
 * @param ids of the bytes
 */
export function mergeWord (ids: readonly number[], { rankOf, mergedId }: PairRanks): number[] {
  const tokens = [...ids]
  const next = ids.map((_, at) => at + 1)
  const previous = ids.map((_, at) => at - 1)
  const heap = new DueHeap()
  const note = (at: number): void => {
    const right = next[at]!
    if (at < 0 || right >= tokens.length) return
    const rank = rankOf(tokens[at]!, tokens[right]!)
    if (rank !== undefined) heap.push([rank, at, tokens[at]!, tokens[right]!])
  }
  for (let at = 0; at < tokens.length; at++) note(at)
  for (let due = heap.pop(); due !== undefined; due = heap.pop()) {
    const [rank, at, left, right] = due
    const after = next[at]!
    if (tokens[at] !== left || after >= tokens.length || tokens[after] !== right) continue // merged meanwhile
    tokens[at] = mergedId(rank)
    tokens[after] = GONE
    next[at] = next[after]!
    if (next[at] < tokens.length) previous[next[at]] = at
    note(at)
    if (previous[at]! >= 0) note(previous[at]!)
  }
  return tokens.filter(token => token !== GONE)
}

const GONE = -1

/** The least first: by rank, then by place. */
class DueHeap {
  readonly #items: Due[] = []

  push (item: Due): void {
    const items = this.#items
    let at = items.push(item) - 1
    for (let parent = (at - 1) >> 1; at > 0 && isBefore(item, items[parent]!); parent = (at - 1) >> 1) {
      items[at] = items[parent]!
      at = parent
    }
    items[at] = item
  }

  pop (): Due | undefined {
    const items = this.#items
    const first = items[0]
    const last = items.pop()
    if (items.length === 0 || last === undefined) return first
    let at = 0
    for (let child = 1; child < items.length; child = 2 * at + 1) {
      if (child + 1 < items.length && isBefore(items[child + 1]!, items[child]!)) child++
      if (!isBefore(items[child]!, last)) break
      items[at] = items[child]!
      at = child
    }
    items[at] = last
    return first
  }
}

function isBefore (a: Due, b: Due): boolean {
  return a[0] < b[0] || (a[0] === b[0] && a[1] < b[1])
}
