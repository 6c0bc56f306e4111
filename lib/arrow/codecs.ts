import { CompressionType, setCompressionCodec } from '@uwdata/flechette'
import { decompressFrame } from '../zstd/frame.ts'
import { lz4Frame } from '../columns/lz4-frame.ts'

/** Of one buffer, decompressed: no message has more either. */
const MAX_BUFFER_BYTES = 512 * 1024 * 1024

/** Tells flechette how compressed buffers are read; it has no decoder of its own. */
export function registerCodecs (): void {
  setCompressionCodec(CompressionType.LZ4_FRAME, codec(lz4Frame))
  setCompressionCodec(CompressionType.ZSTD, codec(decompressFrame))
}

interface Codec {
  encode: (input: Uint8Array) => Uint8Array
  decode: (input: Uint8Array) => Uint8Array
}

/** Flechette hands the data over without its size, which lies before it. */
function codec (decompress: (input: Buffer, size: number) => Buffer): Codec {
  return {
    encode () { throw new TypeError('Arrow is only read') },
    decode ({ buffer, byteOffset, length }) {
      const size = Number(Buffer.from(buffer as ArrayBuffer, byteOffset - 8, 8).readBigInt64LE())
      if (!(size >= 0 && size <= MAX_BUFFER_BYTES)) throw new Error(`a buffer of ${size} bytes`)
      return new Uint8Array(decompress(Buffer.from(buffer as ArrayBuffer, byteOffset, length), size)) // aligned
    }
  }
}
