import type { Merge } from './merge.ts'

/** Records one after another, in shuffled order. Its bytes are valid until the next batch is read. */
export class RecordBatch implements Iterable<Buffer> {
  /** The records, without anything in between. */
  readonly bytes: Buffer
  readonly #ends: Uint32Array
  readonly #count: number

  /** @param ends of the records in `bytes`; the first `count` are used */
  constructor (bytes: Buffer, ends: Uint32Array, count: number) {
    this.bytes = bytes
    this.#ends = ends
    this.#count = count
  }

  get length (): number {
    return this.#count
  }

  startOf (index: number): number {
    return index === 0 ? 0 : this.#ends[index - 1]!
  }

  endOf (index: number): number {
    return this.#ends[index]!
  }

  /** Views of the records. */
  * [Symbol.iterator] (): Generator<Buffer> {
    for (let i = 0; i < this.#count; i++) yield this.bytes.subarray(this.startOf(i), this.endOf(i))
  }
}

/** Reads batches into the same memory. */
export class BatchReader {
  readonly #buffer: Buffer
  readonly #ends: Uint32Array

  /** @param bytes of a batch; a record that is larger is a batch by itself */
  constructor (bytes: number) {
    this.#buffer = Buffer.allocUnsafeSlow(bytes)
    this.#ends = new Uint32Array(bytes >> 4)
  }

  /** @returns the next records; none after the last one */
  async read (merge: Merge): Promise<RecordBatch> {
    let used = 0
    let count = 0
    for (let from = merge.first; from !== null; from = merge.first) {
      if (count === this.#ends.length || used + from.length > this.#buffer.length) break
      if (from.start === -1) await from.copyTo(this.#buffer.subarray(used, used + from.length))
      else this.#buffer.set(from.bytes.subarray(from.start, from.start + from.length), used)
      used += from.length
      this.#ends[count++] = used
      const waiting = merge.next()
      if (waiting !== undefined) await waiting
    }
    if (count === 0 && merge.first !== null) return await readLarge(merge)
    return new RecordBatch(this.#buffer.subarray(0, used), this.#ends, count)
  }
}

/** Reads a single record. */
async function readLarge (merge: Merge): Promise<RecordBatch> {
  const record = await copyOfFirst(merge)
  await merge.next()
  return new RecordBatch(record, Uint32Array.of(record.length), 1)
}

/** A copy of the first record of a merge, which isn't skipped. */
export async function copyOfFirst (merge: Merge): Promise<Buffer> {
  const { first } = merge
  const record = Buffer.allocUnsafeSlow(first!.length)
  if (first!.start === -1) await first!.copyTo(record)
  else record.set(first!.bytes.subarray(first!.start, first!.start + record.length))
  return record
}
