import { ZstdDamage } from './damage.ts'

/**
 * The magic numbers of a frame and of a skippable frame. The lowest four bits of the latter are zero here, but can
 * vary.
 */
export const FRAME_MAGIC = 0xfd2fb528
export const SKIPPABLE_MAGIC = 0x184d2a50

/** The flag in a frame's descriptor (its fifth byte) for a checksum at the end of the frame. */
export const CHECKSUM_FLAG = 0x04

/** The maximum size of a block, compressed or not (RFC 8878, 3.1.1.2.4). */
export const MAX_BLOCK_BYTES = 128 * 1024

/** A frame's header (RFC 8878, 3.1.1.1). */
export interface FrameHeader {
  /** How far back references may reach, in bytes. */
  readonly windowBytes: number
  /** Size of the content; null where the header doesn't have it. */
  readonly contentBytes: number | null
  /** Whether the low half of the content's XXH64 follows the last block. */
  readonly hasChecksum: boolean
  /** The ID of the dictionary that the frame was compressed with; 0 for none. */
  readonly dictionary: number
  readonly headerBytes: number
}

/** The length of a frame header, given its first five bytes or more. */
export function frameHeaderBytes (bytes: Buffer): number {
  const descriptor = bytes[4]!
  const { window, dictionary, content } = fieldsOf(descriptor)
  return 5 + window + dictionary + content
}

/** Parses a frame header. `bytes` must have all of it. */
export function readFrameHeader (bytes: Buffer): FrameHeader {
  const descriptor = bytes[4]!
  if ((descriptor & 0x08) !== 0) throw new ZstdDamage('a reserved bit of the frame header is set')
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

/** Sizes of the fields after the descriptor, in bytes. */
interface FieldBytes {
  readonly window: 0 | 1
  readonly dictionary: number
  readonly content: number
}

/** In a single-segment frame, the content's size is also the window's size. */
function fieldsOf (descriptor: number): FieldBytes {
  const single = (descriptor & 0x20) !== 0
  const size = descriptor >> 6
  return {
    window: single ? 0 : 1,
    dictionary: [0, 1, 2, 4][descriptor & 3]!,
    content: size === 0 ? (single ? 1 : 0) : 2 ** size
  }
}
