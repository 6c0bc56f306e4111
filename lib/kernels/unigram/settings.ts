/**
 * What the kernel works with: numbers, and addresses in its memory. lib/sentencepiece/unigram-kernel-layout.ts writes
 * them, each in 4 bytes, in this order. The model's part is the same for all threads, and no thread writes to it.
 */
@unmanaged
export class Settings {
  /** Of each node of the trie of pieces: its unit, and the score of the piece that ends there as an f32. */
  nodesAt: usize
  /** Of each node: the id of the piece that ends there. */
  nodeIdsAt: usize
  /** Of each node: the score as an f64, for sums of 64 bits. */
  nodeScoresAt: usize
  /** Of each id: what it adds to the total, as an f32 or f64. */
  scoresAt: usize
  /** The most that a piece adds for each of its bytes: an f64. */
  gainAt: usize
  /** Bytes of the longest piece; at least those of a character. */
  longest: u32
  unkId: u32
  /** The ids of byte pieces; 0 for a model without them. */
  byteIdsAt: usize
  /** The trie of the normalization's keys as darts-clone writes it, and what they become; 0 for none. */
  charsmapAt: usize
  replacementsAt: usize
  /** The trie of user-defined symbols, in the format of `nodesAt`; 0 for none. */
  symbolsAt: usize
  /** Of each code point of the BMP: how it is normalized (characters.ts). */
  flagsAt: usize
  /** Masks of 0 to 16 bytes, then sets of ASCII characters (characters.ts). */
  masksAt: usize
  escapesSpaces: u32
  dropsSpaces: u32
  addsSpace: u32
  spaceIsSuffix: u32
  /** The rest belongs to a thread. Words met before, of up to 15 bytes: lines of two entries of 32 bytes. */
  shortAt: usize
  shortBits: u32
  /** Words of 16 to 47 bytes: entries of 64 bytes. */
  longAt: usize
  longBits: u32
  /** Ids of words that have more than four. */
  spillAt: usize
  spillEnd: usize
  /** Ids of the text, of `outRoom` bytes. */
  outAt: usize
  outRoom: u32
  /** A normalized word or text, of `normalizedRoom` bytes, and a place for each of them and one more (search.ts). */
  normalizedAt: usize
  normalizedRoom: u32
  placesAt: usize
  /** Characters that were rewritten (replacements.ts). */
  replacedAt: usize
}

export let settings: Settings = changetype<Settings>(0)

export function setSettings (at: usize): void {
  settings = changetype<Settings>(at)
}
