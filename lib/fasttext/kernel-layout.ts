import type { SharedFastText } from './model.ts'

/** Bytes of text that the kernel goes over at once. */
export const PIECE_BYTES = 2 ** 15

/** What is read and written behind a piece, or behind anything else. */
export const SLACK = 128

/**
 * Characters of a word whose n-grams are made together, and what may be read and written behind them; as in
 * lib/kernels/fasttext/characters.ts.
 */
const BLOCK = 64
const BLOCK_SLACK = 16

const SLOT_BYTES = 8

/** Of eight slots six may be taken. */
const SLOTS_A_RECORD = 8 / 6

/** Of a record besides its vector: a header, and a word of 16 bytes at most as most of them are. */
const RECORD_BYTES = 32

/** What is kept of a word that has but one row, in place of a vector. */
const ADDRESS_BYTES = 16

/** A table for fewer is none. */
const LEAST_RECORDS = 4

/** Slots of no table. */
const LEAST_SLOTS = 8

/** Bound of the memory for words already met, unless told otherwise. */
const DEFAULT_TABLE_BYTES = 18 * 2 ** 20

/**
 * Where vectors are short, this many words do: to make more of them anew takes less time than to fetch them from far
 * away.
 */
const ENOUGH_WORDS = 80_000

/** The memory that a kernel works in. Addresses count from its beginning. */
export interface KernelLayout {
  /**
   * By the names of lib/kernels/fasttext/settings.ts, in its order: numbers, addresses of the model, and addresses in
   * this memory.
   */
  readonly fields: Readonly<Record<string, number | { readonly at: number }>>
  readonly bytes: number
  readonly pieceAt: number
  readonly sumAt: number
  /** Of the tree of labels. */
  readonly childrenAt: number
  readonly placesAt: number
  readonly rightsAt: number
  /** Of the table; 0 for none. */
  readonly recordBytes: number
}

/**
 * Lays out the memory of a kernel.
 *
 * @param tableBytes that the table of words may take
 * @param nodes of the tree of labels, 0 for none
 */
export function layoutOf (model: SharedFastText, tableBytes: number, nodes: number): KernelLayout {
  const { settings, dictionary, input, output } = model
  const { dim, minn, maxn, bucket, wordNgrams } = settings
  const vectorBytes = 16 * Math.ceil(dim / 4)
  let used = 0
  const take = (bytes: number): { at: number } => {
    const at = used
    used = 64 * Math.ceil((used + bytes) / 64)
    return { at }
  }
  const keepsRows = maxn === 0 && input.kind === 'dense'
  const keptBytes = keepsRows ? ADDRESS_BYTES : vectorBytes
  const { slots, recordBytes } = tableOf(tableBytes, keptBytes)
  // Two words can't stand side by side.
  const words = PIECE_BYTES / 2 + 1
  const quantized = input.kind === 'quantized' ? input : undefined
  take(4 * 64) // the fields
  const slotsAt = take(SLOT_BYTES * slots)
  const recordsAt = take(recordBytes)
  const pieceAt = take(PIECE_BYTES + SLACK)
  const boundsAt = take(8 * words + SLACK)
  const foundAt = take(8 * words)
  const missesAt = take(4 * words)
  const listAt = take(4 * words + SLACK)
  const hashesAt = take(8 * (words + wordNgrams))
  const markedAt = take(PIECE_BYTES + SLACK)
  const charactersAt = take(4 * 4 * (BLOCK + maxn + BLOCK_SLACK) + SLACK)
  const ngramsAt = take(4 * BLOCK * maxn)
  const sumAt = take(vectorBytes)
  const scratchAt = take(vectorBytes)
  const childrenAt = take(8 * nodes)
  const placesAt = take(4 * nodes)
  const rightsAt = take(4 * nodes)
  const waitingAt = take(16 * (nodes + 1))
  const bucketBits = Math.ceil(Math.log2(Math.max(bucket, 1)))
  const bucketFactor = factorOf(bucket, bucketBits)
  const fields = {
    bucketFactor,
    bucketShift: Math.max(bucketBits - 1, 0),
    vectorBytes,
    minn,
    maxn,
    bucket,
    wordNgrams,
    words: dictionary.words,
    startsAt: dictionary.startsAt,
    bytesAt: dictionary.bytesAt,
    entrySlotsAt: dictionary.slotsAt,
    entryMask: dictionary.slots - 1,
    keptAt: dictionary.kept?.at ?? 0,
    rowsAt: quantized === undefined ? input.at : 0,
    rowBytes: 4 * dim,
    codesAt: quantized?.at ?? 0,
    columns: dim,
    parts: quantized?.parts ?? 0,
    partWidth: quantized?.width ?? 0,
    centroidsAt: quantized?.centroidsAt ?? 0,
    normCodesAt: quantized?.normCodesAt ?? 0,
    normsAt: quantized?.normsAt ?? 0,
    keptBytes,
    keepsRows: Number(keepsRows),
    slotsAt,
    slotMask: slots - 1,
    recordsAt,
    recordsEnd: { at: recordsAt.at + recordBytes },
    textAt: pieceAt,
    boundsAt,
    foundAt,
    missesAt,
    listAt,
    hashesAt,
    markedAt,
    charactersAt,
    ngramsAt,
    sumAt,
    scratchAt,
    labels: (nodes + 1) / 2,
    childrenAt,
    placesAt,
    outputAt: output.at,
    rightsAt,
    waitingAt
  }
  return {
    fields,
    bytes: used,
    pieceAt: pieceAt.at,
    sumAt: sumAt.at,
    childrenAt: childrenAt.at,
    placesAt: placesAt.at,
    rightsAt: rightsAt.at,
    recordBytes
  }
}

/** By what the kernel multiplies in place of dividing by the number of buckets. @param bits of that number */
function factorOf (bucket: number, bits: number): number {
  if (bucket === 0) return 0
  const buckets = BigInt(bucket)
  return Number(2n ** 32n * (2n ** BigInt(bits) - buckets) / buckets + 1n)
}

/** What the table of words takes, unless told otherwise. */
export function defaultTableBytes ({ settings: { dim, maxn } }: SharedFastText): number {
  const bytes = RECORD_BYTES + 16 * Math.ceil(dim / 4) + SLOT_BYTES * SLOTS_A_RECORD
  return maxn === 0 ? DEFAULT_TABLE_BYTES : Math.min(ENOUGH_WORDS * bytes, DEFAULT_TABLE_BYTES)
}

function tableOf (tableBytes: number, keptBytes: number): { slots: number, recordBytes: number } {
  const records = tableBytes / (RECORD_BYTES + keptBytes + SLOT_BYTES * SLOTS_A_RECORD)
  const slots = Math.max(2 ** Math.round(Math.log2(Math.max(records, 1) * SLOTS_A_RECORD)), LEAST_SLOTS)
  const recordBytes = Math.floor(tableBytes - SLOT_BYTES * slots)
  return { slots, recordBytes: recordBytes < LEAST_RECORDS * (RECORD_BYTES + keptBytes) ? 0 : recordBytes }
}
