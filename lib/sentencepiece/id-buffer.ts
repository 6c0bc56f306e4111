import { markAsUntransferable } from 'node:worker_threads'

/** So many ids are copied one by one. */
const FEW = 64

/** Ids that copies share memory for, and the most that a copy has of them. */
const POOL_IDS = 2 ** 13
const MOST_POOLED = 2 ** 10

/** A growing buffer of ids. It can be reused for many texts, so that they allocate little memory. */
export class IdBuffer {
  ids: Int32Array
  length = 0
  #pool = new ArrayBuffer(0)
  #pooled = 0

  /** @param ids memory to start with */
  constructor (ids: Int32Array = new Int32Array(1024)) {
    this.ids = ids
  }

  /** Makes room for `more` ids. */
  reserve (more: number): void {
    if (this.length + more <= this.ids.length) return
    const larger = new Int32Array(Math.max(2 * this.ids.length, this.length + more))
    larger.set(this.ids.subarray(0, this.length))
    this.ids = larger
  }

  push (id: number): void {
    this.reserve(1)
    this.ids[this.length++] = id
  }

  /** Appends the ids of an array from index `from` to before `to`. */
  append (ids: Int32Array, from: number, to: number): void {
    const count = to - from
    this.reserve(count)
    if (count < FEW) { // making a view takes longer than copying
      const into = this.ids
      const at = this.length - from
      for (let i = from; i < to; i++) into[at + i] = ids[i]!
    } else {
      this.ids.set(ids.subarray(from, to), this.length)
    }
    this.length += count
  }

  /**
   * A copy of the ids. Copies of few ids are parts of the same ArrayBuffer, as Node's small Buffers are: to create one
   * for each takes longer than to encode a short text.
   */
  copy (): Int32Array {
    const { ids, length } = this
    if (length > MOST_POOLED) return ids.slice(0, length)
    const copied = this.#take(length)
    if (length < FEW) for (let i = 0; i < length; i++) copied[i] = ids[i]!
    else copied.set(ids.subarray(0, length))
    return copied
  }

  #take (count: number): Int32Array {
    if (4 * (this.#pooled + count) > this.#pool.byteLength) {
      this.#pool = new ArrayBuffer(4 * POOL_IDS)
      markAsUntransferable(this.#pool)
      this.#pooled = 0
    }
    const taken = new Int32Array(this.#pool, 4 * this.#pooled, count)
    this.#pooled += count
    return taken
  }

  /** Removes the ids; their memory is kept. */
  clear (): void {
    this.length = 0
  }
}
