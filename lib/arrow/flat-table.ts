/**
 * A table in FlatBuffers (internals.md of google/flatbuffers). Every access is checked against the bytes: a damaged
 * list length could otherwise keep a reader busy for hours.
 */
export class FlatTable {
  readonly #bytes: Buffer
  /** The offset of the table. */
  readonly at: number
  readonly #fields: number // the position of the fields' offsets
  readonly #size: number

  /** @param at the position of the table's offset @throws Error when it is outside the bytes, as all methods do */
  constructor (bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.at = at + bytes.readInt32LE(at)
    this.#fields = this.at - bytes.readInt32LE(this.at)
    this.#size = bytes.readInt16LE(this.#fields)
  }

  /** The position of a field, by its number; null where it has its default value. */
  #place (field: number): number | null {
    const at = 4 + 2 * field
    const offset = at < this.#size ? this.#bytes.readInt16LE(this.#fields + at) : 0
    return offset === 0 ? null : this.at + offset
  }

  int8 (field: number): number {
    const at = this.#place(field)
    return at === null ? 0 : this.#bytes.readInt8(at)
  }

  int16 (field: number): number {
    const at = this.#place(field)
    return at === null ? 0 : this.#bytes.readInt16LE(at)
  }

  int32 (field: number): number {
    const at = this.#place(field)
    return at === null ? 0 : this.#bytes.readInt32LE(at)
  }

  /** Reads a length or a count. */
  size (field: number): number {
    const at = this.#place(field)
    return at === null ? 0 : sizeAt(this.#bytes, at)
  }

  table (field: number): FlatTable | null {
    const at = this.#place(field)
    return at === null ? null : new FlatTable(this.#bytes, at)
  }

  /** The positions of a list's elements, each of `stride` bytes. */
  list (field: number, stride: number): number[] {
    const at = this.#place(field)
    if (at === null) return []
    const base = at + this.#bytes.readInt32LE(at)
    const length = this.#bytes.readInt32LE(base)
    if (length < 0 || base + 4 + length * stride > this.#bytes.length) {
      throw new Error(`a list of ${length} in ${this.#bytes.length} bytes`)
    }
    return Array.from({ length }, (_, i) => base + 4 + i * stride)
  }

  tables (field: number): FlatTable[] {
    return this.list(field, 4).map(at => new FlatTable(this.#bytes, at))
  }

  /** Reads pairs of sizes. */
  pairs (field: number): Array<readonly [number, number]> {
    return this.list(field, 16).map(at => [sizeAt(this.#bytes, at), sizeAt(this.#bytes, at + 8)])
  }

  sizes (field: number): number[] {
    return this.list(field, 8).map(at => sizeAt(this.#bytes, at))
  }
}

function sizeAt (bytes: Buffer, at: number): number {
  const size = bytes.readBigInt64LE(at)
  if (size < 0n || size > Number.MAX_SAFE_INTEGER) throw new Error(`a size of ${size}`)
  return Number(size)
}
