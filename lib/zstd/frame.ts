import { BLOCK_HEADER_BYTES, BlockDecoder, readBlockHeader } from './block.ts'
import { ZstdDamage } from './damage.ts'
import { FRAME_MAGIC, frameHeaderBytes, readFrameHeader } from './frame-header.ts'

const CHECKSUM_BYTES = 4

/**
 * Decompresses one frame that is in memory, such as a page of a parquet file. A checksum in the frame is ignored,
 * because the surrounding file has its own.
 *
 * @param size of the content, in bytes
 * @throws Error when the data is damaged, needs a dictionary, or doesn't decompress to exactly `size` bytes
 */
export function decompressFrame (input: Buffer, size: number): Buffer {
  if (input.length < 5 || input.readUInt32LE() !== FRAME_MAGIC) throw new ZstdDamage('not zstd data')
  const headerBytes = frameHeaderBytes(input)
  if (input.length < headerBytes) throw new ZstdDamage('the frame header is cut off')
  const header = readFrameHeader(input)
  if (header.dictionary !== 0) throw new ZstdDamage(`the frame needs a dictionary (${header.dictionary})`)
  if (header.contentBytes !== null && header.contentBytes !== size) {
    throw new ZstdDamage(`the zstd frame has ${header.contentBytes} bytes, expected ${size}`)
  }
  const blocks = new BlockDecoder()
  blocks.startWhole(header, size)
  let [at, given] = [headerBytes, 0]
  for (let isLast = false; !isLast;) {
    const block = readBlockHeader(cut(input, at, BLOCK_HEADER_BYTES))
    isLast = block.isLast
    at += BLOCK_HEADER_BYTES
    const content = blocks.decode(block, cut(input, at, block.blockBytes))
    at += block.blockBytes
    if (given + content.length > size) throw new ZstdDamage(`the zstd frame gives more than ${size} bytes`)
    given += content.length
  }
  at += header.hasChecksum ? CHECKSUM_BYTES : 0
  if (given !== size) throw new ZstdDamage(`the zstd frame gives ${given} bytes, expected ${size}`)
  if (at !== input.length) throw new ZstdDamage(`the zstd frame ends at byte ${at} of ${input.length}`)
  const whole = blocks.whole()
  return Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength)
}

function cut (input: Buffer, from: number, length: number): Buffer {
  if (from + length > input.length) throw new ZstdDamage('the zstd data is cut off')
  return input.subarray(from, from + length)
}
