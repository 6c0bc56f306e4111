import { LENGTH_BITS, LENGTH_MASK, type Lattice, UNKNOWN_PIECE } from './lattice.ts'

/**
 * Drops the edges of removed pieces from a word and renumbers the others. A character that isn't a piece any more
 * becomes unknown. The edges of a part move together towards its beginning.
 *
 * @param next index for the first edge of the word
 * @returns index for the first edge of the next word
 */
export function renumberWord ({ edges, edgeStarts, numbers }: Lattice, from: number, to: number, next: number): number {
  let edge = edgeStarts[from]!
  let out = next
  for (let place = from; place < to; place++) {
    const end = edgeStarts[place + 1]!
    edgeStarts[place] = out
    // The first one, of a single character, is always kept.
    edges[out++] = numbers[edges[edge++]! >>> LENGTH_BITS]! << LENGTH_BITS | 1
    for (; edge < end; edge++) {
      const value = edges[edge]!
      const piece = numbers[value >>> LENGTH_BITS]!
      if (piece !== UNKNOWN_PIECE) edges[out++] = piece << LENGTH_BITS | value & LENGTH_MASK
    }
  }
  edgeStarts[to] = out
  return out
}
