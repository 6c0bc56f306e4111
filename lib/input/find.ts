import { lstat, stat } from 'node:fs/promises'
import { isAbsolute, relative } from 'node:path'
import { type FileNames, type InputFile, STANDARD_STREAM } from '../bytes.ts'
import { SluiceError, codeOf } from '../errors.ts'
import { isHubName, withoutRevision } from '../hub/address.ts'
import { notLocal } from '../not-local.ts'
import type { RemoteOptions } from './hub.ts'
import { readError } from './read-error.ts'

/**
 * The path that ids of documents start with: the path of their file as given. An absolute path is made relative to the
 * working directory, so that ids don't depend on the machine. The name of a file on the Hub loses its revision.
 */
export function documentPath (path: string): string {
  if (isHubName(path)) return withoutRevision(path)
  return isAbsolute(path) ? relative(process.cwd(), path) : path
}

/** Whether a file is compressed, by its name: then offsets in its content are not offsets on disk. */
export function isCompressed (path: string): boolean {
  return /\.(gz|zst)$/.test(path)
}

/**
 * Finds the files that names and globs refer to, in the given order; those of a glob in code-unit order, each once (see
 * `findByGlob`).
 *
 * @throws SluiceError `ERR_FILES` with a line for each missing file, folder, glob without a match, and unsupported URL
 *   (see `notLocal`)
 */
export async function findFiles (names: FileNames, remote: RemoteOptions = {}): Promise<InputFile[]> {
  const all = typeof names === 'string' ? [names] : names
  if (all.length === 0) throw new SluiceError('ERR_FILES', 'no input file was given')
  if (!all.some(isHubName)) return await findLocal(all, remote.signal)
  const { clientOf, findOnHub } = await import('./hub.ts')
  const client = await clientOf(remote)
  const found: InputFile[] = []
  for (let at = 0; at < all.length;) {
    const isOnHub = isHubName(all[at]!)
    const end = all.findIndex((name, i) => i > at && isHubName(name) !== isOnHub)
    const group = all.slice(at, end === -1 ? Infinity : end)
    const files = isOnHub ? await findOnHub(group, { ...remote, client }) : await findLocal(group, remote.signal)
    for (const file of files) found.push(file) // not spread: 100,000 arguments overflow the stack
    at += group.length
  }
  return found
}

async function findLocal (names: readonly string[], signal: AbortSignal | undefined): Promise<InputFile[]> {
  const found: InputFile[] = []
  const mistakes: string[] = []
  for (const name of names) {
    try {
      for (const path of await pathsOf(name, signal)) found.push({ path, size: await sizeOf(path) })
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error
      mistakes.push(error.message)
    }
  }
  if (mistakes.length > 0) throw new SluiceError('ERR_FILES', mistakes.join('\n'))
  return found
}

async function pathsOf (name: string, signal: AbortSignal | undefined): Promise<string[]> {
  // A name with glob characters may be that of a file.
  if (name === STANDARD_STREAM || await lstat(name).catch(() => null) !== null) return [name]
  const elsewhere = notLocal(name)
  if (elsewhere !== null) throw new SluiceError('ERR_FILES', elsewhere)
  const { findByGlob, isLocalGlob } = await import('./glob.ts')
  if (!isLocalGlob(name)) return [name]
  const paths = await findByGlob(name, signal).catch((error: unknown) => {
    if (error instanceof SluiceError || signal?.aborted === true) throw error
    throw readError((error as NodeJS.ErrnoException).path ?? name, 0, error)
  })
  if (paths.length === 0) throw new SluiceError('ERR_FILES', `${name}: no file matches this glob in ${process.cwd()}`)
  return paths
}

async function sizeOf (path: string): Promise<number | null> {
  if (path === STANDARD_STREAM) return null
  try {
    const status = await stat(path)
    if (status.isDirectory()) {
      throw new SluiceError('ERR_FILES', `${path}: is a folder, expected a file; ` +
        `to read the files in it, use the glob ${path.replace(/\/$/, '')}/*`)
    }
    return status.isFile() ? status.size : null // a named pipe has no size
  } catch (error) {
    const dangling = codeOf(error) === 'ENOENT' ? await (await import('./glob.ts')).danglingLink(path) : null
    if (dangling !== null) throw new SluiceError('ERR_FILES', dangling, { cause: error })
    throw error instanceof SluiceError ? error : readError(path, 0, error)
  }
}
