import { randomBytes } from 'node:crypto'
import { link, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from '../../../lib/errors.ts'
import { NO_LINKS } from '../../../lib/output/link.ts'
import { makeFolder, syncFolder, writing } from '../../../lib/output/output.ts'
import { readOwn } from '../../../lib/output/own-file.ts'
import { parseJson } from '../../../lib/json/json.ts'

/** A name for an attempt of a task, so that two attempts never write the same file. */
export function attemptName (): string {
  return randomBytes(6).toString('hex')
}

/**
 * Gives a file its final name unless there is a file of that name. Of two attempts at the same time, one gets it.
 *
 * @returns whether it got the name; the file is deleted otherwise
 * @throws SluiceError `ERR_OUTPUT`
 */
export async function claim (from: string, to: string): Promise<boolean> {
  return await writing(to, async () => {
    try {
      await link(from, to)
    } catch (error) {
      const code = codeOf(error) ?? ''
      if (code === 'EEXIST') return false
      if (!NO_LINKS.has(code)) throw error
      // Without hard links, the later of two attempts replaces a file of the same content.
      await rename(from, to)
    } finally {
      await rm(from, { force: true })
    }
    await syncFolder(dirname(to))
    return true
  })
}

/**
 * Commits a marker: a small JSON file, written last, that says that some work is complete.
 *
 * @returns null, or the marker of another attempt that has committed the same work
 * @throws SluiceError `ERR_OUTPUT`
 */
export async function commitMarker<Marker extends object> (
  path: string, marker: Marker, attempt: string
): Promise<Marker | null> {
  const temporary = `${path}.${attempt}.tmp`
  await writing(path, async () => {
    await makeFolder(dirname(path))
    const file = await open(temporary, 'wx')
    try {
      await file.writeFile(JSON.stringify(marker) + '\n')
      await file.sync()
    } finally {
      await file.close()
    }
  })
  return await claim(temporary, path) ? null : await readMarker<Marker>(path)
}

/** Reads a marker; null if there is none. */
export async function readMarker<Marker extends object> (path: string): Promise<Marker | null> {
  const text = await readOwn(path)
  return text === null ? null : parseJson(text) as Marker | null
}
