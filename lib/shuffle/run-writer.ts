import type { FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import { crc32 } from 'node:zlib'
import { createTemporary, removeUnfinished, writing } from '../output/output.ts'
import { writeAll } from '../output/resumable.ts'
import { BLOCK_BYTES, HEADER_BYTES, KEY_BYTES, type Run, writeLength } from './run.ts'

const WRITE_BYTES = 8 * BLOCK_BYTES

/** Writes a run, record by record. */
export class RunWriter {
  readonly #path: string
  readonly #file: FileHandle
  readonly #recordBytes: number | null
  readonly #buffer = Buffer.allocUnsafeSlow(WRITE_BYTES)
  readonly #crcs: number[] = []
  #used = 0
  #bytes = 0
  #records = 0

  /**
   * @param recordBytes the length of every record; null if they differ
   * @throws SluiceError `ERR_OUTPUT`
   */
  static async create (path: string, recordBytes: number | null): Promise<RunWriter> {
    return new RunWriter(path, await writing(path, () => createTemporary(path)), recordBytes)
  }

  private constructor (path: string, file: FileHandle, recordBytes: number | null) {
    this.#path = path
    this.#file = file
    this.#recordBytes = recordBytes
  }

  /** Adds a record. @returns a promise if the next record must wait for it @throws SluiceError `ERR_OUTPUT` */
  add (key: number, source: Uint8Array, start: number, end: number): Promise<void> | undefined {
    if (this.#used + HEADER_BYTES + end - start > WRITE_BYTES) return this.#addInParts(key, source, start, end)
    this.#addHeader(key, end - start)
    this.#addPart(source, start, end)
    return undefined
  }

  /** Completes the file. @throws SluiceError `ERR_OUTPUT` */
  async finish (): Promise<Run> {
    await this.#flush()
    if (this.#used > 0) await this.#write(this.#used)
    const crcs = Buffer.alloc(4 * this.#crcs.length)
    this.#crcs.forEach((crc, i) => crcs.writeUInt32LE(crc, 4 * i))
    await writing(this.#path, async () => {
      await writeAll(this.#file, crcs, this.#bytes)
      await this.#file.close()
    })
    return {
      file: basename(this.#path),
      records: this.#records,
      bytes: this.#bytes,
      record_bytes: this.#recordBytes,
      crc32: crc32(crcs)
    }
  }

  /** Deletes the file. */
  async abandon (): Promise<void> {
    await this.#file.close().catch(() => {})
    await removeUnfinished(this.#path)
  }

  async #addInParts (key: number, source: Uint8Array, start: number, end: number): Promise<void> {
    await this.#flush()
    this.#addHeader(key, end - start)
    for (let at = start; at < end;) {
      const part = Math.min(end, at + WRITE_BYTES - this.#used)
      this.#addPart(source, at, part)
      at = part
      if (this.#used === WRITE_BYTES) await this.#flush()
    }
  }

  #addHeader (key: number, length: number): void {
    this.#buffer.writeUIntLE(key, this.#used, KEY_BYTES)
    this.#used += KEY_BYTES
    if (this.#recordBytes === null) this.#used = writeLength(length, this.#buffer, this.#used)
    this.#records++
  }

  #addPart (source: Uint8Array, start: number, end: number): void {
    this.#buffer.set(source.subarray(start, end), this.#used)
    this.#used += end - start
  }

  /** Writes the blocks that are complete. */
  async #flush (): Promise<void> {
    const bytes = this.#used - this.#used % BLOCK_BYTES
    await this.#write(bytes)
    this.#buffer.copyWithin(0, bytes, this.#used)
    this.#used -= bytes
  }

  async #write (bytes: number): Promise<void> {
    for (let start = 0; start < bytes; start += BLOCK_BYTES) {
      this.#crcs.push(crc32(this.#buffer.subarray(start, Math.min(bytes, start + BLOCK_BYTES))))
    }
    await writing(this.#path, () => writeAll(this.#file, this.#buffer.subarray(0, bytes), this.#bytes))
    this.#bytes += bytes
  }
}
