import { type FileHandle, mkdir, open, readdir, realpath, rename, rm, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SluiceError, codeOf, reasonOf } from '../errors.ts'

/** Where bytes go: nothing is seen under the final name before `commit`, and nothing is left after `abandon`. */
export interface Output {
  /** Resolves once more can be taken. */
  readonly write: (bytes: Buffer) => Promise<void>
  readonly commit: () => Promise<void>
  readonly abandon: () => Promise<void>
}

/**
 * The name that a file has while it is written: in the same folder, so that it can be renamed, and with the process in
 * it, so that two runs don't write into one file and what a killed run has left can be told from what is being written.
 */
export function temporaryName (path: string): string {
  return `${path}.${process.pid}.tmp`
}

/**
 * Creates a file under the temporary name that it has until it is whole. What stands there, left by a run that was
 * killed or put there by somebody else, is deleted: a link under such a name is never followed.
 */
export async function createTemporary (path: string): Promise<FileHandle> {
  await removeTemporary(path)
  return await open(path, 'wx+')
}

/** Deletes what stands under a temporary name: of a link, the link itself. */
export async function removeTemporary (path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => { if (codeOf(error) !== 'ENOENT') throw error })
}

/** Deletes what runs that were killed have left of the files of a folder, by their final names. */
export async function removeLeftovers (folder: string, isOurs: (name: string) => boolean): Promise<void> {
  for (const name of await readdir(folder)) {
    const [whole, file, pid] = /^(.*)\.(\d+)\.tmp$/s.exec(name) ?? []
    if (whole !== undefined && isOurs(file!) && !isRunning(Number(pid))) await rm(join(folder, name), { force: true })
  }
}

/** Makes a folder, and those above it, where they are missing; they are there after a power cut. */
export async function makeFolder (path: string): Promise<void> {
  // Not by `recursive`: Node tries for ever where the folder above is there, and mkdir says ENOENT all the same, as in
  // /proc.
  if (await isFolder(path)) return
  if (dirname(path) !== path) await makeFolder(dirname(path))
  try {
    await mkdir(path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && await isFolder(path)) return // somebody else has made it just now
    if (codeOf(error) !== 'ENOENT') throw error
    throw new SluiceError('ERR_OUTPUT', `${path}: no folder can be made there; name another place`, { cause: error })
  }
  await syncFolder(dirname(path))
}

async function isFolder (path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() === true
}

/** Syncs a file, closes it, gives it its final name, and syncs the folder, so that it is there after a power cut. */
export async function publish (file: FileHandle, path: string, writtenAs: string = temporaryName(path)): Promise<void> {
  await file.sync()
  await file.close()
  await rename(writtenAs, path)
  await syncFolder(dirname(path))
}

/** Makes sure that the names in a folder are there after a power cut. */
export async function syncFolder (path: string): Promise<void> {
  const folder = await open(path)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Does what writes to `path`. @throws SluiceError `ERR_OUTPUT` with the path, for a system error */
export async function writing<T> (path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof SluiceError || codeOf(cause) === 'EPIPE') throw cause
    throw new SluiceError('ERR_OUTPUT', `${path}: cannot be written: ${reasonOf(cause)}`, { cause })
  }
}

/**
 * The file that an output replaces, its folder made: behind a link, the one that it names. Null for a device or a pipe,
 * which is written to, not replaced.
 *
 * @throws SluiceError `ERR_OUTPUT` for a folder
 */
export async function targetOf (path: string): Promise<string | null> {
  if (path.endsWith('/')) throw new SluiceError('ERR_OUTPUT', `${path}: is a folder, expected the name of a file`)
  await makeFolder(dirname(path))
  const there = await stat(path).catch(() => null)
  if (there?.isDirectory() === true) {
    throw new SluiceError('ERR_OUTPUT', `${path}: is a folder, expected the name of a file`)
  }
  if (there === null) return path
  return there.isFile() ? await realpath(path) : null
}

/** Whether another process has this id; what has our own is of an earlier process. */
export function isRunning (pid: number): boolean {
  if (pid === process.pid) return false // ours are gone, or not yet begun
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}
