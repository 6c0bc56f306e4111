import { type FileHandle, mkdir, open, readdir, realpath, rename, rm, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { STANDARD_STREAM } from '../bytes.ts'
import { SluiceError, codeOf, reasonOf } from '../errors.ts'
import { compressed } from './compressed.ts'

/** Where bytes go: nothing is seen under the final name before `commit`, and nothing is left after `abandon`. */
export interface Output {
  /** Resolves once more can be taken. */
  readonly write: (bytes: Buffer) => Promise<void>
  readonly commit: () => Promise<void>
  readonly abandon: () => Promise<void>
}

/**
 * Opens a file for writing, its folder made where it is missing; `.gz` and `.zst` compress. `-` is standard output.
 * A file that stands under the name is replaced by `commit`, at once and whole.
 *
 * @throws SluiceError `ERR_OUTPUT`, as each method of what it returns does
 */
export async function openOutput (path: string): Promise<Output> {
  if (path === STANDARD_STREAM) return standardOutput()
  return compressed(path, await openFile(path))
}

/** Writes a whole file: the old content stands until the new one is complete. @throws SluiceError `ERR_OUTPUT` */
export async function writeFileWhole (path: string, content: string | Uint8Array<ArrayBuffer>): Promise<void> {
  const output = await openOutput(path)
  try {
    await output.write(Buffer.from(content))
    await output.commit()
  } catch (error) {
    await output.abandon()
    throw error
  }
}

/**
 * The name that a file has while it is written: in the same folder, so that it can be renamed, and with the process in
 * it, so that two runs don't write into one file and what a killed run has left can be told from what is being written.
 */
export function temporaryName (path: string): string {
  return `${path}.${process.pid}.tmp`
}

/**
 * Creates a file under the temporary name that it has until it is whole. What stands there, left by a run that was killed
 * or put there by somebody else, is deleted: a link under such a name is never followed.
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
  // Not by `recursive`: Node tries for ever where the folder above is there, and mkdir says ENOENT all the same, as in /proc.
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

/** Whether a file can be written, known before the work whose result it is to hold. @throws SluiceError `ERR_OUTPUT` */
export async function checkWritable (path: string): Promise<void> {
  const output = await openOutput(path)
  await output.abandon()
}

async function openFile (path: string): Promise<Output> {
  return await writing(path, async () => {
    const target = await targetOf(path)
    return target === null ? await openDirectly(path) : await openReplacing(path, target)
  })
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
  if (there?.isDirectory() === true) throw new SluiceError('ERR_OUTPUT', `${path}: is a folder, expected the name of a file`)
  if (there === null) return path
  return there.isFile() ? await realpath(path) : null
}

async function openReplacing (name: string, path: string): Promise<Output> {
  await removeLeftovers(dirname(path), file => file === basename(path))
  const file = await createTemporary(temporaryName(path))
  return {
    write: bytes => writing(name, () => file.appendFile(bytes)),
    commit: () => writing(name, () => publish(file, path)),
    async abandon () {
      await file.close().catch(() => {})
      await rm(temporaryName(path), { force: true })
    }
  }
}

async function openDirectly (path: string): Promise<Output> {
  const file = await open(path, 'w')
  return {
    write: bytes => writing(path, () => file.appendFile(bytes)),
    commit: () => writing(path, () => file.close()),
    abandon: () => file.close().catch(() => {})
  }
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

/** Standard output, or standard error; a reader that has gone away is told by EPIPE, not as ERR_OUTPUT. */
export function standardOutput (stream: NodeJS.WriteStream = process.stdout): Output {
  stream.off('error', ignore).on('error', ignore) // each write's own callback is told of it
  return {
    write: bytes => writing('standard output', () => new Promise((resolve, reject) => {
      stream.write(bytes, error => { error == null ? resolve() : reject(error) })
    })),
    commit: async () => {},
    abandon: async () => {}
  }
}

function ignore (): void {}
