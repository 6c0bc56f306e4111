import { sortKeys } from './radix-sort.ts'
import type { SortedRecords } from './sorted-records.ts'

/** What the index takes for each record: its key, its end, and its place in the order, twice. */
const INDEX_BYTES = 4 + 2 + 4 + 2 * 4
/** The share of the memory for the index, enough for records of 126 bytes. */
const INDEX_SHARE = 1 / 8
/** Ends of records have 32 bits. */
const MOST_BYTES = 2 ** 32 - 2 ** 16

/** Records in memory, with their keys. The memory is committed by the system as it is filled. */
export class RecordBuffer {
  /** Bytes of all records. While the buffer is empty, they may be used for something else. */
  readonly bytes: Buffer
  /** The indexes of the records in the order of their keys, after `sort`. */
  readonly order: Uint32Array
  readonly #scratch: Uint32Array
  readonly #high: Uint32Array
  readonly #low: Uint16Array
  readonly #ends: Uint32Array
  #count = 0
  #used = 0

  /** @param memory in bytes, for the records and the index */
  constructor (memory: number) {
    const most = Math.ceil(memory * INDEX_SHARE / INDEX_BYTES)
    this.bytes = Buffer.allocUnsafeSlow(Math.min(MOST_BYTES, Math.floor(memory * (1 - INDEX_SHARE))))
    this.order = new Uint32Array(most)
    this.#scratch = new Uint32Array(most)
    this.#high = new Uint32Array(most)
    this.#low = new Uint16Array(most)
    this.#ends = new Uint32Array(most)
  }

  get count (): number {
    return this.#count
  }

  /** The length of all records if they have the same one, otherwise null. */
  get recordBytes (): number | null {
    const length = this.#used / this.#count
    for (let i = 0; i < this.#count; i++) if (this.#ends[i] !== length * (i + 1)) return null
    return length
  }

  /** Copies a record. @returns whether there was space for it */
  add (key: number, record: Uint8Array): boolean {
    if (this.#count === this.#ends.length || this.#used + record.length > this.bytes.length) return false
    this.bytes.set(record, this.#used)
    this.#used += record.length
    this.#high[this.#count] = key / 2 ** 16
    this.#low[this.#count] = key
    this.#ends[this.#count++] = this.#used
    return true
  }

  sort (): void {
    sortKeys({ high: this.#high, low: this.#low }, this.#count, this.order, this.#scratch)
  }

  keyOf (index: number): number {
    return this.#high[index]! * 2 ** 16 + this.#low[index]!
  }

  startOf (index: number): number {
    return index === 0 ? 0 : this.#ends[index - 1]!
  }

  endOf (index: number): number {
    return this.#ends[index]!
  }

  clear (): void {
    this.#count = this.#used = 0
  }
}

/** The records of a sorted buffer. */
export class BufferedRecords implements SortedRecords {
  key = Infinity
  length = 0
  start = 0
  readonly bytes: Buffer
  readonly #buffer: RecordBuffer
  #next = 0

  constructor (buffer: RecordBuffer) {
    this.#buffer = buffer
    this.bytes = buffer.bytes
    this.next()
  }

  get position (): number {
    return this.#next
  }

  next (): boolean {
    if (this.#next === this.#buffer.count) {
      this.key = Infinity
      return true
    }
    const index = this.#buffer.order[this.#next++]!
    this.key = this.#buffer.keyOf(index)
    this.start = this.#buffer.startOf(index)
    this.length = this.#buffer.endOf(index) - this.start
    return true
  }

  async fill (): Promise<void> {}

  async copyTo (): Promise<void> {}

  async close (): Promise<void> {}
}
