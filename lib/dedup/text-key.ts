import xxhash from 'xxhash-wasm'

/** Any constant: the hashes by two seeds are independent. */
const SECOND_SEED = 0x736c_7569n

/** Writes the four words of a 128-bit key, the highest first. */
export function wordsOf (key: bigint, words: Uint32Array): Uint32Array {
  words[0] = Number(key >> 96n)
  words[1] = Number((key >> 64n) & 0xffff_ffffn)
  words[2] = Number((key >> 32n) & 0xffff_ffffn)
  words[3] = Number(key & 0xffff_ffffn)
  return words
}

/** A function that returns the 128-bit key of a text: its xxHash64 by two seeds. The same text has the same key. */
export async function textKeys (): Promise<(text: string) => bigint> {
  const hasher = await xxhash()
  return text => (hasher.h64(text) << 64n) | hasher.h64(text, SECOND_SEED)
}
