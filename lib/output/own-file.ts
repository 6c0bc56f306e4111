import { constants as bufferLimits } from 'node:buffer'
import { constants, open, stat } from 'node:fs/promises'
import { STANDARD_STREAM } from '../bytes.ts'
import { SluiceError, codeOf } from '../errors.ts'
import { readBytes } from '../input/read.ts'
import { writeFileWhole } from './open.ts'

/** A kind of file that sluice writes next to the data, for users or later runs, and recognizes by its content. */
export interface OwnKind {
  /** Its name in messages, such as `the stats of a run`. */
  readonly what: string
  /** How many bytes of a file are needed to recognize it. */
  readonly bytes: number
  /** Whether a file with this content, up to `bytes` of it, is of this kind. */
  readonly isOwn: (content: string) => boolean
}

/** Bytes needed to recognize a text. */
const FIRST_BYTES = 4096

/** Longer JSON is not a file of sluice. */
export const MOST_BYTES = 2 ** 28

/** A longer file can't be read into a string, nor was it written from one. */
const LONGEST = bufferLimits.MAX_STRING_LENGTH

/** Opening a pipe must not block. On Windows these flags are undefined, which has no effect in a bitwise or. */
const DONT_WAIT = constants.O_NONBLOCK
const DONT_FOLLOW = constants.O_NOFOLLOW

/** JSON files: an object with these keys. */
export function jsonKind (what: string, ...keys: readonly string[]): OwnKind {
  return { what, bytes: MOST_BYTES, isOwn: content => hasKeys(content, keys) }
}

/** Text files that start with a pattern. */
export function textKind (what: string, beginning: RegExp): OwnKind {
  return { what, bytes: FIRST_BYTES, isOwn: content => beginning.test(content) }
}

function hasKeys (json: string, keys: readonly string[]): boolean {
  if (!/^\s*\{/.test(json)) return false
  try {
    const content = JSON.parse(json) as object
    return keys.every(key => key in content)
  } catch {
    return false
  }
}

/**
 * Reads a file that sluice may have written; null if it doesn't exist. It doesn't block on a pipe.
 *
 * @throws SluiceError `ERR_OUTPUT` for a pipe, a device, a file that is too long, or, without `follow`, a link; system
 *   errors
 */
export async function readOwn (path: string, { follow = true } = {}): Promise<string | null> {
  return (await readOwnBytes(path, { follow }))?.toString('utf8') ?? null
}

/** Like `readOwn`, without decoding. */
export async function readOwnBytes (path: string, { follow = true } = {}): Promise<Buffer | null> {
  const file = await open(path, constants.O_RDONLY | DONT_WAIT | (follow ? 0 : DONT_FOLLOW)).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null
    throw codeOf(error) === 'ELOOP' || codeOf(error) === 'ENXIO' ? noFile(path, error) : error
  })
  if (file === null) return null
  try {
    const status = await file.stat()
    if (!status.isFile() && !status.isDirectory()) throw noFile(path) // reading a folder is a system error
    if (status.size > LONGEST) throw tooLong(path, status.size)
    return await file.readFile()
  } finally {
    await file.close()
  }
}

function noFile (path: string, cause?: unknown): SluiceError {
  return new SluiceError('ERR_OUTPUT', `${path}: is a link, a pipe or a device, expected a file; ` +
    'move it away', { cause })
}

function tooLong (path: string, size: number): SluiceError {
  const expected = `expected a file of sluice, which has ${LONGEST} at most`
  return new SluiceError('ERR_OUTPUT', `${path}: has ${size} bytes, ${expected}; move it away`)
}

/**
 * Checks the file that a file of a kind would replace: it must be of the same kind, or empty. A pipe or a device is
 * written to and not replaced.
 *
 * @throws SluiceError `ERR_OUTPUT_EXISTS` for any other file
 */
export async function refuseForeign (path: string, kind: OwnKind): Promise<void> {
  const there = path === STANDARD_STREAM ? null : await stat(path).catch(() => null)
  if (there?.isFile() !== true || there.size === 0) return
  const content = there.size > MOST_BYTES && kind.bytes === MOST_BYTES ? null : await beginningOf(path, kind.bytes)
  if (content === '' || (content !== null && kind.isOwn(content))) return
  throw new SluiceError('ERR_OUTPUT_EXISTS', `${path}: is not ${kind.what}, which would replace it; ` +
    'name another file, or move this one away')
}

/** Writes a file of a kind, as `writeFileWhole`. @throws SluiceError as `refuseForeign`, and `ERR_OUTPUT` */
export async function writeOwn (path: string, content: string, kind: OwnKind): Promise<void> {
  await refuseForeign(path, kind)
  await writeFileWhole(path, content)
}

/** The beginning of a file, decompressed by its name; null if that fails. */
async function beginningOf (path: string, bytes: number): Promise<string | null> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of readBytes(path)) {
      chunks.push(chunk)
      if ((length += chunk.length) >= bytes) break
    }
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    return null
  }
  return Buffer.concat(chunks).toString()
}
