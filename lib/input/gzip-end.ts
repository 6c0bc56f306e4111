import { once } from 'node:events'
import { createInflateRaw } from 'node:zlib'
import { ByteReader } from '../zstd/byte-reader.ts'

/** The trailer of a member: checksum and length of its data. */
const TRAILER_BYTES = 8

const MEMBER = Buffer.of(0x1f, 0x8b, 8)

/**
 * The offset at which the last complete member of gzip data ends, if other data follows it; null if the damage is
 * within a member. For messages: Node's stream doesn't report where the other data starts.
 *
 * @param chunks of the compressed file
 * @throws what `chunks` throws
 */
export async function gzipEnd (chunks: AsyncIterable<Buffer>): Promise<number | null> {
  const reader = new ByteReader(chunks)
  try {
    for (let members = 0; ; members++) {
      const start = reader.position
      if (!await isMember(reader)) return members > 0 ? start : null
      if (!await skipHeader(reader) || !await skipData(reader) || !await skip(reader, TRAILER_BYTES)) return null
    }
  } finally {
    await reader.close()
  }
}

/** Whether a member starts here, by its magic number, method and flags, as far as there are bytes. */
async function isMember (reader: ByteReader): Promise<boolean> {
  await reader.has(4)
  const head = reader.peek(Math.min(4, reader.ready))
  const hasMagic = head.length > 0 && MEMBER.subarray(0, head.length).equals(head.subarray(0, MEMBER.length))
  return hasMagic && (head[3] ?? 0) <= 0x1f
}

/** Skips the header of a member (RFC 1952). @returns whether it is complete */
async function skipHeader (reader: ByteReader): Promise<boolean> {
  if (!await reader.has(10)) return false
  const flags = reader.take(10)[3]!
  if ((flags & 4) !== 0) { // the extra field
    if (!await reader.has(2) || !await skip(reader, reader.take(2).readUInt16LE(0))) return false
  }
  for (const flag of [8, 16]) { // the name and the comment
    if ((flags & flag) !== 0 && !await skipPast(reader, 0)) return false
  }
  return (flags & 2) === 0 || await skip(reader, 2)
}

/** Skips the data of a member. @returns whether it is complete */
async function skipData (reader: ByteReader): Promise<boolean> {
  const inflate = createInflateRaw()
  inflate.resume() // discards the content
  const ended = once(inflate, 'end').then(() => 'ended', () => 'damaged')
  try {
    while (await reader.has(1)) {
      const before = inflate.bytesWritten
      const write = new Promise(resolve => inflate.write(reader.peek(reader.ready), () => { resolve('wants more') }))
      const came = await Promise.race([ended, write])
      if (came === 'damaged' || inflate.errored !== null) return false
      reader.take(inflate.bytesWritten - before)
      if (came === 'ended') return true
    }
    return false
  } finally {
    inflate.destroy()
  }
}

async function skip (reader: ByteReader, bytes: number): Promise<boolean> {
  if (!await reader.has(bytes)) return false
  reader.take(bytes)
  return true
}

/** Skips bytes up to and including a byte. @returns whether it was found */
async function skipPast (reader: ByteReader, byte: number): Promise<boolean> {
  while (await reader.has(1)) {
    const at = reader.peek(reader.ready).indexOf(byte)
    reader.take(at === -1 ? reader.ready : at + 1)
    if (at !== -1) return true
  }
  return false
}
