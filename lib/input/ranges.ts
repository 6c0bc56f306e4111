import { type FileHandle, open, stat } from 'node:fs/promises'
import type { ByteRanges } from '../bytes.ts'
import { SluiceError } from '../errors.ts'
import { isHubName } from '../hub/address.ts'
import { isCompressed } from './find.ts'
import type { RemoteOptions } from './hub.ts'
import { readError } from './read-error.ts'

/**
 * Opens a file, local or on the Hub, as byte ranges.
 *
 * @throws SluiceError `ERR_FILES` if it can't be opened; `read` fails with `ERR_SOURCE` once the file has changed; on
 *   the Hub as `download`
 */
export async function openRanges (path: string, { hub, signal }: RemoteOptions = {}): Promise<ByteRanges> {
  if (isHubName(path)) return await (await import('./hub.ts')).openHubRanges(path, { hub, signal })
  let handle: FileHandle | undefined
  try {
    handle = await open(path)
    const status = await handle.stat()
    if (status.isDirectory()) throw new SluiceError('ERR_FILES', `${path}: is a folder, expected a file`)
    if (!status.isFile()) {
      throw new SluiceError('ERR_FILES', `${path}: is a pipe or a device, expected a file: ` +
        'parquet is read from its end; write it to a file first')
    }
    return new FileRanges(path, handle, status)
  } catch (error) {
    await handle?.close()
    throw error instanceof SluiceError ? error : readError(path, 0, error)
  }
}

/**
 * Opens a file as byte ranges; null if it is compressed, or a pipe, so that its content can't be read at any offset.
 *
 * @throws SluiceError as `openRanges`
 */
export async function openSeekable (path: string, remote: RemoteOptions = {}): Promise<ByteRanges | null> {
  if (isCompressed(path) || (!isHubName(path) && !(await stat(path)).isFile())) return null
  return await openRanges(path, remote)
}

/** Wraps byte ranges of the user. Checks their results, and adds their name to errors. */
export function checkedRanges (ranges: ByteRanges): ByteRanges {
  const { name, size } = ranges
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new SluiceError('ERR_OPTION', `${name}: has the size ${String(size)}, expected a number of bytes`)
  }
  return {
    name,
    size,
    async read (start, end) {
      const bytes: Uint8Array = await ranges.read(start, end).catch((error: unknown) => {
        throw error instanceof SluiceError ? error : readError(name, start, error)
      })
      if (bytes.length !== end - start) {
        throw new SluiceError('ERR_SOURCE', `${name}: returned ${bytes.length} bytes for the range ` +
          `from ${start} to ${end}, expected ${end - start}`)
      }
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    },
    expect: (start, end) => ranges.expect?.(start, end),
    close: () => ranges.close()
  }
}

interface Version { readonly size: number, readonly mtimeMs: number }

class FileRanges implements ByteRanges {
  readonly givesAway = true
  readonly name: string
  readonly size: number
  readonly #handle: FileHandle
  readonly #mtimeMs: number

  constructor (name: string, handle: FileHandle, { size, mtimeMs }: Version) {
    this.name = name
    this.size = size
    this.#handle = handle
    this.#mtimeMs = mtimeMs
  }

  async read (start: number, end: number): Promise<Buffer> {
    try {
      const bytes = Buffer.allocUnsafeSlow(end - start)
      let length = 0
      // a single read may return fewer bytes than requested
      for (let got = -1; length < bytes.length && got !== 0; length += got) {
        got = (await this.#handle.read(bytes, length, bytes.length - length, start + length)).bytesRead
      }
      const { size, mtimeMs } = await this.#handle.stat()
      if (length < bytes.length || size !== this.size || mtimeMs !== this.#mtimeMs) {
        throw new SluiceError('ERR_SOURCE', `${this.name}: was changed while it was read; ` +
          'start over when nothing writes to it any more')
      }
      return bytes
    } catch (error) {
      throw error instanceof SluiceError ? error : readError(this.name, start, error)
    }
  }

  async close (): Promise<void> {
    await this.#handle.close()
  }
}
