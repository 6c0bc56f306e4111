import { randomUUID } from 'node:crypto'
import { link, lstat, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { SluiceError, codeOf } from '../errors.ts'
import { parseJson } from '../json/json.ts'
import { makeFolder, removeLeftovers, temporaryName, writing } from './output.ts'
import { readOwn } from './own-file.ts'
import { processIdentity, stateOf, thisProcess } from './process-identity.ts'

/** A lock that is held. */
export interface Lock {
  /**
   * Releases the lock; a second call does nothing. A lock file that was replaced is not deleted.
   *
   * @throws SluiceError `ERR_OUTPUT`
   */
  readonly release: () => Promise<void>
}

/** The content of a lock file. `id` is unique, so that two locks of one process differ. */
const holderSchema = processIdentity.extend({ id: z.uuid(), began_at_utc: z.string() })
type Holder = Readonly<z.infer<typeof holderSchema>>

/** A lock file that is empty or has only zeros. It is identified by inode and time. */
interface Blank { readonly id: string }

/** What was found under the name of a lock. */
type Found = Holder | Blank | 'no file' | 'no lock'

/** Errors of `link` on file systems without hard links: FAT, SMB, BeeGFS, FUSE. */
const NO_LINKS = new Set(['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EMLINK', 'EINVAL'])

/** An attempt fails if another run gets or releases the lock at the same moment. */
const ATTEMPTS = 100

/** Does work while holding a lock. @throws SluiceError as `lock`, and what the work throws */
export async function withLock<T> (path: string, what: string, work: () => Promise<T>): Promise<T> {
  const held = await lock(path, what)
  let result: T
  try {
    result = await work()
  } catch (error) {
    await held.release().catch(() => {}) // the first error is the reason
    throw error
  }
  await held.release()
  return result
}

/**
 * Takes the lock file at `path`, or fails at once. It creates the folder if missing, and takes over the lock of a
 * process that has ended. The lock also excludes other runs in this process.
 *
 * @param what the lock protects, for messages @throws SluiceError `ERR_LOCKED` if another run has the lock, or the file
 *   isn't a lock; `ERR_OUTPUT`
 */
export async function lock (path: string, what: string): Promise<Lock> {
  return await writing(path, async () => {
    await makeFolder(dirname(path))
    const me: Holder = { id: randomUUID(), ...await thisProcess(), began_at_utc: new Date().toISOString() }
    const other = await take(path, me).catch(async (error: unknown) => {
      await removeOwn(path, me).catch(() => {}) // in case it failed after taking the lock
      throw error
    })
    if (other !== null) throw new SluiceError('ERR_LOCKED', await refusal(path, what, other))
    await tidy(path).catch(() => {}) // files of another user may not be deletable
    let released: Promise<void> | undefined
    return { release: async () => { await (released ??= writing(path, () => removeOwn(path, me))) } }
  })
}

/**
 * Resolves to null once this run has the lock, else to its holder.
 *
 * A lock whose process has ended is replaced by a run that first takes a second lock, the claim, named by the id of the
 * old lock. Two runs may see that a lock is stale, and the slower one must not replace the lock of the faster one: so
 * the old lock is checked again under the claim. This is safe because ids are never reused.
 */
async function take (path: string, me: Holder): Promise<Holder | null> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await create(path, me)) return null
    const found = await find(path)
    if (found === 'no file') continue
    if (found === 'no lock') break
    if (found.id === me.id) return null // on a network file system, a link may succeed and be reported as failed
    if (isHolder(found)) {
      if (await stateOf(found) !== 'gone') return found
    } else if (!await hasLinks(path, me)) break // with links, a blank lock is left by a power failure only
    const claim = `${path}.${found.id}`
    const claimant = await take(claim, me)
    try {
      if (!await stands(path, found)) continue
      if (claimant !== null || await place(path, me, rename) === null) return claimant
    } finally {
      await removeOwn(claim, me)
    }
  }
  throw new SluiceError('ERR_LOCKED', `${path}: is an incomplete lock file, so its owner is unknown; ` +
    'if no other run writes here, delete it and run again')
}

/** Creates a lock file, unless a file has that name. Without hard links, it is visible while it is written. */
async function create (path: string, me: Holder): Promise<boolean> {
  const hindrance = await place(path, me, link)
  return hindrance === null || (NO_LINKS.has(hindrance) && await writeNew(path, contentOf(me)))
}

/**
 * Gives a lock its name once it is complete, so that it is never visible half-written. Resolves to null, or to the code
 * of the error that prevented it.
 */
async function place (
  path: string,
  me: Holder,
  give: (temporary: string, path: string) => Promise<void>
): Promise<string | null> {
  const temporary = temporaryName(`${path}.${me.id}`)
  await writeNew(temporary, contentOf(me))
  try {
    await give(temporary, path)
    return null
  } catch (error) {
    const code = codeOf(error)!
    // ENOENT: a run that got the lock meanwhile has deleted the temporary file. A run on another machine can't know
    // that this process is running.
    if (code === 'EEXIST' || code === 'ENOENT' || (give === link && NO_LINKS.has(code))) return code
    throw error
  } finally {
    await rm(temporary, { force: true })
  }
}

async function hasLinks (path: string, me: Holder): Promise<boolean> {
  const probe = `${path}.${me.id}`
  const hindrance = await place(probe, me, link)
  await rm(probe, { force: true })
  return hindrance === null || !NO_LINKS.has(hindrance)
}

/**
 * Creates a file, synced so that a power failure leaves all of it or none. The folder isn't synced: after a power
 * failure the lock is not needed.
 */
async function writeNew (path: string, content: string): Promise<boolean> {
  const file = await open(path, 'wx').catch((error: unknown) => {
    if (codeOf(error) === 'EEXIST') return null
    throw error
  })
  if (file === null) return false
  try {
    await file.writeFile(content)
    await file.sync()
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await file.close()
  }
  return true
}

async function find (path: string): Promise<Found> {
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

async function removeOwn (path: string, me: Holder): Promise<void> {
  if (await stands(path, me)) await rm(path, { force: true })
}

/**
 * Deletes files of runs that were killed while they took the lock: temporary files, and claims, which are not needed
 * any more.
 */
async function tidy (path: string): Promise<void> {
  const [folder, name] = [dirname(path), basename(path)]
  const isClaim = (file: string): boolean =>
    file.startsWith(name) && /^(\.([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+-\d+))+$/.test(file.slice(name.length))
  await removeLeftovers(folder, isClaim)
  for (const file of await readdir(folder)) {
    if (isClaim(file)) await rm(join(folder, file), { force: true })
  }
}

/** Whether the lock file is still the one that was found. */
async function stands (path: string, { id }: Holder | Blank): Promise<boolean> {
  const found = await find(path)
  return typeof found === 'object' && found.id === id
}

function isHolder (found: Holder | Blank): found is Holder {
  return 'pid' in found
}

function contentOf (holder: Holder): string {
  return `${JSON.stringify(holder)}\n`
}

async function refusal (path: string, what: string, holder: Holder): Promise<string> {
  const unknown = await stateOf(holder) === 'unknown'
    ? `; it is unknown whether that process is still running: if it has certainly ended, delete ${path}`
    : ''
  return `${what}: is being written to by another run, process ${holder.pid} on host ${holder.host}, ` +
    `which started at ${holder.began_at_utc}; wait for it to end, or stop it${unknown}`
}
