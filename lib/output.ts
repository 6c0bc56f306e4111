import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createGzip } from 'node:zlib'
import { SluiceError, codeOf, messageOf } from './errors.ts'
import { STANDARD_STREAM } from './files.ts'

/** Where bytes go: nothing is seen under the final name before `commit`, and nothing is left after `abandon`. */
export interface Output {
  /** Resolves once more can be taken. */
  readonly write: (bytes: Buffer) => Promise<void>
  readonly commit: () => Promise<void>
  readonly abandon: () => Promise<void>
}

/**
 * Opens a file for writing, its folder made where it is missing; `.gz` compresses. `-` is standard output.
 * A file that stands under the name is replaced by `commit`, at once and whole.
 *
 * @throws SluiceError `ERR_OUTPUT`, as each method of what it returns does
 */
export async function openOutput (path: string): Promise<Output> {
  if (path === STANDARD_STREAM) return standardOutput()
  const file = await openFile(path)
  return path.endsWith('.gz') ? gzipped(file) : file
}

/** Writes a whole file: the old content stands until the new one is complete. @throws SluiceError `ERR_OUTPUT` */
export async function writeFileWhole (path: string, content: string): Promise<void> {
  const output = await openOutput(path)
  try {
    await output.write(Buffer.from(content))
    await output.commit()
  } catch (error) {
    await output.abandon()
    throw error
  }
}

/** The name that a file has while it is written: in the same folder, so that it can be renamed. */
export function temporaryName (path: string): string {
  return `${path}.tmp`
}

/** Syncs a file, closes it, gives it its final name, and syncs the folder, so that it is there after a power cut. */
export async function publish (file: FileHandle, path: string): Promise<void> {
  await file.sync()
  await file.close()
  await rename(temporaryName(path), path)
  const folder = await open(dirname(path))
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
    const advice = codeOf(cause) === 'ENOSPC' ? '; make room and run it again' : ''
    throw new SluiceError('ERR_OUTPUT', `${path}: cannot be written: ${messageOf(cause)}${advice}`, { cause })
  }
}

async function openFile (path: string): Promise<Output> {
  const file = await writing(path, async () => {
    await mkdir(dirname(path), { recursive: true })
    return await open(temporaryName(path), 'w')
  })
  return {
    write: bytes => writing(path, () => file.appendFile(bytes)),
    commit: () => writing(path, () => publish(file, path)),
    async abandon () {
      await file.close().catch(() => {})
      await rm(temporaryName(path), { force: true })
    }
  }
}

function gzipped (file: Output): Output {
  const gzip = createGzip()
  const drained = (async () => { for await (const chunk of gzip) await file.write(chunk as Buffer) })()
  drained.catch(() => {}) // `write` and `commit` tell of it
  return {
    async write (bytes) {
      try {
        await new Promise<void>((resolve, reject) => { gzip.write(bytes, error => { error == null ? resolve() : reject(error) }) })
      } catch (error) {
        await drained // where writing failed, that is the reason why the compressor was stopped
        throw error
      }
    },
    async commit () {
      gzip.end()
      await drained
      await file.commit()
    },
    async abandon () {
      gzip.destroy()
      await drained.catch(() => {})
      await file.abandon()
    }
  }
}

function standardOutput (): Output {
  const { stdout } = process
  stdout.off('error', ignore).on('error', ignore) // each write's own callback is told of it
  return {
    write: bytes => writing('standard output', () => new Promise((resolve, reject) => {
      stdout.write(bytes, error => { error == null ? resolve() : reject(error) })
    })),
    commit: async () => {},
    abandon: async () => {}
  }
}

function ignore (): void {}
