/** Handmade zstd frames, including decompression bombs (RFC 8878), and gzip bombs. */
import { gzipSync } from 'node:zlib'

/** The largest content of a block. */
export const BLOCK_BYTES = 128 * 1024

export interface FrameOptions {
  /** Exponent and mantissa of the window. Default: 2^17 bytes. */
  readonly windowDescriptor?: number
  /** Written as eight bytes. */
  readonly contentBytes?: number
  /** Written at the end of the frame. */
  readonly checksum?: number
  readonly dictionary?: number
  /** Further bits of the descriptor. */
  readonly flags?: number
}

/** A frame of these blocks. */
export function frameOf (
  blocks: readonly Buffer[],
  { windowDescriptor = 7 << 3, contentBytes, checksum, dictionary, flags = 0 }: FrameOptions = {}
): Buffer {
  let descriptor = flags
  if (contentBytes !== undefined) descriptor |= 0xc0
  if (checksum !== undefined) descriptor |= 4
  if (dictionary !== undefined) descriptor |= 3
  const size = Buffer.alloc(contentBytes === undefined ? 0 : 8)
  if (contentBytes !== undefined) size.writeBigUInt64LE(BigInt(contentBytes))
  return Buffer.concat([
    Buffer.of(0x28, 0xb5, 0x2f, 0xfd, descriptor, windowDescriptor),
    dictionary === undefined ? Buffer.alloc(0) : uint32(dictionary),
    size,
    ...blocks,
    checksum === undefined ? Buffer.alloc(0) : uint32(checksum)
  ])
}

/** A block header and its content; `kind` 0: raw, 1: a repeated byte, 2: compressed, 3: reserved. */
export function block (kind: number, size: number, content: Uint8Array, isLast = false): Buffer {
  const header = Buffer.alloc(3)
  header.writeUIntLE(size << 3 | kind << 1 | (isLast ? 1 : 0), 0, 3)
  return Buffer.concat([header, content])
}

export function rawBlock (content: string | Uint8Array, isLast = false): Buffer {
  const bytes = Buffer.from(content)
  return block(0, bytes.length, bytes, isLast)
}

export function repeatedBlock (byte: string, count: number, isLast = false): Buffer {
  return block(1, count, Buffer.from(byte, 'latin1'), isLast)
}

export function skippableFrame (content: string, nibble = 0): Buffer {
  return Buffer.concat([uint32(0x184d2a50 + nibble), uint32(Buffer.byteLength(content)), Buffer.from(content)])
}

/** One line of this size. Each 128 KiB of it take four bytes of zstd. */
export function zstdBomb (bytes: number): Buffer {
  const blocks = Math.ceil(bytes / BLOCK_BYTES)
  const full = repeatedBlock('x', BLOCK_BYTES)
  return frameOf([
    ...new Array<Buffer>(blocks - 1).fill(full),
    repeatedBlock('x', bytes - (blocks - 1) * BLOCK_BYTES, true)
  ])
}

/** One line of this size, in members of 16 MB. gzip can't compress it to less than a thousandth. */
export function gzipBomb (bytes: number): Buffer {
  const memberBytes = 16e6
  const member = gzipSync(Buffer.alloc(memberBytes, 'x'), { level: 9 })
  const rest = bytes % memberBytes
  return Buffer.concat([
    ...new Array<Buffer>(Math.floor(bytes / memberBytes)).fill(member),
    ...(rest === 0 ? [] : [gzipSync(Buffer.alloc(rest, 'x'))])
  ])
}

function uint32 (number: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(number)
  return bytes
}
