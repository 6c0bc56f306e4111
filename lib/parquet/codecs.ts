import { brotliDecompressSync, unzipSync } from 'node:zlib'
import { compressors } from 'hyparquet-compressors'
import { decompressFrame } from '../zstd/frame.ts'
import { lz4Block, lz4Legacy } from '../columns/lz4-block.ts'

/**
 * By the name that the format gives them. Each gives `size` bytes or fails; Node's own are used where Node 20 has them.
 */
const decoders: Readonly<Record<string, (input: Buffer, size: number) => Uint8Array>> = {
  UNCOMPRESSED: input => input,
  SNAPPY: snappy,
  GZIP: (input, size) => unzipSync(input, { maxOutputLength: size }),
  BROTLI: (input, size) => brotliDecompressSync(input, { maxOutputLength: size }),
  ZSTD: decompressFrame,
  LZ4: lz4Legacy,
  LZ4_RAW: lz4Block
}

/** The codecs that can be read. */
export const codecs: readonly string[] = Object.keys(decoders)

/** @throws Error when the data is damaged or doesn't give exactly `size` bytes */
export function decompress (codec: string, input: Buffer, size: number): Buffer {
  if (size === 0 && codec !== 'UNCOMPRESSED') return Buffer.alloc(0) // some writers compress nothing to nothing
  const bytes = decoders[codec]!(input, size)
  if (bytes.length !== size) throw new Error(`${bytes.length} bytes after decompression, the page header says ${size}`)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Snappy data begins with its size; the decoder believes it. */
function snappy (input: Buffer, size: number): Uint8Array {
  let says = 0
  for (let i = 0; i < 5; i++) {
    const byte = input[i] ?? 0
    says += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) break
  }
  if (says !== size) throw new Error(`the snappy data says it has ${says} bytes, the page header says ${size}`)
  return compressors.SNAPPY!(input, size)
}
