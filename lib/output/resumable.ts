import { createHash } from 'node:crypto'
import { type FileHandle, constants, copyFile, lstat, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { STANDARD_STREAM } from '../bytes.ts'
import { SluiceError } from '../errors.ts'
import { count, sha256Hex } from '../options.ts'
import { compressed } from './compressed.ts'
import { type Output, createTemporary, publish, removeTemporary, syncFolder, targetOf, writing } from './output.ts'

/** How far an output has come: what a later run needs to go on behind it. */
export const outputState = z.strictObject({
  /** Of the file, compressed as it is. */
  bytes: count,
  /** SHA-256 of the last bytes of these, 64 KiB at most. */
  tail: sha256Hex
})

export type OutputState = Readonly<z.output<typeof outputState>>

/** An output that a later run can go on with. */
export interface ResumableOutput extends Output {
  /** Syncs what was written; `openResumable` goes on behind it. From then on `abandon` keeps the file. */
  readonly mark: () => Promise<OutputState>
}

const TAIL_BYTES = 64 * 1024

/** Undefined on Windows, which changes nothing in a sum of bits. */
const NO_FOLLOW = constants.O_NOFOLLOW

/**
 * The name that a resumable file has until it is whole: the same in each run, so that it is found again. One run at a
 * time.
 */
export function partialName (path: string): string {
  return `${path}.partial`
}

/** Whether an output is a file that can be gone on with, and neither standard output nor a device or a pipe. */
export async function isResumable (path: string): Promise<boolean> {
  if (path === STANDARD_STREAM) return false
  const there = await stat(path).catch(() => null)
  return there === null || there.isFile()
}

/**
 * Opens a file as `openOutput` does, or goes on behind a mark.
 *
 * @param from what `mark` gave; null begins anew
 * @throws SluiceError `ERR_OUTPUT`; `ERR_CHECKPOINT` when what was marked isn't there any more
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
 * Opens the first bytes of a file that was being written when a run ended, and drops what is behind them. Where it had
 * got its final name by then, a copy of these bytes is made: the whole file stays what it is.
 *
 * @param isSame whether they are what they were
 * @throws SluiceError `ERR_CHECKPOINT` when they aren't, or there is neither
 */
export async function reopen (
  path: string,
  bytes: number,
  isSame: (file: FileHandle) => Promise<boolean>
): Promise<FileHandle> {
  const partial = partialName(path)
  const isCopy = await sizeOf(partial) < bytes
  if (isCopy) {
    if (await sizeOf(path) < bytes) throw lost(partial, `has fewer than ${bytes} bytes, or is not there`)
    await copyWhole(path, partial)
  }
  const file = await open(partial, constants.O_RDWR | NO_FOLLOW)
  try {
    if (!await isSame(file)) throw lost(isCopy ? path : partial, 'was changed since the checkpoint')
    await file.truncate(bytes)
  } catch (error) {
    await file.close()
    if (isCopy) await rm(partial, { force: true }) // else it would hide the right file, once that is put back
    throw error
  }
  return file
}

/** Copies a file so that it has its name only once it is whole, and on the disk. */
async function copyWhole (from: string, to: string): Promise<void> {
  const temporary = `${to}.tmp`
  try {
    await removeTemporary(temporary)
    await copyFile(from, temporary, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
    const file = await open(temporary, constants.O_RDWR | NO_FOLLOW)
    await file.sync().finally(() => file.close())
    await rename(temporary, to)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {}) // the first error is the reason
    throw error
  }
}

/** What a checkpoint counts on is gone. */
export function lost (path: string, why: string): SluiceError {
  return new SluiceError('ERR_CHECKPOINT', `${path}: ${why}, so that the run can't go on behind it; ` +
    'put it back, or start over with --restart')
}

function resumable (path: string, target: string, file: FileHandle, from: OutputState | null): ResumableOutput {
  const partial = partialName(target)
  let bytes = from?.bytes ?? 0
  let isMarked = from !== null
  let isNamed = false // on the disk
  const raw: Output = {
    write: async chunk => {
      await writing(path, () => writeAll(file, chunk, bytes))
      bytes += chunk.length
    },
    commit: () => writing(path, () => publish(file, target, partial)),
    async abandon () {
      await file.close().catch(() => {})
      if (!isMarked) await rm(partial, { force: true })
    }
  }
  const output = compressed(path, raw)
  return {
    ...output,
    async mark () {
      await output.part()
      return await writing(path, async () => {
        await file.sync()
        if (!isNamed) await syncFolder(dirname(target)) // a copy, too, has a new name
        isMarked = isNamed = true
        return { bytes, tail: await tailOf(file, bytes) }
      })
    }
  }
}

/** Writes at a position: `appendFile` of a handle writes where its last read or write ended. */
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

/** -1 where there is no such file, or it is a link or anything else. */
async function sizeOf (path: string): Promise<number> {
  const there = await lstat(path).catch(() => null)
  return there?.isFile() === true ? there.size : -1
}
