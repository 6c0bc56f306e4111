import { Settings } from '../bpe/settings'

/** Words begin with spaces. */
export const SPACES_FIRST: u32 = 0
/** Words end with spaces. */
export const SPACES_LAST: u32 = 1
/** A text isn't cut into words. */
export const NO_WORDS: u32 = 2

/**
 * What this kernel works with besides what it has in common with lib/kernels/bpe; lib/bpe/sentencepiece-layout.ts has
 * the same order. A token is what can be merged, by its place in the order of scores; characters without a piece that
 * occur in pieces are tokens too.
 */
@unmanaged
export class SentencePieceSettings extends Settings {
  /** Tokens of characters in two steps: the block of each 128 code points (16 bits), and the blocks (32 bits each). */
  charBlockOfAt: usize
  charBlocksAt: usize
  /** Of each token: its id, or `LIST` and where its ids are among the lists, counted in ids. */
  idsAt: usize
  /** Several ids of one token, after their number. */
  listsAt: usize
  /** 2 ** 20 bits: which hashes the pairs of neighbouring characters of tokens have. */
  neighboursAt: usize
  /** A trie of user-defined pieces with their ids (lib/sentencepiece/double-array.ts); 0 where there are none. */
  symbolUnitsAt: usize
  symbolIdsAt: usize
  unkId: u32
  /** Ids of the 256 bytes; 0 where unknown characters are `unkId`. */
  byteFallbackAt: usize
  /** Whether a space stands for U+2581. */
  isEscaped: u32
  /** `SPACES_FIRST`, `SPACES_LAST` or `NO_WORDS`. */
  wordShape: u32
  /** Characters that separate words in addition to a space; a space if there are none. */
  separator1: u32
  separator2: u32
}

export const LIST: u32 = 0x8000_0000

export let own: SentencePieceSettings = changetype<SentencePieceSettings>(0)

export function setOwnSettings (at: usize): void {
  own = changetype<SentencePieceSettings>(at)
}
