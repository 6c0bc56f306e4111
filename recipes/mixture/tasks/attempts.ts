import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SluiceError } from '../../../lib/errors.ts'
import { writeNew } from '../../../lib/output/lock.ts'
import { makeFolder, writing } from '../../../lib/output/output.ts'

/** A unit is given up when this many attempts were killed on it. */
export const MOST_ATTEMPTS = 3

/** The files that say that an attempt of some work has started, and not ended. */
export function attemptFiles (marker: string): string[] {
  return Array.from({ length: MOST_ATTEMPTS }, (_, i) => marker.replace(/\.json$/, `.attempt-${i + 1}`))
}

/**
 * Does work that may kill its process, such as a document that needs too much memory. Each attempt leaves a file, which
 * is deleted when the attempt ends, whether or not it has failed.
 *
 * @param marker of the work @param name of the work in messages @param attempt the attempt's name
 * @throws SluiceError `ERR_PLAN` when as many attempts as are allowed have not ended; what the work throws
 */
export async function attempting<T> (
  marker: string, { name, attempt }: { readonly name: string, readonly attempt: string }, work: () => Promise<T>
): Promise<T> {
  const files = attemptFiles(marker)
  await writing(marker, () => makeFolder(dirname(marker)))
  for (const path of files) {
    if (!await writing(path, () => writeNew(path, attempt))) continue
    try {
      return await work()
    } finally {
      await rm(path, { force: true })
    }
  }
  const ended = `${name}: ${files.length} attempts have not ended, so it kills its task, or they still run`
  const advice = `look for a document there that needs too much memory; to try again, delete ${files.join(', ')}`
  throw new SluiceError('ERR_PLAN', `${ended}; ${advice}`)
}
