/**
 * LZ4 blocks (lz4_Block_format.md of lz4 1.10), checked at each step: the decoder at hand takes neither a block that
 * ends early nor one that writes too much for an error.
 */

/** @throws Error when the block is damaged or doesn't give exactly `size` bytes */
export function lz4Block (input: Buffer, size: number): Buffer {
  const output = Buffer.allocUnsafeSlow(size)
  const to = lz4Into(input, output, 0)
  if (to !== size) throw new Error(`the lz4 data gives ${to} bytes, expected ${size}`)
  return output
}

/**
 * Decompresses a block behind what is in `output` already, of which it may repeat parts.
 *
 * @returns where it ends
 * @throws Error when the block is damaged or has no room
 */
export function lz4Into (input: Buffer, output: Buffer, to: number): number {
  const size = output.length
  let from = 0

  function byte (): number {
    const value = input[from++]
    if (value === undefined) throw new Error('the lz4 data is cut off')
    return value
  }
  function length (start: number): number {
    let sum = start
    if (start === 15) for (let more = 255; more === 255; sum += more) more = byte()
    return sum
  }

  for (;;) {
    const token = byte()
    const literals = length(token >>> 4)
    if (from + literals > input.length || to + literals > size) throw new Error('lz4 literals exceed the data')
    input.copy(output, to, from, from + literals)
    from += literals
    to += literals
    if (from === input.length) break // the last sequence has literals only
    const distance = byte() | (byte() << 8)
    const end = to + length(token & 15) + 4
    if (distance === 0 || distance > to || end > size) throw new Error('an lz4 match exceeds the data')
    if (to + distance >= end) {
      output.copy(output, to, to - distance, end - distance)
      to = end
    } else for (; to < end; to++) output[to] = output[to - distance]! // overlaps: what was just written is repeated
  }
  return to
}

/**
 * The codec LZ4 of old files, which was never specified: Hadoop's frames (big-endian sizes before each block: of all
 * its output, of its input), or a plain block.
 */
export function lz4Legacy (input: Buffer, size: number): Buffer {
  try {
    const parts: Buffer[] = []
    let given = 0
    for (let from = 0; from < input.length;) {
      const outputSize = input.readUInt32BE(from)
      const inputSize = input.readUInt32BE(from + 4)
      from += 8
      if (from + inputSize > input.length || given + outputSize > size) throw new Error('not a Hadoop frame')
      parts.push(lz4Block(input.subarray(from, from + inputSize), outputSize))
      given += outputSize
      from += inputSize
    }
    if (given === size) return Buffer.concat(parts)
  } catch {
    // then it is a plain block, or it is damaged, which the next line finds
  }
  return lz4Block(input, size)
}
