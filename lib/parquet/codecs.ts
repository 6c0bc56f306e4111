import { brotliDecompressSync, unzipSync } from 'node:zlib'
import { compressors } from 'hyparquet-compressors'
import { lz4Block, lz4Legacy } from './lz4.ts'

/** By the name that the format gives them. Each gives `size` bytes or fails; Node's own are used where Node 20 has them. */
const decoders: Readonly<Record<string, (input: Buffer, size: number) => Uint8Array>> = {
  UNCOMPRESSED: input => input,
  SNAPPY: snappy,
  GZIP: (input, size) => unzipSync(input, { maxOutputLength: size }),
  BROTLI: (input, size) => brotliDecompressSync(input, { maxOutputLength: size }),
  ZSTD: zstd,
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

const ZSTD_MAGIC = 0xfd2fb528
/** What `zstd --ultra --long` reads without being told to take more. */
const MAX_WINDOW_LOG = 27
/** Sizes of the dictionary id and of the content size in a frame header, by their flags (RFC 8878, 3.1.1.1). */
const DICTIONARY_ID_BYTES = [0, 1, 2, 4]
const CONTENT_SIZE_BYTES = [0, 2, 4, 8]

/**
 * `fzstd` sets aside what a frame header promises, and leaves zeros where blocks give less: so the header is read
 * first, and the blocks are walked to their end (RFC 8878). A page is one frame.
 */
function zstd (input: Buffer, size: number): Uint8Array {
  if (input.readUInt32LE(0) !== ZSTD_MAGIC) throw new Error('not zstd data')
  const flags = input.readUInt8(4)
  const single = (flags >>> 5) & 1
  let at = 6 - single + DICTIONARY_ID_BYTES[flags & 3]!
  const sizeBytes = flags >>> 6 === 0 ? single : CONTENT_SIZE_BYTES[flags >>> 6]!
  if (sizeBytes > 0) {
    const says = sizeBytes === 8 ? Number(input.readBigUInt64LE(at)) : input.readUIntLE(at, sizeBytes) + (sizeBytes === 2 ? 256 : 0)
    if (says !== size) throw new Error(`the zstd frame says it has ${says} bytes, the page header says ${size}`)
    at += sizeBytes
  } else if (input.readUInt8(5) >>> 3 > MAX_WINDOW_LOG - 10) {
    throw new Error(`a zstd window of more than 2^${MAX_WINDOW_LOG} bytes`)
  }
  for (let last = 0; last === 0;) {
    const header = input.readUIntLE(at, 3)
    last = header & 1
    at += 3 + ((header >>> 1) % 4 === 1 ? 1 : header >>> 3) // a block of type 1 is a single byte, repeated
  }
  at += (flags >>> 2) & 1 ? 4 : 0
  if (at !== input.length) throw new Error(`the zstd frame ends at byte ${at} of ${input.length}`)
  return compressors.ZSTD!(input, size)
}
