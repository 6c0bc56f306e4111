/**
 * What the kernel works with: numbers from the model, and addresses. lib/fasttext/kernel.ts writes them in this order,
 * with 4 bytes each.
 */
@unmanaged
export class Settings {
  /** For divisions by `bucket`: multiply by this factor plus 2 ** 32, then shift right by 33 plus the next field. */
  bucketFactor: u32
  bucketShift: u32
  /**
   * Bytes of a float vector, a multiple of 16. If rows are narrower, the numbers after them are added, too, but not
   * used.
   */
  vectorBytes: u32
  minn: u32
  maxn: u32
  bucket: u32
  wordNgrams: u32
  /** The number of words in the dictionary. Entries from this number on are labels. */
  words: u32
  /** The dictionary, as laid out by lib/fasttext/dictionary.ts. */
  startsAt: usize
  bytesAt: usize
  entrySlotsAt: usize
  entryMask: u32
  /** N-grams that remained after pruning; 0 if the model isn't pruned. */
  keptAt: usize
  /** The rows, if they are floats; 0 if they are quantized. */
  rowsAt: usize
  rowBytes: u32
  codesAt: usize
  columns: u32
  parts: u32
  partWidth: u32
  centroidsAt: usize
  normCodesAt: usize
  normsAt: usize
  /** Bytes of a record for the word's vector; 16 where words have a single row, whose address is stored instead. */
  keptBytes: u32
  keepsRows: u32
  /** The table of words: slots, and consecutive records. */
  slotsAt: usize
  slotMask: u32
  recordsAt: usize
  recordsEnd: usize
  /** The text, with 80 bytes of space after it. */
  textAt: usize
  /** Two addresses for each word of the text: its start and end. */
  boundsAt: usize
  /** For each word of the text: its hash, and its record in the table. */
  foundAt: usize
  /** Indices of the words that are not in the table. */
  missesAt: usize
  /** Addresses of the vectors to add. */
  listAt: usize
  /** 64-bit hashes of words, starting with those of earlier pieces. */
  hashesAt: usize
  /** A word between `<` and `>`; the sum; a vector for words that the table doesn't keep. */
  markedAt: usize
  /** The characters of the word, and the buckets of their n-grams. */
  charactersAt: usize
  ngramsAt: usize
  sumAt: usize
  scratchAt: usize
  /**
   * The tree of labels, with the same node numbers as in lib/fasttext/tree-scores.ts: the two children of each node,
   * and the positions of the leaves.
   */
  labels: u32
  childrenAt: usize
  placesAt: usize
  /** The rows of the inner nodes, as floats. */
  outputAt: usize
  /** The probabilities of the nodes' right children. */
  rightsAt: usize
  /** Nodes to visit: number and probability, 16 bytes each. */
  waitingAt: usize
}

/** Set before any other function is called. */
export let settings: Settings = changetype<Settings>(0)

export function setSettings (at: usize): void {
  settings = changetype<Settings>(at)
}
