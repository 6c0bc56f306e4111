import type { SharedFastText } from './model.ts'

/** Bytes of text that the kernel processes at once. */
export const PIECE_BYTES = 2 ** 15

/** How many bytes the kernel may read and write after a piece of text, and after its other areas. */
export const SLACK = 128

/**
 * The number of a word's characters whose n-grams are computed together, and how far the kernel may read and write
 * after them; the same as in lib/kernels/fasttext/characters.ts.
 */
const BLOCK = 64
const BLOCK_SLACK = 16

const SLOT_BYTES = 8

/** At most six of eight slots are used. */
const SLOTS_A_RECORD = 8 / 6

/** Bytes of a record in addition to its vector: a header, and a word of up to 16 bytes, like most words. */
const RECORD_BYTES = 32

/** For a word with a single row, the record has the row's address instead of a vector. */
const ADDRESS_BYTES = 16

/** With fewer records than this, there is no table. */
const MIN_RECORDS = 4

/** The number of slots where there is no table. */
const MIN_SLOTS = 8

/** The default limit for the memory of the table of words. */
const DEFAULT_TABLE_BYTES = 18 * 2 ** 20

/**
 * The default number of words where vectors are short: computing the vectors of further words takes less time than
 * fetching them from a larger table.
 */
const ENOUGH_WORDS = 80_000

/** The memory layout of a kernel. Addresses count from the start of its memory. */
export interface KernelLayout {
  /**
   * The fields of lib/kernels/fasttext/settings.ts, by name and in order: numbers, addresses in the model's memory, and
   * addresses in the kernel's own (`at`).
   */
  readonly fields: Readonly<Record<string, number | { readonly at: number }>>
  readonly bytes: number
  readonly pieceAt: number
  readonly sumAt: number
  /** The address of the label tree's child nodes. */
  readonly childrenAt: number
  readonly placesAt: number
  readonly rightsAt: number
  /** The size of the table's records in bytes; 0 for no table. */
  readonly recordBytes: number
}

/**
 * Computes the memory layout of a kernel.
 *
 * @param tableBytes maximum size of the table of words
 * @param nodes number of nodes in the label tree, 0 for none
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
  // Words are at least one byte apart.
  const words = PIECE_BYTES / 2 + 1
  const quantized = input.kind === 'quantized' ? input : undefined
  take(4 * 64) // the fields of settings.ts
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

/** The factor of a multiplication that replaces the division by the number of buckets. @param bits of that number */
function factorOf (bucket: number, bits: number): number {
  if (bucket === 0) return 0
  const buckets = BigInt(bucket)
  return Number(2n ** 32n * (2n ** BigInt(bits) - buckets) / buckets + 1n)
}

/** The default size of the table of words. */
export function defaultTableBytes ({ settings: { dim, maxn } }: SharedFastText): number {
  const bytes = RECORD_BYTES + 16 * Math.ceil(dim / 4) + SLOT_BYTES * SLOTS_A_RECORD
  return maxn === 0 ? DEFAULT_TABLE_BYTES : Math.min(ENOUGH_WORDS * bytes, DEFAULT_TABLE_BYTES)
}

function tableOf (tableBytes: number, keptBytes: number): { slots: number, recordBytes: number } {
  const records = tableBytes / (RECORD_BYTES + keptBytes + SLOT_BYTES * SLOTS_A_RECORD)
  const slots = Math.max(2 ** Math.round(Math.log2(Math.max(records, 1) * SLOTS_A_RECORD)), MIN_SLOTS)
  const recordBytes = Math.floor(tableBytes - SLOT_BYTES * slots)
  return { slots, recordBytes: recordBytes < MIN_RECORDS * (RECORD_BYTES + keptBytes) ? 0 : recordBytes }
}
