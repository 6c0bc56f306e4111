import type { Arena } from '../kernels/arena.ts'
import { DamagedModel, type ModelFile } from './model-file.ts'
import type { Settings } from './settings.ts'

/** The addresses of a model's words in its memory. */
export interface DictionaryLayout {
  /** The number of entries: words, followed by labels. */
  readonly words: number
  readonly labels: number
  /**
   * The start of each entry's bytes, relative to `bytesAt`, and the end of the last one's. A NUL follows each entry.
   */
  readonly startsAt: number
  readonly bytesAt: number
  readonly bytes: number
  /** A hash table of the entries with linear probing. A slot has the hash and the entry's number + 1; 0 means empty. */
  readonly slotsAt: number
  readonly slots: number
  /**
   * Which n-grams remained after pruning. For each group of 64 buckets: how many remained before it, and a bit for each
   * of its buckets.
   */
  readonly kept: { readonly at: number, readonly count: number } | undefined
}

/** What the file has about the entries, in addition to `layout`. */
export interface Dictionary {
  readonly layout: DictionaryLayout
  readonly labels: readonly string[]
  /** How often each label occurred in training. */
  readonly labelCounts: readonly number[]
  /**
   * Rows in the file's matrix of the n-grams that remained after pruning, in the order of their buckets; undefined if
   * the model isn't pruned.
   */
  readonly keptRows: Int32Array | undefined
  /** The number of n-grams that remained after pruning, as in the file. */
  readonly keptCount: number
}

const HASH_BASIS = 2166136261
const HASH_PRIME = 16777619

/** 32-bit FNV-1a over signed bytes, as a signed number. @param hash the hash of the bytes before these */
export function wordHash (bytes: Uint8Array, from: number, to: number, hash = HASH_BASIS): number {
  let value = hash
  for (let i = from; i < to; i++) value = Math.imul(value ^ (bytes[i]! << 24 >> 24), HASH_PRIME)
  return value | 0
}

/** Bytes of the cell for 64 buckets: two halves of bits, how many bits are set before them, and padding. */
const KEPT_CELL_BYTES = 16

const COUNTS_BYTES = 4 + 4 + 4 + 8 + 8

/** Minimum bytes in the file of an entry (with an empty word) and of an n-gram that remained after pruning. */
const MIN_ENTRY_BYTES = 1 + 8 + 1
const KEPT_BYTES = 4 + 4

/** Reads the words and labels of a model. @throws DamagedModel */
export async function readDictionary (file: ModelFile, { bucket }: Settings, arena: Arena): Promise<Dictionary> {
  await file.need(COUNTS_BYTES, 'the sizes of its dictionary')
  const size = file.int32()
  const words = file.int32()
  const labels = file.int32()
  file.int64() // tokens
  const pruned = file.int64()
  const keptCount = Math.max(pruned, 0)
  if (words < 0 || labels < 1 || size !== words + labels) {
    throw new DamagedModel(`its dictionary has ${size} entries, of which ${words} are words and ${labels} labels; ` +
      'expected at least one label')
  }
  if (MIN_ENTRY_BYTES * size + KEPT_BYTES * keptCount > file.left) {
    throw new DamagedModel(`its dictionary has ${size} entries and ${keptCount} n-grams, ` +
      `but only ${file.left} bytes are left`)
  }
  const entries = await readEntries(file, words, labels)
  const { starts, bytes } = entries
  const startsAt = arena.take(4 * (size + 1))
  arena.int32s(startsAt, size + 1).set(starts)
  const bytesAt = arena.take(bytes.length)
  arena.bytes(bytesAt, bytes.length).set(bytes)
  const slots = 2 ** Math.ceil(Math.log2(2 * size + 2))
  const slotsAt = arena.take(8 * slots)
  fillSlots(arena.int32s(slotsAt, 2 * slots), starts, bytes)
  const kept = pruned < 0 ? undefined : await readKept(file, pruned, bucket, arena)
  const layout = { words, labels, startsAt, bytesAt, bytes: bytes.length, slotsAt, slots, kept: kept?.layout }
  return { layout, labels: entries.labels, labelCounts: entries.labelCounts, keptRows: kept?.rows, keptCount }
}

interface Entries {
  readonly starts: Int32Array
  readonly bytes: Uint8Array
  readonly labels: readonly string[]
  readonly labelCounts: readonly number[]
}

async function readEntries (file: ModelFile, words: number, labels: number): Promise<Entries> {
  const size = words + labels
  const starts = new Int32Array(size + 1)
  const names: string[] = []
  const labelCounts: number[] = []
  let bytes = new Uint8Array(2 ** 16)
  let used = 0
  for (let i = 0; i < size; i++) {
    const what = `entry ${i} of ${size} of its dictionary`
    const found = file.string(9, what)
    const word = found instanceof Promise ? await found : found
    if (used + word.length + 1 > bytes.length) {
      const larger = new Uint8Array(2 * (used + word.length + 1))
      larger.set(bytes.subarray(0, used))
      bytes = larger
    }
    bytes.set(word, used)
    used += word.length + 1
    starts[i + 1] = used
    if (i >= words) names.push(word.toString())
    const count = file.int64()
    const type = file.byte()
    if (type !== (i < words ? 0 : 1)) {
      throw new DamagedModel(`${what} has type ${type}, expected ${i < words ? '0, a word' : '1, a label'}`)
    }
    if (i >= words) labelCounts.push(count)
  }
  return { starts, bytes: bytes.subarray(0, used), labels: names, labelCounts }
}

function fillSlots (slots: Int32Array, starts: Int32Array, bytes: Uint8Array): void {
  const mask = slots.length / 2 - 1
  for (let i = 0; i < starts.length - 1; i++) {
    const hash = wordHash(bytes, starts[i]!, starts[i + 1]! - 1)
    let slot = hash & mask
    while (slots[2 * slot + 1] !== 0) slot = (slot + 1) & mask
    slots[2 * slot] = hash
    slots[2 * slot + 1] = i + 1
  }
}

interface Kept {
  readonly layout: { readonly at: number, readonly count: number }
  readonly rows: Int32Array
}

/** Reads which n-grams remained after pruning, and sorts them by bucket. */
async function readKept (file: ModelFile, count: number, bucket: number, arena: Arena): Promise<Kept> {
  const pairs = new Int32Array(2 * count)
  await file.into(new Uint8Array(pairs.buffer), 'its pruned n-grams')
  // Bucket and index are combined in one number, which sorts fast and without garbage. If a bucket occurs twice, the
  // last one counts.
  const sorted = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    const row = pairs[2 * i + 1]!
    if (row < 0 || row >= count) {
      throw new DamagedModel(`n-gram ${i} after pruning has row ${row}, expected 0 to ${count - 1}`)
    }
    const ngram = pairs[2 * i]!
    sorted[i] = ngram >= 0 && ngram < bucket ? ngram * count + i : Infinity // other numbers are not buckets
  }
  sorted.sort()
  const buckets = new Int32Array(count)
  const allRows = new Int32Array(count)
  let used = 0
  for (let i = 0; i < count && sorted[i] !== Infinity; i++) {
    const ngram = Math.floor(sorted[i]! / count)
    if (used > 0 && buckets[used - 1] === ngram) used--
    buckets[used] = ngram
    allRows[used++] = pairs[2 * (sorted[i]! - ngram * count) + 1]!
  }
  const rows = allRows.subarray(0, used)
  const cells = Math.ceil(bucket / 64)
  const at = arena.take(cells * KEPT_CELL_BYTES)
  const words = arena.int32s(at, cells * KEPT_CELL_BYTES / 4)
  for (let i = 0; i < used; i++) words[4 * (buckets[i]! >>> 6) + (buckets[i]! >>> 5 & 1)]! |= 1 << (buckets[i]! & 31)
  let before = 0
  for (let i = 0; i < cells; i++) {
    words[4 * i + 2] = before
    before += bitsOf(words[4 * i]!) + bitsOf(words[4 * i + 1]!)
  }
  return { layout: { at, count: used }, rows }
}

/** The number of bits that are set in a 32-bit integer. */
export function bitsOf (word: number): number {
  const pairs = word - (word >>> 1 & 0x5555_5555)
  const fours = (pairs & 0x3333_3333) + (pairs >>> 2 & 0x3333_3333)
  return Math.imul(fours + (fours >>> 4) & 0x0f0f_0f0f, 0x0101_0101) >>> 24
}
