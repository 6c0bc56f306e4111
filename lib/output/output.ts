import { type FileHandle, mkdir, open, readdir, realpath, rename, rm, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SluiceError, codeOf, reasonOf } from '../errors.ts'
import { checkLocks, hasAllLocks } from './held-locks.ts'

/** A file that is being written: it gets its final name by `commit`, and `abandon` deletes it. */
export interface Output {
  /** Resolves once more can be written. */
  readonly write: (bytes: Buffer) => Promise<void>
  readonly commit: () => Promise<void>
  readonly abandon: () => Promise<void>
}

/**
 * The name of a file while it is written. It is in the same folder, so that it can be renamed, and has the process id,
 * so that two runs don't write the same file, and files left by a killed run can be recognized.
 */
export function temporaryName (path: string): string {
  return `${path}.${process.pid}.tmp`
}

/**
 * Creates a file under its temporary name. A file or link that has this name, left by a killed run or anything else, is
 * deleted; a link is never followed.
 *
 * @throws SluiceError `ERR_LOCKED` when this run has lost a lock: the file may be another run's
 */
export async function createTemporary (path: string): Promise<FileHandle> {
  await checkLocks()
  await removeTemporary(path)
  return await open(path, 'wx+')
}

/** Deletes a file under a temporary name; a link is deleted itself. */
export async function removeTemporary (path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => { if (codeOf(error) !== 'ENOENT') throw error })
}

/** Deletes an unfinished file, unless this run has lost a lock: then another run may be writing a file of that name. */
export async function removeUnfinished (path: string): Promise<void> {
  if (await hasAllLocks()) await rm(path, { force: true })
}

/** Deletes temporary files that killed runs have left in a folder. @param isOurs tests the final name of a file */
export async function removeLeftovers (folder: string, isOurs: (name: string) => boolean): Promise<void> {
  for (const name of await readdir(folder)) {
    const [whole, file, pid] = /^(.*)\.(\d+)\.tmp$/s.exec(name) ?? []
    if (whole !== undefined && isOurs(file!) && !isRunning(Number(pid))) await rm(join(folder, name), { force: true })
  }
}

/** Creates a folder and its missing parents, and syncs them, so that they survive a power failure. */
export async function makeFolder (path: string): Promise<void> {
  // Not by `recursive`: Node retries forever if the parent exists and mkdir still fails with ENOENT, as in /proc.
  if (await isFolder(path)) return
  if (dirname(path) !== path) await makeFolder(dirname(path))
  try {
    await mkdir(path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && await isFolder(path)) return // another process has just created it
    if (codeOf(error) !== 'ENOENT') throw error
    throw new SluiceError('ERR_OUTPUT', `${path}: this folder can't be created; name another one`, { cause: error })
  }
  await syncFolder(dirname(path))
}

async function isFolder (path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() === true
}

/**
 * Syncs and closes a file, gives it its final name, and syncs the folder, so that it survives a power failure.
 *
 * @throws SluiceError `ERR_LOCKED` when this run has lost a lock
 */
export async function publish (file: FileHandle, path: string, writtenAs: string = temporaryName(path)): Promise<void> {
  await file.sync()
  await file.close()
  await checkLocks()
  await rename(writtenAs, path)
  await syncFolder(dirname(path))
}

/** Syncs a folder, so that the names in it survive a power failure. */
export async function syncFolder (path: string): Promise<void> {
  const folder = await open(path)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Runs work that writes to `path`. @throws SluiceError `ERR_OUTPUT` with the path, for a system error */
export async function writing<T> (path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof SluiceError || codeOf(cause) === 'EPIPE') throw cause
    throw new SluiceError('ERR_OUTPUT', `${path}: cannot be written: ${reasonOf(cause)}`, { cause })
  }
}

/**
 * The file that an output replaces, with its folder created; for a link, its target. Null for a device or a pipe, which
 * is written to and not replaced.
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

/** Whether another process with this id is running. A file with the id of this process is from an earlier one. */
export function isRunning (pid: number): boolean {
  if (pid === process.pid) return false // see above
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}
