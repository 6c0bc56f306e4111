import { type FileHandle, open } from 'node:fs/promises'
import { SluiceError } from '../errors.ts'

/** Number of bytes to read at a time. */
const CHUNK_BYTES = 2 ** 20

/** Longer words or labels only occur in damaged files. */
const MAX_STRING_BYTES = 2 ** 20

/** The file's content is not a valid model. */
export class DamagedModel extends Error {}

/** A function that uses a model's file while it is open. */
export type ModelWork<T> = (file: ModelFile) => Promise<T>

/** Reads a model's file sequentially: little-endian numbers, strings that end with a NUL, and arrays. */
export class ModelFile {
  readonly path: string
  readonly size: number
  readonly #handle: FileHandle
  readonly #signal: AbortSignal | undefined
  #chunk = Buffer.alloc(0) // bytes that were read
  #at = 0 // index in the chunk
  #read = 0 // bytes of the file

  private constructor (path: string, size: number, handle: FileHandle, signal: AbortSignal | undefined) {
    this.path = path
    this.size = size
    this.#handle = handle
    this.#signal = signal
  }

  /** Opens a file, and closes it when the work is done. @throws the errors of `open` and of the work */
  static async using<T> (path: string, signal: AbortSignal | undefined, work: ModelWork<T>): Promise<T> {
    const handle = await open(path)
    try {
      return await work(new ModelFile(path, (await handle.stat()).size, handle, signal))
    } finally {
      await handle.close()
    }
  }

  /** Bytes of the file that haven't been consumed. */
  get left (): number {
    return this.size - this.#read + this.#chunk.length - this.#at
  }

  /** Reads ahead until this many bytes can be consumed. @throws DamagedModel when the file ends first */
  async need (bytes: number, what: string): Promise<void> {
    if (bytes > this.left) {
      throw new DamagedModel(`it ends within ${what}, for which ${bytes} bytes are needed and ${this.left} are left`)
    }
    if (bytes > this.#chunk.length - this.#at) await this.#fill(bytes)
  }

  // The methods below consume bytes that were read by `need`.

  byte (): number {
    return this.#chunk[this.#at++]!
  }

  boolean (what: string): boolean {
    const value = this.byte()
    if (value > 1) throw new DamagedModel(`${what} is ${value}, expected 0 or 1`)
    return value === 1
  }

  int32 (): number {
    this.#at += 4
    return this.#chunk.readInt32LE(this.#at - 4)
  }

  /** A 64-bit integer as a number, rounded beyond 2 ** 53. */
  int64 (): number {
    this.#at += 8
    return Number(this.#chunk.readBigInt64LE(this.#at - 8))
  }

  float64 (): number {
    this.#at += 8
    return this.#chunk.readDoubleLE(this.#at - 8)
  }

  /**
   * Consumes a string and the NUL at its end, and reads at least `more` bytes after it. The result is valid until the
   * next call.
   */
  string (more: number, what: string): Buffer | Promise<Buffer> {
    const end = this.#chunk.indexOf(0, this.#at)
    if (end === -1 || this.#chunk.length - end - 1 < more) return this.#longString(more, what)
    const bytes = this.#chunk.subarray(this.#at, end)
    this.#at = end + 1
    return bytes
  }

  async #longString (more: number, what: string): Promise<Buffer> {
    for (let bytes = CHUNK_BYTES; ; bytes *= 2) {
      await this.#fill(Math.min(bytes, this.left))
      const end = this.#chunk.indexOf(0, this.#at)
      if (end !== -1) {
        await this.need(end + 1 + more - this.#at, what)
        return await this.string(more, what)
      }
      const isWholeRest = this.#chunk.length - this.#at === this.left
      if (bytes > MAX_STRING_BYTES || isWholeRest) throw new DamagedModel(`${what} doesn't end`)
    }
  }

  /** Reads directly into memory. */
  async into (target: Uint8Array, what: string): Promise<void> {
    await this.need(0, what)
    const { length } = target
    if (length > this.left) {
      throw new DamagedModel(`it ends within ${what}, which has ${length} bytes, of which ${this.left} are left`)
    }
    const had = Math.min(length, this.#chunk.length - this.#at)
    target.set(this.#chunk.subarray(this.#at, this.#at + had))
    this.#at += had
    for (let at = had; at < length;) at += await this.#readAt(target, at, Math.min(16 * CHUNK_BYTES, length - at))
  }

  /** Reads until the chunk has this many bytes. */
  async #fill (bytes: number): Promise<void> {
    const had = this.#chunk.length - this.#at
    const chunk = Buffer.alloc(Math.min(Math.max(bytes, CHUNK_BYTES), this.left))
    this.#chunk.copy(chunk, 0, this.#at)
    for (let at = had; at < chunk.length;) at += await this.#readAt(chunk, at, chunk.length - at)
    this.#chunk = chunk
    this.#at = 0
  }

  async #readAt (target: Uint8Array, at: number, length: number): Promise<number> {
    if (this.#signal?.aborted === true) throw new SluiceError('ERR_ABORTED', `${this.path}: stopped`)
    const { bytesRead } = await this.#handle.read(target, at, length, this.#read)
    if (bytesRead === 0) throw new DamagedModel('it became shorter while it was read')
    this.#read += bytesRead
    return bytesRead
  }
}
