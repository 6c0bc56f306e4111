import { ZstdDamage } from './damage.ts'

/** The four bytes that begin a frame, and those that begin one to skip, without their lowest four bits. */
export const FRAME_MAGIC = 0xfd2fb528
export const SKIPPABLE_MAGIC = 0x184d2a50

/** The flag in a frame's descriptor, its fifth byte, that says that a checksum ends the frame. */
export const CHECKSUM_FLAG = 0x04

/** Most that a block holds, compressed or not (RFC 8878, 3.1.1.2.4). */
export const MAX_BLOCK_BYTES = 128 * 1024

/** What a frame says of itself (RFC 8878, 3.1.1.1). */
export interface FrameHeader {
  /** How far back references may go, in bytes. */
  readonly windowBytes: number
  /** Bytes of its content; null where it doesn't say. */
  readonly contentBytes: number | null
  /** Whether the low half of the content's XXH64 stands behind the last block. */
  readonly hasChecksum: boolean
  /** Of the dictionary that it was compressed with; 0: none. */
  readonly dictionary: number
  readonly headerBytes: number
}

/** Bytes of the header that begins with these five, or more, bytes. */
export function frameHeaderBytes (bytes: Buffer): number {
  const descriptor = bytes[4]!
  const { window, dictionary, content } = fieldsOf(descriptor)
  return 5 + window + dictionary + content
}

/** Reads a header, which must be there whole. */
export function readFrameHeader (bytes: Buffer): FrameHeader {
  const descriptor = bytes[4]!
  if ((descriptor & 0x08) !== 0) throw new ZstdDamage('a reserved bit of a frame header that is set')
  const fields = fieldsOf(descriptor)
  let at = 5
  let windowBytes = 0
  if (fields.window === 1) {
    const code = bytes[at++]!
    windowBytes = 2 ** (10 + (code >> 3)) * (1 + (code & 7) / 8)
  }
  const dictionary = fields.dictionary === 0 ? 0 : bytes.readUIntLE(at, fields.dictionary)
  at += fields.dictionary
  const contentBytes = contentBytesIn(bytes, at, fields.content)
  return {
    windowBytes: fields.window === 1 ? windowBytes : contentBytes!,
    contentBytes,
    hasChecksum: (descriptor & CHECKSUM_FLAG) !== 0,
    dictionary,
    headerBytes: at + fields.content
  }
}

function contentBytesIn (bytes: Buffer, at: number, size: number): number | null {
  if (size === 0) return null
  if (size === 8) return Number(bytes.readBigUInt64LE(at))
  return bytes.readUIntLE(at, size) + (size === 2 ? 256 : 0)
}

/** Bytes of each field that follows on the descriptor. */
interface FieldBytes {
  readonly window: 0 | 1
  readonly dictionary: number
  readonly content: number
}

/** A frame of a single segment has its content's size for a window. */
function fieldsOf (descriptor: number): FieldBytes {
  const single = (descriptor & 0x20) !== 0
  const size = descriptor >> 6
  return {
    window: single ? 0 : 1,
    dictionary: [0, 1, 2, 4][descriptor & 3]!,
    content: size === 0 ? (single ? 1 : 0) : 2 ** size
  }
}
