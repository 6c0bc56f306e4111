import { LENGTH_BITS, LENGTH_MASK, type Lattice, UNKNOWN_PIECE } from './lattice.ts'

/**
 * Takes the edges of given-up pieces out of a word and numbers the others anew; a character that is no piece any more
 * is unknown. A part's edges stay together at its beginning.
 *
 * @param next where the edges of the word are to begin
 * @returns where those of the next word are to
 */
export function renumberWord ({ edges, edgeStarts, numbers }: Lattice, from: number, to: number, next: number): number {
  let edge = edgeStarts[from]!
  let out = next
  for (let place = from; place < to; place++) {
    const end = edgeStarts[place + 1]!
    edgeStarts[place] = out
    // The first one is always there, of a single character.
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
