/**
 * What the kernel works with: numbers, and addresses in its memory. lib/bpe/kernel-layout.ts writes them, each in 4
 * bytes, in this order. What belongs to the model is the same for all threads, and no thread writes to it.
 */
@unmanaged
export class Settings {
  /** Classes of code points in two steps: the block of each 128 of them (16 bits), and the blocks. */
  blockOfAt: usize
  blocksAt: usize
  /** For 0 to 16 a mask of so many bytes. */
  masksAt: usize
  /** Of each byte: the id of its token. */
  byteIdsAt: usize
  /** Of two bytes as a number: the rank of their merge. */
  bytePairsAt: usize
  /** Pairs that merge: left (21 bits), right (21), rank (22); all ones where a slot is free. */
  pairsAt: usize
  pairBits: u32
  /** 2 ** 20 bits: which hashes pairs have. Most pairs that are looked up don't merge. */
  filterAt: usize
  /** Of each rank: the id that its merge makes. */
  mergedAt: usize
  /** Of each rank: the first that is as good; 0 where no two are. */
  tiesAt: usize
  /** Bytes of all tokens, where each begins, and slots with ids by the hashes of their bytes; -1 in free ones. */
  tokensAt: usize
  startsAt: usize
  tokenCount: u32
  tokenSlotsAt: usize
  tokenBits: u32
  /** Whether a word that is a token is that token. */
  wholeWords: u32
  /** What follows belongs to a thread. Words met before, of up to 15 bytes: lines of two entries of 32 bytes. */
  shortAt: usize
  shortBits: u32
  /** Words of 16 to 47 bytes: lines of two entries of 64 bytes. */
  longAt: usize
  longBits: u32
  /** Ids of words that have more than four. */
  spillAt: usize
  spillEnd: usize
  /** Ids, of `outRoom` bytes. */
  outAt: usize
  outRoom: u32
  /** Ids of a word that is being merged, with what merging needs. */
  workAt: usize
}

export let settings: Settings = changetype<Settings>(0)

export function setSettings (at: usize): void {
  settings = changetype<Settings>(at)
}
