import { CompressionType, setCompressionCodec } from '@uwdata/flechette'
import { decompressFrame } from '../zstd/frame.ts'
import { lz4Frame } from '../columns/lz4-frame.ts'

/** The limit for one decompressed buffer, the same as for a message. */
const MAX_BUFFER_BYTES = 512 * 1024 * 1024

/** Registers decompressors with flechette, which has none built in. */
export function registerCodecs (): void {
  setCompressionCodec(CompressionType.LZ4_FRAME, codec(lz4Frame))
  setCompressionCodec(CompressionType.ZSTD, codec(decompressFrame))
}

interface Codec {
  encode: (input: Uint8Array) => Uint8Array
  decode: (input: Uint8Array) => Uint8Array
}

/** Flechette passes the data without its size. The size is stored before the data. */
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
