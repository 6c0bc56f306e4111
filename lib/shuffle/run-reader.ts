import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { SluiceError, codeOf, reasonOf } from '../errors.ts'
import { lost } from '../output/resumable.ts'
import { BLOCK_BYTES, HEADER_BYTES, KEY_BYTES, type Run, fileBytes } from './run.ts'
import type { SortedRecords } from './sorted-records.ts'

/** A buffer holds at least two blocks: one with the beginning of a record, and one that is read. */
export const LEAST_BUFFER_BYTES = 2 * BLOCK_BYTES

/** The records of a run, read from any of them. */
export class RunReader implements SortedRecords {
  key = Infinity
  length = 0
  start = 0
  readonly bytes: Buffer
  readonly #path: string
  readonly #file: FileHandle
  readonly #run: Run
  readonly #crcs: Buffer
  /** The part of `bytes` that was read, and not taken. */
  #next = 0
  #end = 0
  /** Where in the file the next block begins. */
  #block = 0
  /** How much of the next block is before the first record. */
  #skipped = 0
  #position = 0
  /** How much of the current record is still to be copied, if it is too large for `bytes`. */
  #left = 0

  /**
   * @param position of the first record to read
   * @param buffer a multiple of the block's size, of at least LEAST_BUFFER_BYTES
   * @throws SluiceError `ERR_CHECKPOINT` if the file is missing or has changed
   */
  static async open (path: string, run: Run, position: number, buffer: Buffer): Promise<RunReader> {
    const file = await reading(path, () => open(path))
    try {
      const crcs = Buffer.alloc(fileBytes(run) - run.bytes)
      await readWhole(path, file, crcs, run.bytes)
      if (crc32(crcs) !== run.crc32 || position > run.bytes) throw lost(path, CHANGED)
      const reader = new RunReader(path, file, run, position, buffer, crcs)
      await reader.fill()
      return reader
    } catch (error) {
      await file.close()
      throw error
    }
  }

  private constructor (
    path: string, file: FileHandle, run: Run, position: number, buffer: Buffer, crcs: Buffer
  ) {
    this.#path = path
    this.#file = file
    this.#run = run
    this.bytes = buffer
    this.#crcs = crcs
    this.#seek(position)
  }

  get position (): number {
    return this.#position
  }

  next (): boolean {
    if (this.#left > 0) return false
    const rest = this.#end - this.#next
    const isRead = this.#block >= this.#run.bytes
    this.#position = this.#block - rest
    if (rest === 0 && isRead) {
      this.key = Infinity
      return true
    }
    if (rest < HEADER_BYTES && !isRead) return false
    let at = this.#next + KEY_BYTES
    let length = this.#run.record_bytes
    if (length === null) {
      length = 0
      for (let unit = 1, byte = 128; byte > 127; unit *= 128) {
        byte = this.bytes[at++]!
        length += byte % 128 * unit
      }
    }
    const isLarge = at - this.#next + length > this.bytes.length - BLOCK_BYTES
    if (isLarge && this.#position + at - this.#next + length > this.#run.bytes) throw lost(this.#path, CHANGED)
    if (!isLarge && !(at + length <= this.#end)) return false
    this.key = this.bytes.readUIntLE(this.#next, KEY_BYTES)
    this.length = length
    this.start = isLarge ? -1 : at
    this.#next = isLarge ? at : at + length
    this.#left = isLarge ? length : 0
    return true
  }

  async fill (): Promise<void> {
    if (this.#left > 0) this.#seek(this.#block - (this.#end - this.#next) + this.#left)
    await this.#read()
    if (!this.next()) throw lost(this.#path, CHANGED)
  }

  async copyTo (target: Buffer): Promise<void> {
    while (this.#left > 0) {
      if (this.#next === this.#end) await this.#read()
      const part = Math.min(this.#end - this.#next, this.#left)
      target.set(this.bytes.subarray(this.#next, this.#next + part), this.length - this.#left)
      this.#next += part
      this.#left -= part
    }
  }

  async close (): Promise<void> {
    await this.#file.close()
  }

  #seek (position: number): void {
    this.#next = this.#end = this.#left = 0
    this.#skipped = position % BLOCK_BYTES
    this.#block = position - this.#skipped
  }

  /** Keeps what isn't taken, and reads blocks after it. */
  async #read (): Promise<void> {
    const kept = this.#end - this.#next
    this.bytes.copyWithin(0, this.#next, this.#end)
    const space = this.bytes.length - kept
    const size = Math.min(space - space % BLOCK_BYTES, this.#run.bytes - this.#block)
    const blocks = this.bytes.subarray(kept, kept + size)
    await readWhole(this.#path, this.#file, blocks, this.#block)
    for (let start = 0; start < size; start += BLOCK_BYTES) {
      const crc = this.#crcs.readUInt32LE(4 * (this.#block + start) / BLOCK_BYTES)
      if (crc32(blocks.subarray(start, start + BLOCK_BYTES)) !== crc) throw lost(this.#path, CHANGED)
    }
    this.#next = this.#skipped
    this.#end = kept + size
    this.#block += size
    this.#skipped = 0
  }
}

const CHANGED = 'is damaged or was changed'

async function readWhole (path: string, file: FileHandle, target: Buffer, position: number): Promise<void> {
  for (let read = 0; read < target.length;) {
    const { bytesRead } = await reading(path, () => file.read(target, read, target.length - read, position + read))
    if (bytesRead === 0) throw lost(path, 'is cut off')
    read += bytesRead
  }
}

async function reading<T> (path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') throw lost(path, 'doesn\'t exist')
    throw new SluiceError('ERR_OUTPUT', `${path}: cannot be read: ${reasonOf(cause)}`, { cause })
  }
}
