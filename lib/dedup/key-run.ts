import { readSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { createTemporary, removeTemporary } from '../output/output.ts'
import { writeAll } from '../output/resumable.ts'
import { KEY_BYTES, KEY_WORDS, compareKeys } from './key-table.ts'

/** Keys of a block, which is what one search reads. */
const BLOCK_KEYS = 256
const BLOCK_WORDS = BLOCK_KEYS * KEY_WORDS
const BLOCK_BYTES = BLOCK_KEYS * KEY_BYTES

/** Bytes of a read or write while runs are merged. */
const CHUNK_BYTES = 2 ** 20

/** Sorted keys in a file without a name, which disappears with the process. */
export class KeyRun {
  readonly #file: FileHandle
  readonly size: number
  /** The highest word of the first key of each block. */
  readonly #firsts: Uint32Array
  readonly #block = new Uint32Array(BLOCK_WORDS)

  private constructor (file: FileHandle, size: number, firsts: Uint32Array) {
    this.#file = file
    this.size = size
    this.#firsts = firsts
  }

  /**
   * Writes sorted keys, of which no two are the same.
   *
   * @param path of the file while it is created @param parts each has its keys in order
   */
  static async write (path: string, parts: readonly SortedKeys[]): Promise<KeyRun> {
    const file = await createTemporary(path)
    try {
      await removeTemporary(path)
      const writer = new RunWriter(file)
      await merge(parts, writer)
      const { size, firsts } = await writer.end()
      return new KeyRun(file, size, firsts)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  has (key: Uint32Array): boolean {
    const first = key[0]!
    // Blocks that begin with the same word are searched in turn.
    for (let block = this.#lastBefore(first); block < this.#firsts.length; block++) {
      if (block > 0 && this.#firsts[block]! > first) return false
      const keys = this.#read(block)
      if (compareKeys(keys, 0, key, 0) > 0) return false
      if (isIn(keys, key)) return true
    }
    return false
  }

  /** Its keys in order. */
  keys (): SortedKeys {
    const buffer = new Uint32Array(CHUNK_BYTES / 4)
    let at = 0
    const bytes = this.size * KEY_BYTES
    return {
      next: async () => {
        const length = Math.min(CHUNK_BYTES, bytes - at)
        if (length === 0) return null
        await readWhole(this.#file, new Uint8Array(buffer.buffer, 0, length), at)
        at += length
        return buffer.subarray(0, length / 4)
      }
    }
  }

  async close (): Promise<void> {
    await this.#file.close()
  }

  /** The last block that begins with a lower word, in which a key with this word may be; else the first one. */
  #lastBefore (word: number): number {
    let [from, to] = [0, this.#firsts.length]
    while (from < to) {
      const middle = (from + to) >>> 1
      if (this.#firsts[middle]! < word) from = middle + 1
      else to = middle
    }
    return Math.max(0, from - 1)
  }

  #read (block: number): Uint32Array {
    const at = block * BLOCK_BYTES
    const length = Math.min(BLOCK_BYTES, this.size * KEY_BYTES - at)
    const bytes = new Uint8Array(this.#block.buffer, 0, length)
    for (let read = 0; read < length;) {
      // Synchronous, as it reads one block, mostly from the cache of the system.
      const count = readSync(this.#file.fd, bytes, read, length - read, at + read)
      if (count === 0) throw new Error('the file of keys has become shorter')
      read += count
    }
    return this.#block.subarray(0, length / 4)
  }
}

/** Keys in order, chunk by chunk; a chunk is valid until the next one is requested. */
export interface SortedKeys {
  readonly next: () => Promise<Uint32Array | null>
}

/** Keys in memory. */
export function keysInMemory (keys: Uint32Array): SortedKeys {
  let rest: Uint32Array | null = keys.length === 0 ? null : keys
  return {
    next: () => {
      const next = rest
      rest = null
      return Promise.resolve(next)
    }
  }
}

async function merge (parts: readonly SortedKeys[], writer: RunWriter): Promise<void> {
  const heads: Array<{ part: SortedKeys, keys: Uint32Array, at: number }> = []
  for (const part of parts) {
    const keys = await part.next()
    if (keys !== null) heads.push({ part, keys, at: 0 })
  }
  while (heads.length > 0) {
    let least = heads[0]!
    for (const head of heads) {
      if (compareKeys(head.keys, head.at, least.keys, least.at) < 0) least = head
    }
    if (writer.add(least.keys, least.at)) await writer.flush()
    least.at += KEY_WORDS
    if (least.at < least.keys.length) continue
    const keys = await least.part.next()
    if (keys === null) heads.splice(heads.indexOf(least), 1)
    else Object.assign(least, { keys, at: 0 })
  }
}

/** Writes keys and notes where blocks begin. */
class RunWriter {
  readonly #file: FileHandle
  readonly #buffer = new Uint32Array(CHUNK_BYTES / 4)
  readonly #firsts: number[] = []
  #length = 0 // words in the buffer
  #bytes = 0 // written
  #size = 0

  constructor (file: FileHandle) {
    this.#file = file
  }

  /** @returns whether the buffer is full */
  add (keys: Uint32Array, at: number): boolean {
    if (this.#size++ % BLOCK_KEYS === 0) this.#firsts.push(keys[at]!)
    for (let i = 0; i < KEY_WORDS; i++) this.#buffer[this.#length++] = keys[at + i]!
    return this.#length === this.#buffer.length
  }

  async flush (): Promise<void> {
    const bytes = Buffer.from(this.#buffer.buffer, 0, 4 * this.#length)
    await writeAll(this.#file, bytes, this.#bytes)
    this.#bytes += bytes.length
    this.#length = 0
  }

  async end (): Promise<{ readonly size: number, readonly firsts: Uint32Array }> {
    await this.flush()
    return { size: this.#size, firsts: Uint32Array.from(this.#firsts) }
  }
}

/** Reads exactly as many bytes as there is room for. */
export async function readWhole (file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let read = 0; read < bytes.length;) {
    const { bytesRead } = await file.read(bytes, read, bytes.length - read, position + read)
    if (bytesRead === 0) throw new Error('the file of keys has become shorter')
    read += bytesRead
  }
}

function isIn (keys: Uint32Array, key: Uint32Array): boolean {
  let [from, to] = [0, keys.length / KEY_WORDS]
  while (from < to) {
    const middle = (from + to) >>> 1
    const order = compareKeys(keys, middle * KEY_WORDS, key, 0)
    if (order === 0) return true
    if (order < 0) from = middle + 1
    else to = middle
  }
  return false
}
