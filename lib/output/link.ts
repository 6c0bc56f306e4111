import { constants, copyFile, link, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from '../errors.ts'
import { checkLocks } from './held-locks.ts'
import { makeFolder, removeTemporary, temporaryName, writing } from './output.ts'

/** Errors of `link` on file systems without hard links: FAT, SMB, BeeGFS, FUSE. */
export const NO_LINKS: ReadonlySet<string> = new Set([
  'EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EMLINK', 'EINVAL'
])

/**
 * Gives a file a second name, or copies it where hard links can't be made. An existing file of that name is replaced.
 * The folder is not synced. Files of sluice are replaced as a whole, so nothing is written through such a name.
 *
 * @returns null, or why it was copied: the code of the error
 * @throws SluiceError `ERR_OUTPUT`; `ERR_LOCKED` when this run has lost a lock
 */
export async function linkOrCopy (from: string, to: string): Promise<string | null> {
  return await writing(to, async () => {
    await makeFolder(dirname(to))
    const temporary = temporaryName(to)
    await removeTemporary(temporary)
    const hindrance = await link(from, temporary).then(() => null, (error: unknown) => {
      const code = codeOf(error)
      if (code === undefined || !NO_LINKS.has(code)) throw error
      return code
    })
    if (hindrance !== null) await copySynced(from, temporary)
    await checkLocks()
    await rename(temporary, to)
    await removeTemporary(temporary) // it stays if both were names of the same file already
    return hindrance
  })
}

async function copySynced (from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE)
  const file = await open(to, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
