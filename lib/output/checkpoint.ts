import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SluiceError, reasonOf } from '../errors.ts'
import { sha256 } from '../hash.ts'
import { checkLocks } from './held-locks.ts'
import { makeFolder, removeTemporary, removeUnfinished, syncFolder, writing } from './output.ts'
import { MOST_BYTES, type OwnKind, readOwn, refuseForeign, textKind } from './own-file.ts'

/** The version of the format; the key `sluice_checkpoint` tells a checkpoint from other JSON. */
const FORMAT = 1

/**
 * Replaces a checkpoint atomically: the old one is kept until the new one and its name are synced to disk. Only one run
 * at a time may write it.
 *
 * @param content plain JSON
 * @throws SluiceError `ERR_OUTPUT`, or `ERR_LOCKED` when this run has lost a lock; then the old one is kept
 */
export async function writeCheckpoint (path: string, content: unknown): Promise<void> {
  const json = JSON.stringify(content)
  const temporary = `${path}.tmp`
  await writing(path, async () => {
    await makeFolder(dirname(path))
    try {
      await checkLocks() // it may be another run's
      await removeTemporary(temporary)
      const file = await open(temporary, 'wx')
      try {
        await file.writeFile(`{"sluice_checkpoint":${FORMAT},"sha256":"${sha256(json)}","content":${json}}\n`)
        await file.sync()
      } finally {
        await file.close()
      }
      await checkLocks()
      await rename(temporary, path)
    } catch (error) {
      await removeUnfinished(temporary).catch(() => {}) // the first error is the reason
      throw error
    }
    await syncFolder(dirname(path))
  })
}

/**
 * Reads the content given to `writeCheckpoint`; null if there is no such file.
 *
 * @throws SluiceError `ERR_CHECKPOINT` if the file can't be read, is damaged, or isn't a checkpoint
 */
export async function readCheckpoint (path: string): Promise<unknown> {
  const fail = (what: string, cause?: unknown): never => {
    throw new SluiceError(
      'ERR_CHECKPOINT',
      `${path}: ${what}; get it from a copy, or start over with --restart`,
      { cause }
    )
  }
  const text = await readOwn(path).catch((cause: unknown) => {
    const isOther = cause instanceof SluiceError
    const other = 'is a link, a folder, a pipe or a device, or longer than files of sluice'
    return fail(isOther ? other : `cannot be read: ${reasonOf(cause)}`, cause)
  })
  if (text === null) return null
  const file = parse(text) as { sluice_checkpoint?: unknown, sha256?: unknown, content?: unknown } | null | undefined
  if (!CHECKPOINT.isOwn(text)) {
    throw new SluiceError('ERR_CHECKPOINT', `${path}: is not a checkpoint of sluice; ` +
      'move it away, or write to another folder')
  }
  if (file === undefined) {
    return fail(`is cut off or damaged: ${text.length} characters that are not JSON, expected a checkpoint`)
  }
  if (file?.sluice_checkpoint !== FORMAT) {
    return fail(`is a checkpoint of format ${JSON.stringify(file?.sluice_checkpoint)}, expected ${FORMAT}: ` +
      'another version of sluice has written it')
  }
  if (file.content === undefined || sha256(JSON.stringify(file.content)) !== file.sha256) {
    return fail('is damaged: its content doesn\'t have the SHA-256 in it')
  }
  return file.content
}

/** A checkpoint, complete or damaged: invalid JSON, or the zeros that a power failure leaves. */
const CHECKPOINT: OwnKind = {
  what: 'a checkpoint of sluice',
  bytes: MOST_BYTES,
  isOwn: content => content.startsWith('{"sluice_checkpoint":') || /^\0*$/.test(content) ||
    (content.startsWith('{"') && parse(content) === undefined)
}

/**
 * Recognizes a checkpoint by its beginning. A complete one, for example with two windows of 16 million hashes, may be
 * longer than the part that is read of other files.
 */
const CHECKPOINT_BEGINNING = textKind(CHECKPOINT.what, /^\{"sluice_checkpoint":/)

/** Refuses to replace another file by a checkpoint. @throws SluiceError `ERR_OUTPUT_EXISTS` */
export async function refuseOtherThanCheckpoint (path: string): Promise<void> {
  await refuseForeign(path, CHECKPOINT_BEGINNING).catch(() => refuseForeign(path, CHECKPOINT))
}

/** Whether a file is a checkpoint, complete or damaged. */
export async function isCheckpoint (path: string): Promise<boolean> {
  return await refuseOtherThanCheckpoint(path).then(() => true, () => false)
}

/** Deletes a checkpoint, complete or damaged. @throws SluiceError as `refuseOtherThanCheckpoint`, and `ERR_OUTPUT` */
export async function removeCheckpoint (path: string): Promise<void> {
  await refuseOtherThanCheckpoint(path)
  await checkLocks()
  await writing(path, () => rm(path, { force: true }))
}

/** Unlike `parseJson`, keeps all numbers unchanged, as the content was hashed with them. */
function parse (json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
