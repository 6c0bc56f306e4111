/** Reads numbers of any bit width, lowest bit first, the way parquet packs them. */
export class BitReader {
  readonly #bytes: Buffer
  #next: number // index of the current byte
  #bit = 0 // in that byte

  constructor (bytes: Buffer, offset: number) {
    this.#bytes = bytes
    this.#next = offset
  }

  /** @param width 0 to 32 @throws Error past the end of the bytes */
  read (width: number): number {
    let value = 0
    for (let got = 0; got < width;) {
      const byte = this.#bytes[this.#next]
      if (byte === undefined) throw new Error('packed values are cut off')
      const taken = Math.min(8 - this.#bit, width - got)
      value += ((byte >>> this.#bit) & ((1 << taken) - 1)) * 2 ** got
      got += taken
      this.#bit += taken
      if (this.#bit === 8) {
        this.#bit = 0
        this.#next++
      }
    }
    return value
  }
}

/** The number of bits for values up to `max`. */
export function bitsFor (max: number): number {
  return 32 - Math.clz32(max)
}

/** Reads bytes in order, and the variable-length numbers that parquet and Thrift share. */
export class ByteReader {
  readonly bytes: Buffer
  offset: number

  constructor (bytes: Buffer, offset = 0) {
    this.bytes = bytes
    this.offset = offset
  }

  /** @throws Error past the end of the bytes */
  byte (): number {
    const byte = this.bytes[this.offset++]
    if (byte === undefined) throw new Error('the data is cut off')
    return byte
  }

  /** Reads an unsigned number with 7 bits in each byte. It is exact up to 2^53. */
  varint (): number {
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new Error('a number of more than 64 bits')
  }

  /** Reads an integer of up to 64 bits whose sign is in the lowest bit. */
  zigzag (): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return (value >> 1n) ^ -(value & 1n)
    }
    throw new Error('a number of more than 64 bits')
  }
}
