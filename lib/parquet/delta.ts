import { BitReader, ByteReader } from './bits.ts'

/**
 * Unpacks DELTA_BINARY_PACKED numbers (parquet-format, Encodings.md). A block stores differences relative to the
 * smallest one, in parts that each have their own bit width. Sums overflow, as the format requires.
 *
 * @returns the offset of the byte after them
 * @throws Error when their number isn't the length of `output`
 */
export function unpackDeltas (bytes: Buffer, offset: number, output: Int32Array | BigInt64Array): number {
  const reader = new ByteReader(bytes, offset)
  const [block, parts, count] = [reader.varint(), reader.varint(), reader.varint()]
  if (count !== output.length) throw new Error(`${count} delta values, expected ${output.length}`)
  const perPart = block / parts
  if (!(block > 0 && block % 128 === 0 && perPart % 32 === 0)) {
    throw new Error(`delta blocks of ${block} values in ${parts} parts`)
  }
  const add = output instanceof Int32Array ? adder32(output, reader.zigzag()) : adder64(output, reader.zigzag())

  for (let done = 1; done < count;) {
    const least = reader.zigzag()
    const widths = bytes.subarray(reader.offset, reader.offset + parts)
    reader.offset += parts
    // After the last value, only the widths of the other parts follow.
    for (let part = 0; part < parts && done < count; part++) {
      const width = widths[part]
      if (width === undefined || width > 64) throw new Error(`delta values of ${width ?? 'no'} bits`)
      const bits = new BitReader(bytes, reader.offset)
      const end = Math.min(done + perPart, count)
      for (; done < end; done++) {
        add(done, least, bits.read(Math.min(width, 32)), width > 32 ? bits.read(width - 32) : 0)
      }
      reader.offset += perPart * width / 8
    }
  }
  return reader.offset
}

/**
 * Sets the value at an index: the previous value, plus the smallest difference, plus the rest of the difference in two
 * halves.
 */
type Add = (index: number, least: bigint, low: number, high: number) => void

function adder32 (output: Int32Array, first: bigint): Add {
  output[0] = Number(BigInt.asIntN(32, first))
  return (index, least, low) => { output[index] = output[index - 1]! + Number(BigInt.asIntN(32, least)) + low }
}

function adder64 (output: BigInt64Array, first: bigint): Add {
  output[0] = first
  return (index, least, low, high) => {
    output[index] = output[index - 1]! + least + BigInt(low) + (BigInt(high) << 32n)
  }
}
