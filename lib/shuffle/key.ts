/** Keys are integers below 2 ** KEY_BITS. */
export const KEY_BITS = 48

/**
 * The key by which a record is sorted: a hash of the seed and of what identifies the record, such as the numbers of its
 * source and epoch, and its index. Records sorted by such keys are in random order.
 *
 * Each part is hashed as 64 bits, lower 32 first, by MurmurHash3_x86_32 (Appleby, smhasher, public domain): with the
 * hash's seed 0 for the upper 32 bits of the key, and with 1 for the lower 16.
 *
 * @param seed an integer from 0 to 2 ** 53 - 1, as are the parts
 * @param identity its parts; a bigint is an unsigned integer of 64 bits, such as the hash of a document's id
 */
export function shuffleKey (seed: number, ...identity: ReadonlyArray<number | bigint>): number {
  let high = mixedNumber(0, seed)
  let low = mixedNumber(1, seed)
  for (const part of identity) {
    if (typeof part === 'number') {
      high = mixedNumber(high, part)
      low = mixedNumber(low, part)
    } else {
      high = mixed(mixed(high, Number(part & 0xffff_ffffn)), Number(part >> 32n))
      low = mixed(mixed(low, Number(part & 0xffff_ffffn)), Number(part >> 32n))
    }
  }
  const bytes = 8 * (identity.length + 1)
  return finished(high, bytes) * 2 ** 16 + (finished(low, bytes) >>> 16)
}

function mixedNumber (hash: number, number: number): number {
  return mixed(mixed(hash, number >>> 0), number / 2 ** 32)
}

/** The state of MurmurHash3_x86_32 after another block of four bytes. */
function mixed (hash: number, word: number): number {
  const scrambled = Math.imul(word, 0xcc9e2d51)
  const rotated = hash ^ Math.imul(scrambled << 15 | scrambled >>> 17, 0x1b873593)
  return Math.imul(rotated << 13 | rotated >>> 19, 5) + 0xe6546b64 | 0
}

/** The hash, from the state after the last block. */
function finished (state: number, bytes: number): number {
  let hash = state ^ bytes
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b)
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35)
  return (hash ^ hash >>> 16) >>> 0
}
