import { type FileHandle, open } from 'node:fs/promises'

/** A range of bytes of a file. */
export interface ByteRange {
  /** First byte. @default 0 */
  readonly from?: number
  /** Byte after the last one. @default the end of the file */
  readonly to?: number
  /** Size of a block. @default a megabyte */
  readonly step?: number
}

const STEP_BYTES = 1024 * 1024

/** Reads a range of a file in blocks; all but the last have the same size. Each block has its own memory. */
export async function * readBlocks (path: string, range: ByteRange = {}): AsyncGenerator<Buffer> {
  const file = await open(path)
  try {
    yield * readHandle(file, range)
  } finally {
    await file.close()
  }
}

/** Like `readBlocks`, for an open file. */
export async function * readHandle (
  file: FileHandle, { from = 0, to = Infinity, step = STEP_BYTES }: ByteRange = {}
): AsyncGenerator<Buffer> {
  for (let at = from; at < to;) {
    const block = Buffer.allocUnsafeSlow(Math.min(step, to - at))
    let filled = 0
    while (filled < block.length) {
      const { bytesRead } = await file.read(block, filled, block.length - filled, at + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    if (filled > 0) yield block.subarray(0, filled)
    if (filled < block.length) return
    at += filled
  }
}

/** Reads a small range; fewer bytes at the end of the file. */
export async function readRange (path: string, from: number, to: number): Promise<Buffer> {
  const blocks: Buffer[] = []
  for await (const block of readBlocks(path, { from, to })) blocks.push(block)
  return Buffer.concat(blocks)
}

/** Reads a range as little-endian numbers of four bytes. */
export async function * readWords (path: string, range: ByteRange = {}): AsyncGenerator<Uint32Array> {
  for await (const block of readBlocks(path, range)) {
    yield new Uint32Array(block.buffer as ArrayBuffer, block.byteOffset, block.length >> 2)
  }
}
