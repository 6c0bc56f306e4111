/**
 * What the kernel works with: numbers of the model, and addresses in its memory. lib/fasttext/kernel.ts writes them,
 * each in 4 bytes, in this order.
 */
@unmanaged
export class Settings {
  /**
   * For divisions by `bucket`: they multiply by 2 ** 32 more than this, and shift to the right by 33 bits more than
   * that.
   */
  bucketFactor: u32
  bucketShift: u32
  /**
   * Of a vector of floats, a multiple of 16; where rows are narrower what stands behind them is added, too, and not
   * used.
   */
  vectorBytes: u32
  minn: u32
  maxn: u32
  bucket: u32
  wordNgrams: u32
  /** Entries of the dictionary below this are words, the others labels. */
  words: u32
  /** The dictionary, as lib/fasttext/dictionary.ts lays it out. */
  startsAt: usize
  bytesAt: usize
  entrySlotsAt: usize
  entryMask: u32
  /** N-grams that pruning has left; 0 where nothing was pruned. */
  keptAt: usize
  /** Rows of floats; 0 where they are quantized. */
  rowsAt: usize
  rowBytes: u32
  codesAt: usize
  columns: u32
  parts: u32
  partWidth: u32
  centroidsAt: usize
  normCodesAt: usize
  normsAt: usize
  /** Bytes of a record for the word's vector; 16 where words have one row alone, whose address is kept. */
  keptBytes: u32
  keepsRows: u32
  /** Table of words: slots, and records behind one another. */
  slotsAt: usize
  slotMask: u32
  recordsAt: usize
  recordsEnd: usize
  /** The text, and room for 80 bytes behind it. */
  textAt: usize
  /** Of each word in the text, two addresses: where it begins and ends. */
  boundsAt: usize
  /** Of each word in the text its hash, and its record in the table. */
  foundAt: usize
  /** Numbers of the words that weren't in the table. */
  missesAt: usize
  /** Addresses of vectors that are to be added. */
  listAt: usize
  /** 64-bit hashes of words, those before the text's first. */
  hashesAt: usize
  /** A word between its marks; the sum; a vector for words that aren't kept. */
  markedAt: usize
  /** Characters of it, and the buckets of their n-grams. */
  charactersAt: usize
  ngramsAt: usize
  sumAt: usize
  scratchAt: usize
  /**
   * A tree of labels, numbered as lib/fasttext/tree-scores.ts does it: two children of each node, and the places of
   * leaves.
   */
  labels: u32
  childrenAt: usize
  placesAt: usize
  /** Rows of the inner nodes: floats. */
  outputAt: usize
  /** Of nodes, the probabilities of their right children. */
  rightsAt: usize
  /** Of nodes that are to be looked at number and probability, 16 bytes each. */
  waitingAt: usize
}

/** Set before anything else is called. */
export let settings: Settings = changetype<Settings>(0)

export function setSettings (at: usize): void {
  settings = changetype<Settings>(at)
}
