import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { isAbsolute, relative } from 'node:path'
import { addAbortSignal, pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { glob, isDynamicPattern } from 'tinyglobby'
import { SluiceError, codeOf, messageOf } from './errors.ts'

/** The name that stands for standard input, and for standard output. */
export const STANDARD_STREAM = '-'

/** A path, a glob, or a list of both; `-` is standard input. */
export type FileNames = string | readonly string[]

/** A file to read. */
export interface InputFile {
  /** As it was given, or as the glob gave it. */
  readonly path: string
  /** Bytes on disk, compressed as they are; null where that can't be known (standard input). */
  readonly size: number | null
}

export interface ReadBytesOptions {
  /** Where to start, in bytes of the decompressed content. @default 0 */
  readonly offset?: number
  /** Stops reading and closes the file when it fires. */
  readonly signal?: AbortSignal
  /** Told after each chunk how many bytes of the file itself, compressed as it is, have been read. */
  readonly onRead?: (bytesRead: number) => void
}

/** Reads in larger steps than Node's 64 KiB: fewer trips through the event loop and the thread pool. */
const CHUNK_BYTES = 256 * 1024

/**
 * The files that the names stand for: in the order given, a glob's in code-unit order.
 *
 * @throws SluiceError `ERR_FILES` for a file that is missing or no file, and for a glob that matches nothing
 */
export async function findFiles (names: FileNames): Promise<InputFile[]> {
  const found: InputFile[] = []
  for (const name of typeof names === 'string' ? [names] : names) {
    for (const path of await pathsOf(name)) found.push({ path, size: await sizeOf(path) })
  }
  if (found.length === 0) throw new SluiceError('ERR_FILES', 'no input file was named')
  return found
}

/**
 * What a document's id starts with: the path as it was given; an absolute path is made relative to the
 * working directory, so that ids don't tell where on a machine the corpus was kept.
 */
export function documentPath (path: string): string {
  return isAbsolute(path) ? relative(process.cwd(), path) : path
}

/**
 * The content of a file, chunk by chunk, decompressed where its name ends in `.gz`.
 *
 * @throws SluiceError `ERR_FILES` when it can't be opened, `ERR_SOURCE` when it is damaged or cut off
 */
export async function * readBytes (path: string, { offset = 0, signal, onRead }: ReadBytesOptions = {}): AsyncGenerator<Buffer> {
  let given = 0 // bytes of decompressed content so far, those before `offset` included
  try {
    if (path === STANDARD_STREAM) {
      yield * skipping(offset, signal === undefined ? process.stdin : addAbortSignal(signal, process.stdin))
      return
    }
    const compressed = path.endsWith('.gz')
    const file = createReadStream(path, { start: compressed ? 0 : offset, highWaterMark: CHUNK_BYTES, ...(signal && { signal }) })
    // pipeline, not pipe: either stream's failure ends the other one; the loop below is told of it by `bytes`
    const bytes = compressed ? pipeline(file, createGunzip({ chunkSize: CHUNK_BYTES }), () => {}) : file
    for await (const chunk of skipping(compressed ? offset : 0, bytes as AsyncIterable<Buffer>)) {
      given += chunk.length
      onRead?.(file.bytesRead + (compressed ? 0 : offset))
      yield chunk
    }
  } catch (error) {
    throw signal?.aborted === true ? error : readError(path, offset + given, error)
  }
}

/** The bytes from an offset on. */
export async function * skipping (offset: number, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let before = 0
  for await (const piece of bytes) {
    const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    if (before + chunk.length > offset) yield before < offset ? chunk.subarray(offset - before) : chunk
    before += chunk.length
  }
}

async function pathsOf (name: string): Promise<string[]> {
  // A file whose name has glob characters in it is found by that name first.
  if (name === STANDARD_STREAM || !isDynamicPattern(name) || await stat(name).catch(() => null) !== null) return [name]
  const paths = await glob(name, { onlyFiles: true, dot: false, expandDirectories: false })
  if (paths.length === 0) throw new SluiceError('ERR_FILES', `${name}: no file matches this glob in ${process.cwd()}`)
  return paths.sort() // the default order is by code units
}

async function sizeOf (path: string): Promise<number | null> {
  if (path === STANDARD_STREAM) return null
  try {
    const status = await stat(path)
    if (status.isDirectory()) throw new SluiceError('ERR_FILES', `${path}: is a folder, expected a file; a glob names the files in it: ${path.replace(/\/$/, '')}/*`)
    return status.isFile() ? status.size : null // a named pipe has no size
  } catch (error) {
    throw error instanceof SluiceError ? error : readError(path, 0, error)
  }
}

const UNOPENED: Record<string, string> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
  EISDIR: 'is a folder, expected a file'
}

function readError (path: string, offset: number, cause: unknown): SluiceError {
  const code = codeOf(cause) ?? ''
  const unopened = UNOPENED[code]
  if (unopened !== undefined) return new SluiceError('ERR_FILES', `${path}: ${unopened}`, { cause })
  if (code === 'Z_BUF_ERROR') {
    return new SluiceError('ERR_SOURCE', `${path}: the gzip data is cut off after ${offset} decompressed bytes, expected more; get the file again`, { cause })
  }
  if (code.startsWith('Z_')) {
    return new SluiceError('ERR_SOURCE', `${path}: damaged gzip data after ${offset} decompressed bytes (${messageOf(cause)}); get the file again`, { cause })
  }
  return new SluiceError('ERR_SOURCE', `${path}: reading failed at byte ${offset}: ${messageOf(cause)}`, { cause })
}
