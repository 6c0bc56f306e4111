/** So many ids are copied one by one. */
const FEW = 64

/** A growing buffer of ids. It can be reused for many texts, so that they allocate little memory. */
export class IdBuffer {
  ids: Int32Array
  length = 0

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

  /** A copy of the ids. */
  copy (): Int32Array {
    return this.ids.slice(0, this.length)
  }

  /** Removes the ids; their memory is kept. */
  clear (): void {
    this.length = 0
  }
}
