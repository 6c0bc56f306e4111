import { brotliDecompressSync, unzipSync } from 'node:zlib'
import { compressors } from 'hyparquet-compressors'
import { decompressFrame } from '../zstd/frame.ts'
import { lz4Block, lz4Legacy } from '../columns/lz4-block.ts'

/**
 * Decompressors by the codec's name in the format. Each returns exactly `size` bytes, or its result is rejected. Node's
 * own are used if Node 20 has them.
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

/** The codecs that are supported. */
export const codecs: readonly string[] = Object.keys(decoders)

/** @throws Error when the data is damaged or doesn't decompress to exactly `size` bytes */
export function decompress (codec: string, input: Buffer, size: number): Buffer {
  if (size === 0 && codec !== 'UNCOMPRESSED') return Buffer.alloc(0) // some writers store an empty page as no bytes
  const bytes = decoders[codec]!(input, size)
  if (bytes.length !== size) throw new Error(`${bytes.length} bytes after decompression, the page header has ${size}`)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Snappy data begins with its decompressed size. It is compared first, because the decoder trusts it. */
function snappy (input: Buffer, size: number): Uint8Array {
  let says = 0
  for (let i = 0; i < 5; i++) {
    const byte = input[i] ?? 0
    says += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) break
  }
  if (says !== size) throw new Error(`the snappy data has ${says} bytes, the page header has ${size}`)
  return compressors.SNAPPY!(input, size)
}
