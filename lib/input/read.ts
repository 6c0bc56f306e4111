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
   * Gives the bytes of a file on the Hub from an offset on, where it is read ahead.
   *
   * @default asks for them when they are wanted
   */
  readonly ahead?: ((offset: number) => AsyncIterable<Buffer>) | undefined
  /**
   * Whether only the beginning of the file is wanted: of one on the Hub, a little is asked for at first.
   *
   * @default false
   */
  readonly isLook?: boolean | undefined
  /** Where to start, in bytes of the decompressed content. @default 0 */
  readonly offset?: number
  /** Stops reading and closes the file when it fires. */
  readonly signal?: AbortSignal | undefined
  /** Told after each chunk how many bytes of the file itself, compressed as it is, have been read. */
  readonly onRead?: ((bytesRead: number) => void) | undefined
}

/** Reads in larger steps than Node's 64 KiB: fewer trips through the event loop and the thread pool. */
const CHUNK_BYTES = 256 * 1024

/**
 * The content of a file, chunk by chunk, decompressed where its name ends in `.gz` or `.zst`.
 *
 * @throws SluiceError `ERR_FILES` when it can't be opened; `ERR_SOURCE` when it is damaged or cut off, changes while it
 *   is read, or holds something else than text (see `refuseOtherKinds`; looked at where the reading starts at 0);
 *   `ERR_STATE` when it is shorter than `offset`
 */
export async function * readBytes (path: string, { offset = 0, signal, onRead, hub, ahead, isLook }: ReadBytesOptions = {}): AsyncGenerator<Buffer> {
  let given = 0 // bytes so far
  try {
    const chunks = open(path, { offset, signal, onRead, hub, ahead, isLook })
    for await (const chunk of offset === 0 ? refuseOtherKinds(chunks, path) : chunks) {
      signal?.throwIfAborted() // much may come out of what was read before
      given += chunk.length
      yield chunk
    }
  } catch (error) {
    throw signal?.aborted === true || error instanceof SluiceError ? error : readError(path, offset + given, error)
  }
}

function open (path: string, { offset = 0, signal, onRead, hub, ahead, isLook }: ReadBytesOptions): AsyncIterable<Buffer> {
  const readFile = isHubName(path) ? (path: string, offset: number): AsyncGenerator<Buffer> => readHubFile(path, { offset, signal, onRead, hub, ahead, isLook }) : readLocalFile
  if (path === STANDARD_STREAM) return skipping(offset, signal === undefined ? process.stdin : addAbortSignal(signal, process.stdin), path)
  if (!isCompressed(path)) return readFile(path, offset, signal, onRead)
  const compressed = readFile(path, 0, signal, onRead)
  return skipping(offset, path.endsWith('.gz') ? gunzip(compressed, path, isHubName(path) ? { signal, hub } : undefined) : unzstd(compressed, path), path)
}

/** The bytes of a file as they lie on disk. @throws SluiceError `ERR_SOURCE` when it changes in the meantime */
async function * readLocalFile (path: string, offset: number, signal: AbortSignal | undefined, onRead: ReadBytesOptions['onRead']): AsyncGenerator<Buffer> {
  // No start where it is 0: a pipe can't be read at a position. Not closed at its end: its size is asked for once more.
  const file = createReadStream(path, { ...(offset > 0 && { start: offset }), highWaterMark: CHUNK_BYTES, autoClose: false, ...(signal && { signal }) })
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

async function * readHubFile (name: string, { offset = 0, signal, onRead, hub, ahead, isLook }: ReadBytesOptions): AsyncGenerator<Buffer> {
  let at = offset
  for await (const chunk of ahead?.(offset) ?? await openHubFile(name, { offset, signal, hub, isLook })) {
    at += chunk.length
    onRead?.(at)
    yield chunk
  }
}

/** The bytes of a file on the Hub, as they lie there. @throws SluiceError as `Hub.remoteFile`, and as `download` */
export async function openHubFile (name: string, options: RemoteFileOptions): Promise<AsyncGenerator<Buffer>> {
  return await (await import('./hub.ts')).openHubFile(name, options)
}

function checkUnchanged (path: string, before: Stats, after: Stats): void {
  if (before.size === after.size && before.mtimeMs === after.mtimeMs) return
  throw new SluiceError('ERR_SOURCE', `${path}: was changed while it was read (${before.size} bytes, then ${after.size}); wait until it is written whole and run it again`)
}

async function * gunzip (compressed: AsyncIterable<Buffer>, path: string, remote: ReadBytesOptions | undefined): AsyncGenerator<Buffer> {
  // pipeline, not pipe: either stream's failure ends the other one; the loop below is told of it by `unzip`
  const unzip = pipeline(expectGzip(compressed, path), createGunzip({ chunkSize: CHUNK_BYTES }), () => {})
  try {
    yield * unzip as AsyncIterable<Buffer>
  } catch (error) {
    const end = ['Z_DATA_ERROR', 'Z_BUF_ERROR'].includes(codeOf(error) ?? '') && remote === undefined ? await endOfLocal(path) : null
    throw end === null ? error : notGzip(path, end.offset, end.size, error)
  }
  await checkRest(path, unzip.bytesWritten, remote)
}

async function * unzstd (compressed: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  const { decompressZstd } = await import('../zstd/decompress.ts')
  yield * decompressZstd(compressed, path)
}

/**
 * Node stops at the first byte behind a gzip member that doesn't begin another one: zeros are padding, all else was
 * data.
 */
async function checkRest (path: string, offset: number, remote: ReadBytesOptions | undefined): Promise<void> {
  const [found] = remote === undefined ? [] : await findFiles(path, remote)
  const status = remote === undefined ? await stat(path) : null
  const size = found?.size ?? status!.size
  if (status?.isFile() === false || size <= offset) return
  for await (const chunk of remote === undefined ? createReadStream(path, { start: offset }) as AsyncIterable<Buffer> : readHubFile(path, { ...remote, offset })) {
    if (chunk.some(byte => byte !== 0)) throw notGzip(path, offset, size)
  }
}

/**
 * Where the gzip data of a damaged file ends and something else follows; null where that isn't so, or can't be looked
 * at.
 */
async function endOfLocal (path: string): Promise<{ readonly offset: number, readonly size: number } | null> {
  try {
    const status = await stat(path)
    if (!status.isFile()) return null // a pipe is read once
    const { gzipEnd } = await import('./gzip-end.ts')
    const offset = await gzipEnd(createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>)
    return offset === null || offset >= status.size ? null : { offset, size: status.size }
  } catch { // what was found first is reported
    return null
  }
}

function notGzip (path: string, offset: number, size: number, cause?: unknown): SluiceError {
  const left = size - offset
  return new SluiceError('ERR_SOURCE', `${path}: the gzip data ends at byte ${offset} of ${size}, and what follows (${left} byte${left === 1 ? '' : 's'}) is not gzip data; get the file again`, { cause })
}

/** The bytes from an offset on. @throws SluiceError `ERR_STATE` when there are fewer */
export async function * skipping (offset: number, bytes: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Buffer> {
  let before = 0
  for await (const piece of bytes) {
    const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    if (before + chunk.length > offset) yield before < offset ? chunk.subarray(offset - before) : chunk
    before += chunk.length
  }
  if (before < offset) throw new SluiceError('ERR_STATE', `${name}: the saved position is at byte ${offset}, but there are only ${before}; it was changed since`)
}
