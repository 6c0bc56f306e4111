import { type Stats, createReadStream, fstatSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { addAbortSignal, pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { STANDARD_STREAM } from '../bytes.ts'
import { SluiceError, codeOf } from '../errors.ts'
import { expectGzip, refuseOtherKinds } from '../file-kind.ts'
import { isHubName } from '../hub/address.ts'
import { findFiles, isCompressed } from './find.ts'
import type { RemoteFileOptions, RemoteOptions } from './hub.ts'
import { readError } from './read-error.ts'

export interface ReadBytesOptions extends Pick<RemoteOptions, 'hub'> {
  /**
   * Yields the bytes of a file on the Hub from an offset, if it is read ahead.
   *
   * @default the file is requested
   */
  readonly ahead?: ((offset: number) => AsyncIterable<Buffer>) | undefined
  /**
   * Whether only the beginning of the file is wanted: of a file on the Hub, a small range is requested first.
   *
   * @default false
   */
  readonly isLook?: boolean | undefined
  /** Where to start, in bytes of the decompressed content. @default 0 */
  readonly offset?: number
  /** Stops reading and closes the file when it fires. */
  readonly signal?: AbortSignal | undefined
  /** Called after each chunk with the number of bytes read from the file itself (before decompression). */
  readonly onRead?: ((bytesRead: number) => void) | undefined
}

/** Larger than Node's 64 KiB, for fewer turns of the event loop and the thread pool. */
const CHUNK_BYTES = 256 * 1024

/**
 * Yields the content of a file in chunks, decompressed if its name ends in `.gz` or `.zst`.
 *
 * @throws SluiceError `ERR_FILES` if it can't be opened; `ERR_SOURCE` if it is damaged or cut off, changes while it is
 *   read, or isn't text (see `refuseOtherKinds`; checked if `offset` is 0); `ERR_STATE` if it is shorter than `offset`
 */
export async function * readBytes (path: string, options: ReadBytesOptions = {}): AsyncGenerator<Buffer> {
  const { offset = 0, signal } = options
  let given = 0 // bytes so far
  try {
    const chunks = open(path, options)
    for await (const chunk of offset === 0 ? refuseOtherKinds(chunks, path) : chunks) {
      signal?.throwIfAborted() // a chunk that was read may decompress to many
      given += chunk.length
      yield chunk
    }
  } catch (error) {
    throw signal?.aborted === true || error instanceof SluiceError ? error : readError(path, offset + given, error)
  }
}

function open (path: string, options: ReadBytesOptions): AsyncIterable<Buffer> {
  const { offset = 0, signal, hub } = options
  if (path === STANDARD_STREAM) {
    const input = signal === undefined ? process.stdin : addAbortSignal(signal, process.stdin)
    return skipping(offset, input, path)
  }
  const isOnHub = isHubName(path)
  const readFile = isOnHub ? readHubFile : readLocalFile
  if (!isCompressed(path)) return readFile(path, options)
  const compressed = readFile(path, { ...options, offset: 0 })
  const content = path.endsWith('.gz')
    ? gunzip(compressed, path, isOnHub ? { signal, hub } : undefined)
    : unzstd(compressed, path)
  return skipping(offset, content, path)
}

/** The bytes of a local file, not decompressed. @throws SluiceError `ERR_SOURCE` if it changes while it is read */
async function * readLocalFile (
  path: string,
  { offset = 0, signal, onRead }: ReadBytesOptions
): AsyncGenerator<Buffer> {
  const file = createReadStream(path, {
    ...(offset > 0 && { start: offset }), // not set for 0: a pipe can't be read at a position
    highWaterMark: CHUNK_BYTES,
    autoClose: false, // its size is read again at the end
    ...(signal && { signal })
  })
  let before: { readonly fd: number, readonly status: Stats } | undefined
  file.once('open', fd => { before = { fd, status: fstatSync(fd) } })
  try {
    for await (const chunk of file as AsyncIterable<Buffer>) {
      onRead?.(offset + file.bytesRead)
      yield chunk
    }
    if (before?.status.isFile() === true) checkUnchanged(path, before.status, fstatSync(before.fd))
  } finally {
    file.destroy()
  }
}

async function * readHubFile (name: string, options: ReadBytesOptions): AsyncGenerator<Buffer> {
  const { offset = 0, signal, onRead, hub, ahead, isLook } = options
  let at = offset
  for await (const chunk of ahead?.(offset) ?? await openHubFile(name, { offset, signal, hub, isLook })) {
    at += chunk.length
    onRead?.(at)
    yield chunk
  }
}

/** The bytes of a file on the Hub, not decompressed. @throws SluiceError as `Hub.remoteFile` and `download` */
export async function openHubFile (name: string, options: RemoteFileOptions): Promise<AsyncGenerator<Buffer>> {
  return await (await import('./hub.ts')).openHubFile(name, options)
}

function checkUnchanged (path: string, before: Stats, after: Stats): void {
  if (before.size === after.size && before.mtimeMs === after.mtimeMs) return
  throw new SluiceError('ERR_SOURCE', `${path}: was changed while it was read (${before.size} bytes, ` +
    `then ${after.size}); wait until it is completely written, and run again`)
}

/** @param remote how to read the file again, if it is on the Hub */
async function * gunzip (
  compressed: AsyncIterable<Buffer>,
  path: string,
  remote: ReadBytesOptions | undefined
): AsyncGenerator<Buffer> {
  // pipeline, not pipe: a failure of either stream ends the other one; the loop below gets it from `unzip`
  const unzip = pipeline(expectGzip(compressed, path), createGunzip({ chunkSize: CHUNK_BYTES }), () => {})
  try {
    yield * unzip as AsyncIterable<Buffer>
  } catch (error) {
    const isDamage = ['Z_DATA_ERROR', 'Z_BUF_ERROR'].includes(codeOf(error) ?? '')
    const end = isDamage && remote === undefined ? await endOfLocal(path) : null
    throw end === null ? error : notGzip(path, end.offset, end.size, error)
  }
  await checkRest(path, unzip.bytesWritten, remote)
}

async function * unzstd (compressed: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  const { decompressZstd } = await import('../zstd/decompress.ts')
  yield * decompressZstd(compressed, path)
}

/**
 * Checks what follows the gzip data, where Node stops reading: zeros are padding, anything else is an error.
 *
 * @throws SluiceError `ERR_SOURCE`
 */
async function checkRest (path: string, offset: number, remote: ReadBytesOptions | undefined): Promise<void> {
  const [found] = remote === undefined ? [] : await findFiles(path, remote)
  const status = remote === undefined ? await stat(path) : null
  const size = found?.size ?? status!.size
  if (status?.isFile() === false || size <= offset) return
  const rest: AsyncIterable<Buffer> = remote === undefined
    ? createReadStream(path, { start: offset })
    : readHubFile(path, { ...remote, offset })
  for await (const chunk of rest) {
    if (chunk.some(byte => byte !== 0)) throw notGzip(path, offset, size)
  }
}

/**
 * Where the gzip data of a damaged file ends and other data follows; null if none follows, or the file can't be read
 * again.
 */
async function endOfLocal (path: string): Promise<{ readonly offset: number, readonly size: number } | null> {
  try {
    const status = await stat(path)
    if (!status.isFile()) return null // a pipe is read once
    const { gzipEnd } = await import('./gzip-end.ts')
    const offset = await gzipEnd(createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>)
    return offset === null || offset >= status.size ? null : { offset, size: status.size }
  } catch { // the first error is reported
    return null
  }
}

function notGzip (path: string, offset: number, size: number, cause?: unknown): SluiceError {
  const left = size - offset
  return new SluiceError('ERR_SOURCE', `${path}: the gzip data ends at byte ${offset} of ${size}, ` +
    `and what follows (${left} byte${left === 1 ? '' : 's'}) is not gzip data; get the file again`, { cause })
}

/** Skips bytes up to an offset. @throws SluiceError `ERR_STATE` if there are fewer */
export async function * skipping (
  offset: number,
  bytes: AsyncIterable<Uint8Array>,
  name: string
): AsyncGenerator<Buffer> {
  let before = 0
  for await (const piece of bytes) {
    const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    if (before + chunk.length > offset) yield before < offset ? chunk.subarray(offset - before) : chunk
    before += chunk.length
  }
  if (before < offset) {
    throw new SluiceError('ERR_STATE', `${name}: the saved position is at byte ${offset}, ` +
      `but there are only ${before}; it was changed since`)
  }
}
