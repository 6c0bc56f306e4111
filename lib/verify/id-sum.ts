import type { Ids } from '../shards/npy.ts'

/**
 * A hash of the ids of a document, of 64 bits: the sum of a hash of each id and its place. So the hashes of the parts
 * of a document can be added, in any order. It is the same for all types of ids.
 */
export interface IdSum {
  /** Integers of 32 bits. */
  readonly low: number
  readonly high: number
}

export const NO_IDS: IdSum = { low: 0, high: 0 }

/** The sum of two parts of a document. */
export function joined (a: IdSum, b: IdSum): IdSum {
  return { low: a.low + b.low | 0, high: a.high + b.high | 0 }
}

/** The sum of ids. @param place index of the first of them in the document */
export function sumOf (ids: Ids, place: number): IdSum {
  // Two hashes of 32 bits. The multipliers are odd and have no pattern of bits; as literals they are not looked up.
  let low = 0
  let high = 0
  let lowPlace = Math.imul(place, -0x61c88647)
  let highPlace = Math.imul(place, 0x27d4eb2f)
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!
    let a = Math.imul(id ^ lowPlace, -0x7a143595)
    a = Math.imul(a ^ a >>> 15, -0x3d4d51cb)
    low = low + (a ^ a >>> 16) | 0
    let b = Math.imul(id + highPlace, 0x165667b1)
    b = Math.imul(b ^ b >>> 16, -0x2c5d9b93)
    high = high + (b ^ b >>> 15) | 0
    lowPlace = lowPlace - 0x61c88647 | 0
    highPlace = highPlace + 0x27d4eb2f | 0
  }
  return { low, high }
}

/**
 * The upper 53 bits of a sum, for `HashSample`. Among five million documents, the chance that two different ones have
 * the same is 1 in 700.
 */
export function hashOf ({ low, high }: IdSum): number {
  return (high >>> 0) * 2 ** 21 + (low >>> 11)
}
