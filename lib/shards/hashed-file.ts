import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import { z } from 'zod'
import { sha256OfFile } from '../hash.ts'
import { count, sha256Hex } from '../options.ts'
import { createTemporary, publish, removeUnfinished, temporaryName, writing } from '../output/output.ts'
import { partialName, reopen, writeAll } from '../output/resumable.ts'
import type { FileInfo } from './formats/format.ts'
import { readHandle } from './formats/read-file.ts'

/** The size of a file, and its SHA-256. */
export const hashedBytes = z.strictObject({ bytes: count, sha256: sha256Hex })
/** The size of a file, and its SHA-256. */
export type HashedBytes = Readonly<z.output<typeof hashedBytes>>

/** Bytes are collected before they are written to the file. */
const WRITE_BYTES = 1024 * 1024
const FIRST_BYTES = 8 * 1024

export interface HashedFileOptions {
  /** Whether `save` will be called; if so, only one run may write the file. @default false */
  readonly resumable?: boolean
  /** The first bytes of the file, which `finish` may replace by others of the same length. @default none */
  readonly head?: Buffer
}

const NO_HEAD = Buffer.alloc(0)

/** A file that is hashed while it is written, under a temporary name until `finish`. A later run can resume it. */
export class HashedFile {
  readonly #path: string
  readonly #name: string // temporary name
  readonly #file: FileHandle
  readonly #head: Buffer
  readonly #hash = createHash('sha256')
  /**
   * Bytes that aren't written yet. It is reused, because memory for each row takes longer than the copy. It grows: a
   * large block of memory for each small file would make V8 collect all garbage.
   */
  #pending = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #pendingBytes = 0
  #written = 0
  #isSaved = false
  #isFinished = false

  /** @throws SluiceError `ERR_OUTPUT` */
  static async create (
    path: string, { resumable = false, head = NO_HEAD }: HashedFileOptions = {}
  ): Promise<HashedFile> {
    const name = resumable ? partialName(path) : temporaryName(path)
    const file = new HashedFile(path, name, await writing(path, () => createTemporary(name)), head)
    await file.add(head)
    return file
  }

  /**
   * Resumes a file from the result of `save`.
   *
   * @param head as for `create`
   * @throws SluiceError `ERR_CHECKPOINT` when the file is missing or was changed, `ERR_OUTPUT`
   */
  static async resume (path: string, { bytes, sha256 }: HashedBytes, head: Buffer = NO_HEAD): Promise<HashedFile> {
    return await writing(path, async () => {
      let resumed!: HashedFile
      await reopen(path, bytes, async file => {
        resumed = new HashedFile(path, partialName(path), file, head)
        await writeAll(file, head, 0) // a run that ended after the save may have replaced it
        for await (const block of readHandle(file, { to: bytes })) resumed.#hash.update(block)
        return resumed.#hash.copy().digest('hex') === sha256
      })
      resumed.#written = bytes
      resumed.#isSaved = true
      return resumed
    })
  }

  private constructor (path: string, name: string, file: FileHandle, head: Buffer) {
    this.#path = path
    this.#name = name
    this.#file = file
    this.#head = head
  }

  /** Size, with what is still to be written. */
  get bytes (): number {
    return this.#written + this.#pendingBytes
  }

  /** Adds a copy of bytes. @returns a promise if the next bytes must wait for it */
  add (bytes: Buffer): Promise<void> | undefined {
    const needed = this.#pendingBytes + bytes.length
    if (needed > this.#pending.length) this.#grow(needed)
    if (needed > WRITE_BYTES) return this.#addInParts(bytes)
    this.#pending.set(bytes, this.#pendingBytes)
    this.#pendingBytes += bytes.length
    return undefined
  }

  /** Writes and syncs the bytes so far. @returns the state from which `resume` continues */
  async save (): Promise<HashedBytes> {
    await this.#flush()
    await writing(this.#path, () => this.#file.sync())
    this.#isSaved = true
    return { bytes: this.#written, sha256: this.#hash.copy().digest('hex') }
  }

  /** Reads all bytes so far, from the start. @param step size of a block */
  async * read (step?: number): AsyncGenerator<Buffer> {
    await this.#flush()
    yield * readHandle(this.#file, { to: this.#written, ...(step !== undefined && { step }) })
  }

  /**
   * Completes the file and gives it its final name. A file that has this name is replaced.
   *
   * @param head other bytes for its start
   * @throws SluiceError `ERR_OUTPUT`
   */
  async finish (head: Buffer = this.#head): Promise<FileInfo> {
    await this.#flush()
    return await writing(this.#path, async () => {
      let sha256 = this.#hash.digest('hex')
      if (!head.equals(this.#head)) {
        await writeAll(this.#file, head, 0)
        sha256 = await sha256OfFile(this.#name)
      }
      await publish(this.#file, this.#path, this.#name)
      this.#isFinished = true
      return { file: basename(this.#path), bytes: this.#written, sha256 }
    })
  }

  /** Closes the file, and deletes it unless it was saved, even if it is finished. */
  async abandon (): Promise<void> {
    await this.#file.close().catch(() => {})
    if (!this.#isSaved) await removeUnfinished(this.#isFinished ? this.#path : this.#name)
  }

  /** Closes and deletes the file, also if it was saved, instead of finishing it. */
  async remove (): Promise<void> {
    await this.#file.close().catch(() => {})
    await removeUnfinished(this.#name)
  }

  #grow (needed: number): void {
    if (this.#pending.length === WRITE_BYTES) return
    const larger = Buffer.allocUnsafeSlow(Math.min(WRITE_BYTES, Math.max(needed, 4 * this.#pending.length)))
    this.#pending.copy(larger, 0, 0, this.#pendingBytes)
    this.#pending = larger
  }

  async #addInParts (bytes: Buffer): Promise<void> {
    for (let from = 0; from < bytes.length;) {
      const part = bytes.subarray(from, from + WRITE_BYTES - this.#pendingBytes)
      this.#pending.set(part, this.#pendingBytes)
      this.#pendingBytes += part.length
      from += part.length
      if (this.#pendingBytes === WRITE_BYTES) await this.#flush()
    }
  }

  async #flush (): Promise<void> {
    const bytes = this.#pending.subarray(0, this.#pendingBytes)
    this.#pendingBytes = 0
    this.#hash.update(bytes)
    await writing(this.#path, () => writeAll(this.#file, bytes, this.#written))
    this.#written += bytes.length
  }
}

/** Writes a whole file atomically. */
export async function writeWhole (path: string, content: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<FileInfo> {
  const file = await HashedFile.create(path)
  try {
    for await (const bytes of content) await file.add(bytes)
    return await file.finish()
  } catch (error) {
    await file.abandon()
    throw error
  }
}
