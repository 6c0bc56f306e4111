import xxhash from 'xxhash-wasm'
import { CHECKSUM_FLAG, FRAME_MAGIC } from './frame-header.ts'

/** Compresses bytes into one complete zstd frame. */
export type ZstdCompressor = (bytes: Uint8Array) => Buffer

/** zstd's default level. */
const LEVEL = 3

let loaded: Promise<ZstdCompressor> | undefined

/**
 * Loads zstd's compressor (libzstd as WebAssembly, about 10 ms), once per process and not at import. Each frame has its
 * content's size in the header and a checksum at the end, so that a decompressor detects damage.
 */
export async function loadZstdCompressor (): Promise<ZstdCompressor> {
  return await (loaded ??= load())
}

async function load (): Promise<ZstdCompressor> {
  const [{ default: zstd }, hasher] = await Promise.all([import('@bokuweb/zstd-wasm'), xxhash()])
  await zstd.init()
  return bytes => {
    const frame = zstd.compress(bytes, LEVEL) // without a checksum: this libzstd call can't add one
    const checksum = Buffer.alloc(4)
    checksum.writeUInt32LE(Number(hasher.h64Raw(bytes) & 0xffffffffn))
    const whole = Buffer.concat([frame, checksum])
    if (whole.readUInt32LE() !== FRAME_MAGIC || (whole[4]! & CHECKSUM_FLAG) !== 0) {
      throw new Error('zstd.compress did not return a frame without a checksum')
    }
    whole[4]! |= CHECKSUM_FLAG
    return whole
  }
}
