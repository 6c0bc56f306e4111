import { lz4Into } from './lz4-block.ts'

const MAGIC = 0x184d2204
const STORED = 0x80000000

/**
 * Decompresses one LZ4 frame (lz4_Frame_format.md of lz4 1.10). Blocks may refer to earlier blocks. Checksums are
 * ignored, as in Arrow, which writes none.
 *
 * @throws Error when the data is damaged, needs a dictionary, or doesn't decompress to exactly `size` bytes
 */
export function lz4Frame (input: Buffer, size: number): Buffer {
  if (input.readUInt32LE() !== MAGIC) throw new Error('not an lz4 frame')
  const flags = input.readUInt8(4)
  const has = (bit: number): boolean => (flags >>> bit & 1) === 1
  if (flags >>> 6 !== 1 || has(0)) throw new Error('an lz4 frame of an unknown version, or with a dictionary')
  const output = Buffer.allocUnsafeSlow(size)
  let [from, to] = [has(3) ? 15 : 7, 0]
  for (;;) {
    const header = input.readUInt32LE(from)
    from += 4
    if (header === 0) break
    const end = from + header % STORED
    if (end > input.length) throw new Error('the lz4 data is cut off')
    const block = input.subarray(from, end)
    if (header < STORED) to = lz4Into(block, output, to)
    else if (to + block.length > size) throw new Error(`the lz4 data gives more than ${size} bytes`)
    else to += block.copy(output, to)
    from = end + (has(4) ? 4 : 0)
  }
  if (to !== size) throw new Error(`the lz4 data gives ${to} bytes, expected ${size}`)
  return output
}
