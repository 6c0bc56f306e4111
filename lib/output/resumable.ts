import { createHash } from 'node:crypto'
import { type FileHandle, constants, copyFile, lstat, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { STANDARD_STREAM } from '../bytes.ts'
import { SluiceError } from '../errors.ts'
import { count, sha256Hex } from '../options.ts'
import { compressed } from './compressed.ts'
import { areFilesDisputed, checkLocks } from './held-locks.ts'
import {
  type Output, createTemporary, publish, removeTemporary, removeUnfinished, syncFolder, targetOf, writing
} from './output.ts'

/** The state of an output, from which a later run can resume. */
export const outputState = z.strictObject({
  /** Size of the file on disk, compressed or not. */
  bytes: count,
  /** SHA-256 of its last bytes, at most 64 KiB. */
  tail: sha256Hex
})

export type OutputState = Readonly<z.output<typeof outputState>>

/** An output that a later run can resume. */
export interface ResumableOutput extends Output {
  /** Syncs what was written, and returns the state for `openResumable`. After it, `abandon` keeps the file. */
  readonly mark: () => Promise<OutputState>
}

const TAIL_BYTES = 64 * 1024

/** Undefined on Windows, where the bitwise or then ignores it. */
const NO_FOLLOW = constants.O_NOFOLLOW

/**
 * The name of a resumable file until it is complete: the same in each run, so that it is found again. Only one run at a
 * time may write it.
 */
export function partialName (path: string): string {
  return `${path}.partial`
}

/** Whether an output can be resumed: it is a file, and not standard output, a device or a pipe. */
export async function isResumable (path: string): Promise<boolean> {
  if (path === STANDARD_STREAM) return false
  const there = await stat(path).catch(() => null)
  return there === null || there.isFile()
}

/**
 * Opens a file like `openOutput`, or resumes one.
 *
 * @param from the state returned by `mark`; null to start a new file
 * @throws SluiceError `ERR_OUTPUT`; `ERR_CHECKPOINT` if the file was deleted or changed
 */
export async function openResumable (path: string, from: OutputState | null): Promise<ResumableOutput> {
  return await writing(path, async () => {
    const target = await targetOf(path)
    if (target === null) throw new SluiceError('ERR_OUTPUT', `${path}: is a device or a pipe, expected a file`)
    const partial = partialName(target)
    const file = from === null
      ? await createTemporary(partial)
      : await reopen(target, from.bytes, async file => await tailOf(file, from.bytes) === from.tail)
    return resumable(path, target, file, from)
  })
}

/**
 * Opens a file that was being written when a run ended, and truncates it. If it already had its final name, a copy is
 * truncated instead, and the complete file is kept. A copy is also made if the run before may still be writing.
 *
 * @param bytes to keep @param isSame whether these bytes are unchanged
 * @throws SluiceError `ERR_CHECKPOINT` if they have changed, or there is no such file
 */
export async function reopen (
  path: string,
  bytes: number,
  isSame: (file: FileHandle) => Promise<boolean>
): Promise<FileHandle> {
  const partial = partialName(path)
  const isCopy = await sizeOf(partial) < bytes
  if (isCopy) {
    if (await sizeOf(path) < bytes) throw lost(partial, `has fewer than ${bytes} bytes, or doesn't exist`)
    await copyWhole(path, partial)
  } else if (areFilesDisputed()) await copyWhole(partial, partial)
  const file = await open(partial, constants.O_RDWR | NO_FOLLOW)
  try {
    if (!await isSame(file)) throw lost(isCopy ? path : partial, 'was changed since the checkpoint')
    await file.truncate(bytes)
  } catch (error) {
    await file.close()
    if (isCopy) await rm(partial, { force: true }) // otherwise it would hide the right file when that is restored
    throw error
  }
  return file
}

/**
 * Copies a file atomically: the copy gets its name once it is complete and synced. A copy of the same name replaces the
 * file, while processes that have it open keep the old one.
 */
async function copyWhole (from: string, to: string): Promise<void> {
  const temporary = `${to}.tmp`
  try {
    await removeTemporary(temporary)
    await copyFile(from, temporary, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
    const file = await open(temporary, constants.O_RDWR | NO_FOLLOW)
    await file.sync().finally(() => file.close())
    await checkLocks()
    await rename(temporary, to)
  } catch (error) {
    await removeUnfinished(temporary).catch(() => {}) // report the first error
    throw error
  }
}

/** The error for a file of a checkpoint that was deleted or changed. */
export function lost (path: string, why: string): SluiceError {
  return new SluiceError('ERR_CHECKPOINT', `${path}: ${why}, so the run can't be resumed; ` +
    'put it back, or start over with --restart')
}

function resumable (path: string, target: string, file: FileHandle, from: OutputState | null): ResumableOutput {
  const partial = partialName(target)
  let bytes = from?.bytes ?? 0
  let isMarked = from !== null
  let isNamed = false // whether the directory entry is synced
  const raw: Output = {
    write: async chunk => {
      await writing(path, () => writeAll(file, chunk, bytes))
      bytes += chunk.length
    },
    commit: () => writing(path, () => publish(file, target, partial)),
    async abandon () {
      await file.close().catch(() => {})
      if (!isMarked) await removeUnfinished(partial)
    }
  }
  const output = compressed(path, raw)
  return {
    ...output,
    async mark () {
      await output.part()
      return await writing(path, async () => {
        await file.sync()
        if (!isNamed) await syncFolder(dirname(target)) // a copy has a new name too
        isMarked = isNamed = true
        return { bytes, tail: await tailOf(file, bytes) }
      })
    }
  }
}

/** Writes at a position, unlike `appendFile` of a handle, which writes where its last read or write ended. */
export async function writeAll (file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += (await file.write(bytes, written, bytes.length - written, position + written)).bytesWritten
  }
}

async function tailOf (file: FileHandle, bytes: number): Promise<string> {
  const tail = Buffer.alloc(Math.min(bytes, TAIL_BYTES))
  await file.read(tail, 0, tail.length, bytes - tail.length)
  return createHash('sha256').update(tail).digest('hex')
}

/** The size of a file; -1 if it doesn't exist or isn't a regular file. */
async function sizeOf (path: string): Promise<number> {
  const there = await lstat(path).catch(() => null)
  return there?.isFile() === true ? there.size : -1
}
