import { setImmediate } from 'node:timers/promises'
import xxhash from 'xxhash-wasm'
import { SluiceError } from '../errors.ts'
import { BLOCK_HEADER_BYTES, BlockDecoder, readBlockHeader } from './block.ts'
import { ByteReader } from './byte-reader.ts'
import { ZstdDamage } from './damage.ts'
import { FRAME_MAGIC, type FrameHeader, SKIPPABLE_MAGIC, frameHeaderBytes, readFrameHeader } from './frame-header.ts'

/** The largest window that is decoded, as in `zstd -d` (its --long=27). It keeps a header from claiming gigabytes. */
const MAX_WINDOW_BYTES = 128 * 1024 * 1024

/** A skippable frame is skipped in parts of this size, so that it is never in memory as a whole. */
const SKIP_BYTES = 64 * 1024

/** A small input can decompress to a very large output. After this many bytes, signal handlers get a chance to run. */
const TURN_BYTES = 16 * 1024 * 1024

/** Creates an incremental XXH64 hash. */
type NewHash = () => { update: (bytes: Uint8Array) => unknown, digest: () => bigint }

/**
 * Decompresses zstd data (RFC 8878): any number of frames, including skippable ones, and zero padding after the last
 * frame. Checks every content size and checksum. Memory is the frame's window and a few blocks, however large the
 * output is.
 *
 * Used instead of fzstd 0.1.1, which returns wrong bytes for references further back than 96 MiB, doesn't detect
 * damaged blocks, ignores checksums, and moves its whole window for each block.
 *
 * @param name of the file, for messages
 * @throws SluiceError `ERR_SOURCE` when the data is cut off, damaged, not zstd, or needs a dictionary or a larger
 *   window
 */
export async function * decompressZstd (chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Buffer> {
  const reader = new ByteReader(chunks)
  let given = 0 // bytes so far
  try {
    const hasher = await xxhash()
    const blocks = new BlockDecoder()
    for (let frames = 0; await isFrame(reader, frames, name); frames++) {
      for await (const piece of decodeFrame(reader, blocks, () => hasher.create64())) {
        if (given % TURN_BYTES + piece.length >= TURN_BYTES) await setImmediate()
        given += piece.length
        yield piece
      }
    }
  } catch (error) {
    if (error instanceof Refused) throw new SluiceError('ERR_SOURCE', `${name}: ${error.message}`)
    if (error instanceof CutOff) {
      throw new SluiceError('ERR_SOURCE', `${name}: the zstd data is cut off after ${given} decompressed bytes, ` +
        'expected more; get the file again')
    }
    if (error instanceof ZstdDamage) {
      throw new SluiceError('ERR_SOURCE', `${name}: damaged zstd data after ${given} decompressed bytes ` +
        `(${error.message}); get the file again`, { cause: error })
    }
    throw error
  } finally {
    await reader.close()
  }
}

/** The data ends too early. */
class CutOff extends Error {}

/** The frame may be valid, but it needs something that isn't supported. */
class Refused extends Error {}

/** Skips skippable frames. Returns whether a data frame follows; false at the end of the input and before padding. */
async function isFrame (reader: ByteReader, frames: number, name: string): Promise<boolean> {
  for (let skipped = 0; ; skipped++) {
    const begun = frames + skipped > 0
    if (!await reader.has(4)) {
      if (reader.ready === 0 && begun) return false
      if (reader.ready === 0) throw new CutOff()
    } else {
      const magic = reader.peek(4).readUInt32LE()
      if (magic === FRAME_MAGIC) return true
      if ((magic & 0xfffffff0) === SKIPPABLE_MAGIC) {
        await skip(reader)
        continue
      }
    }
    if (!begun) {
      throw new SluiceError('ERR_SOURCE', `${name}: is not zstd data, as its extension says; give it another name`)
    }
    await checkPadding(reader, name)
    return false
  }
}

async function skip (reader: ByteReader): Promise<void> {
  await expect(reader, 8)
  let left = reader.take(8).readUInt32LE(4)
  while (left > 0) {
    const bytes = Math.min(left, SKIP_BYTES)
    await expect(reader, bytes)
    reader.take(bytes)
    left -= bytes
  }
}

/** After the last frame, only zero padding is allowed. */
async function checkPadding (reader: ByteReader, name: string): Promise<void> {
  const end = reader.position
  let isPadding = true
  while (reader.ready > 0 || await reader.has(1)) {
    const rest = reader.take(reader.ready)
    isPadding &&= rest.every(byte => byte === 0)
  }
  if (isPadding) return
  const left = reader.position - end
  throw new SluiceError('ERR_SOURCE', `${name}: the zstd data ends at byte ${end} of ${reader.position}, ` +
    `and what follows (${left} byte${left === 1 ? '' : 's'}) is not zstd data; get the file again`)
}

async function * decodeFrame (reader: ByteReader, blocks: BlockDecoder, newHash: NewHash): AsyncGenerator<Buffer> {
  const header = await readHeader(reader)
  const hash = header.hasChecksum ? newHash() : null
  blocks.startFrame(header)
  let given = 0
  for (let isLast = false; !isLast;) {
    await expect(reader, BLOCK_HEADER_BYTES)
    const block = readBlockHeader(reader.take(BLOCK_HEADER_BYTES))
    isLast = block.isLast
    await expect(reader, block.blockBytes)
    const content = blocks.decode(block, reader.take(block.blockBytes))
    given += content.length
    if (header.contentBytes !== null && given > header.contentBytes) {
      throw new ZstdDamage(`a frame of more than the ${header.contentBytes} bytes in its header`)
    }
    hash?.update(content)
    if (content.length > 0) yield Buffer.from(content) // a copy: the window is reused
  }
  if (header.contentBytes !== null && given !== header.contentBytes) {
    throw new ZstdDamage(`a frame of ${given} bytes, its header has ${header.contentBytes}`)
  }
  if (hash !== null) {
    await expect(reader, 4)
    if (reader.take(4).readUInt32LE() !== Number(hash.digest() & 0xffffffffn)) {
      throw new ZstdDamage('a frame whose checksum doesn\'t match')
    }
  }
}

async function readHeader (reader: ByteReader): Promise<FrameHeader> {
  await expect(reader, 5)
  const bytes = frameHeaderBytes(reader.peek(5))
  await expect(reader, bytes)
  const header = readFrameHeader(reader.take(bytes))
  if (header.dictionary !== 0) {
    throw new Refused(`was compressed with a dictionary (${header.dictionary}), which sluice can't use; ` +
      'decompress it first, with zstd -d -D DICTIONARY')
  }
  if (header.windowBytes > MAX_WINDOW_BYTES) {
    throw new Refused(`was compressed with a window of ${header.windowBytes} bytes; ` +
      `the limit is ${MAX_WINDOW_BYTES}; decompress it first, with zstd -d --long=31`)
  }
  return header
}

async function expect (reader: ByteReader, bytes: number): Promise<void> {
  if (reader.ready < bytes && !await reader.has(bytes)) throw new CutOff()
}
