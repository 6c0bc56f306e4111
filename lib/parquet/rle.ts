import { BitReader, ByteReader } from './bits.ts'

/**
 * Reads parquet's hybrid of run-length encoding and bit packing, used for levels, dictionary indices and booleans
 * (parquet-format, Encodings.md, RLE = 3). A run is read at its first value, so that no memory is used for what a
 * damaged header claims.
 */
export class RleReader {
  readonly #reader: ByteReader
  readonly #width: number
  #left = 0 // remaining values of the current run
  #value = 0
  #packed: BitReader | undefined

  /** @param width bits per value, 0 to 32 */
  constructor (bytes: Buffer, offset: number, width: number) {
    if (width > 32) throw new Error(`values of ${width} bits, expected at most 32`)
    this.#reader = new ByteReader(bytes, offset)
    this.#width = width
  }

  next (): number {
    while (this.#left === 0) this.#startRun()
    this.#left--
    return this.#packed?.read(this.#width) ?? this.#value
  }

  /** Fills `levels`, all of which must be at most `max`. @returns how many are `max` */
  fill (levels: Uint8Array, max: number): number {
    let full = 0
    for (let i = 0; i < levels.length;) {
      const level = this.next()
      // Fill the rest of the run.
      const same = this.#packed === undefined ? Math.min(this.#left, levels.length - i - 1) : 0
      if (level > max) throw new Error(`a level of ${level}, expected at most ${max}`)
      levels.fill(level, i, i + 1 + same)
      if (level === max) full += 1 + same
      this.#left -= same
      i += 1 + same
    }
    return full
  }

  #startRun (): void {
    const reader = this.#reader
    const header = reader.varint()
    const count = Math.floor(header / 2)
    if (header % 2 === 1) {
      this.#left = count * 8
      this.#packed = new BitReader(reader.bytes, reader.offset)
      reader.offset += count * this.#width
      return
    }
    this.#left = count
    this.#packed = undefined
    this.#value = 0
    for (let i = 0; i < Math.ceil(this.#width / 8); i++) this.#value += reader.byte() * 2 ** (8 * i)
  }
}
