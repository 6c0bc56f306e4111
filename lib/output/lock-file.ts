import { lstatSync, readFileSync } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { z } from 'zod'
import { SluiceError, codeOf } from '../errors.ts'
import { parseJson } from '../json/json.ts'
import { readOwn } from './own-file.ts'
import { processIdentity } from './process-identity.ts'

/** The content of a lock file. `id` is unique, so that two locks of one process differ. */
const holderSchema = processIdentity.extend({
  id: z.uuid(),
  began_at_utc: z.string(),
  /** How often the holder changes the date of the file while it runs. Releases until 0.3.0 don't do that. */
  refreshed_every_seconds: z.number().positive().optional()
})

export type Holder = Readonly<z.infer<typeof holderSchema>>

/** A lock file that is empty or has only zeros. It is identified by inode and time. */
export interface Blank { readonly id: string }

/** What was found under the name of a lock. */
export type Found = Holder | Blank | 'no file' | 'no lock'

export async function findLock (path: string): Promise<Found> {
  try {
    // Neither a link, which could lead anywhere, nor a pipe, which would block.
    const content = await readOwn(path, { follow: false }).catch((error: unknown) => {
      if (error instanceof SluiceError) return 'no lock'
      throw error
    })
    if (content === null) return 'no file'
    if (!/^\0*$/.test(content)) return holderSchema.safeParse(parseJson(content)).data ?? 'no lock'
    const { ino, mtimeNs } = await lstat(path, { bigint: true })
    return { id: `${ino}-${mtimeNs}` }
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return 'no file'
    throw error
  }
}

/** Whether the lock file is still the one that was found. */
export async function stands (path: string, { id }: Holder | Blank): Promise<boolean> {
  const found = await findLock(path)
  return typeof found === 'object' && found.id === id
}

/**
 * Whether a lock file certainly has some content. It is synchronous, as it is called for each lock before each output:
 * an asynchronous call would take ten times as long.
 */
export function hasContent (path: string, content: string): boolean {
  try {
    return lstatSync(path).isFile() && readFileSync(path, 'utf8') === content
  } catch {
    return false
  }
}

export function isHolder (found: Found): found is Holder {
  return typeof found === 'object' && 'pid' in found
}

export function contentOf (holder: Holder): string {
  return `${JSON.stringify(holder)}\n`
}

/** A process in messages. */
export function processText ({ pid, host, began_at_utc: began }: Holder): string {
  return `process ${pid} on host ${host}, which started at ${began}`
}
