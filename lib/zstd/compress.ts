import xxhash from 'xxhash-wasm'
import { CHECKSUM_FLAG, FRAME_MAGIC } from './frame-header.ts'

/** Compresses bytes into a whole zstd frame. */
export type ZstdCompressor = (bytes: Uint8Array) => Buffer

/** zstd's own default. */
const LEVEL = 3

let loaded: Promise<ZstdCompressor> | undefined

/**
 * Loads zstd's compressor (libzstd as wasm, some 10 ms) once a process, and not on import. Each frame states its
 * content's size and ends with its checksum, so that a decompressor notices damage.
 */
export async function loadZstdCompressor (): Promise<ZstdCompressor> {
  return await (loaded ??= load())
}

async function load (): Promise<ZstdCompressor> {
  const [{ default: zstd }, hasher] = await Promise.all([import('@bokuweb/zstd-wasm'), xxhash()])
  await zstd.init()
  return bytes => {
    const frame = zstd.compress(bytes, LEVEL) // without a checksum: this call of libzstd has no flag for it
    const checksum = Buffer.alloc(4)
    checksum.writeUInt32LE(Number(hasher.h64Raw(bytes) & 0xffffffffn))
    const whole = Buffer.concat([frame, checksum])
    if (whole.readUInt32LE() !== FRAME_MAGIC || (whole[4]! & CHECKSUM_FLAG) !== 0) {
      throw new Error('zstd.compress gave no frame without a checksum')
    }
    whole[4]! |= CHECKSUM_FLAG
    return whole
  }
}
