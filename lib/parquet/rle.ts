import { BitReader, ByteReader } from './bits.ts'

/**
 * The hybrid of run lengths and packed bits in which parquet keeps levels, dictionary indices and booleans
 * (parquet-format, Encodings.md, RLE = 3). A run is read when its first value is asked for, so that nothing that a
 * damaged header promises is ever set aside.
 */
export class RleReader {
  readonly #reader: ByteReader
  readonly #width: number
  #left = 0 // values of the current run
  #value = 0
  #packed: BitReader | undefined

  /** @param width bits a value, 0 to 32 */
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

  /** Fills `levels`, none of which may be over `max`. @returns how many are `max` */
  fill (levels: Uint8Array, max: number): number {
    let full = 0
    for (let i = 0; i < levels.length;) {
      const level = this.next()
      // And what the run has beside it.
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
