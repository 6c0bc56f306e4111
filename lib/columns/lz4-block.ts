/**
 * LZ4 blocks (lz4_Block_format.md of lz4 1.10), checked at each step. The available decoders accept blocks that end
 * early or that write too much.
 */

/** @throws Error when the block is damaged or doesn't give exactly `size` bytes */
export function lz4Block (input: Buffer, size: number): Buffer {
  const output = Buffer.allocUnsafeSlow(size)
  const to = lz4Into(input, output, 0)
  if (to !== size) throw new Error(`the lz4 data gives ${to} bytes, expected ${size}`)
  return output
}

/**
 * Decompresses a block to the position `to` of `output`. The block may repeat bytes that are already before it.
 *
 * @returns the position after the output
 * @throws Error when the block is damaged or doesn't fit
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
    } else for (; to < end; to++) output[to] = output[to - distance]! // overlaps: repeats bytes that were just written
  }
  return to
}

/**
 * The LZ4 codec of old files, which was never specified: either Hadoop's frames, with two big-endian sizes before each
 * block (of its output and of its input), or a plain block.
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
    // Otherwise it is a plain block, or damaged, which the next line detects.
  }
  return lz4Block(input, size)
}
