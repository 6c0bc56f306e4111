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
   * Lets go of it; again is nothing. A file that was deleted or replaced is let be.
   *
   * @throws SluiceError `ERR_OUTPUT`
   */
  readonly release: () => Promise<void>
}

/** What is in a lock file. `id` is another one each time, so that two locks of one process can be told apart. */
const holderSchema = processIdentity.extend({ id: z.uuid(), began_at_utc: z.string() })
type Holder = Readonly<z.infer<typeof holderSchema>>

/** A file with nothing but zeros in it, or of no bytes; its inode and time are what tells it from a later one. */
interface Blank { readonly id: string }

/** What stands under the name of a lock. */
type Found = Holder | Blank | 'no file' | 'no lock'

/** What `link` says on file systems without hard links: FAT, SMB, BeeGFS, FUSE. */
const NO_LINKS = new Set(['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EMLINK', 'EINVAL'])

/** Each attempt but the last failed as somebody else got or let go of the lock just then. */
const ATTEMPTS = 100

/** Does work that no other run may do at the same time. @throws SluiceError as `lock`, and what the work throws */
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
 * Makes a lock file at `path`, its folder made where it is missing, or takes over that of a process that is gone. It is
 * there for other runs, of this process too, that would write to `what`, as messages call it; nobody waits.
 *
 * @throws SluiceError `ERR_LOCKED` when another run has the lock, or what stands there is no lock; `ERR_OUTPUT`
 */
export async function lock (path: string, what: string): Promise<Lock> {
  return await writing(path, async () => {
    await makeFolder(dirname(path))
    const me: Holder = { id: randomUUID(), ...await thisProcess(), began_at_utc: new Date().toISOString() }
    const other = await take(path, me).catch(async (error: unknown) => {
      await removeOwn(path, me).catch(() => {}) // it may fail when it has the lock already
      throw error
    })
    if (other !== null) throw new SluiceError('ERR_LOCKED', await refusal(path, what, other))
    await tidy(path).catch(() => {}) // what another user has left may have to stay
    let released: Promise<void> | undefined
    return { release: async () => { await (released ??= writing(path, () => removeOwn(path, me))) } }
  })
}

/**
 * Resolves to null once the lock is ours, else to who has it.
 *
 * A lock whose process is gone is replaced, by one that has a lock on doing so: its name has the id of the lock that is
 * to go. Two may see that one is to go, and the slower of them must not replace that of the faster: so it is looked at
 * again once nobody else may replace it, and an id that has gone never comes back.
 */
async function take (path: string, me: Holder): Promise<Holder | null> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await create(path, me)) return null
    const found = await find(path)
    if (found === 'no file') continue
    if (found === 'no lock') break
    if (found.id === me.id) return null // over a network, a link that was made may be told as failed
    if (isHolder(found)) {
      if (await stateOf(found) !== 'gone') return found
    } else if (!await hasLinks(path, me)) break // where there are links, no run ever has a blank lock: power was cut
    const claim = `${path}.${found.id}`
    const claimant = await take(claim, me)
    try {
      if (!await stands(path, found)) continue
      if (claimant !== null || await place(path, me, rename) === null) return claimant
    } finally {
      await removeOwn(claim, me)
    }
  }
  throw new SluiceError('ERR_LOCKED', `${path}: is not a whole lock file, so that it doesn't say whose it is; ` +
    'if no run is under way here, delete it and run again')
}

/**
 * Makes a lock file, unless there is a file of that name. Where there are no links, it can be seen while it is written.
 */
async function create (path: string, me: Holder): Promise<boolean> {
  const hindrance = await place(path, me, link)
  return hindrance === null || (NO_LINKS.has(hindrance) && await writeNew(path, contentOf(me)))
}

/**
 * Gives a lock its name once it is whole, so that it is never seen half-written. Resolves to null, or to what is in the
 * way.
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
    // ENOENT: a run that got the lock meanwhile has tidied; on another machine, it doesn't know which processes are
    // here.
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
 * Synced, so that a power cut leaves all of it or no file; the folder needn't be: the run is gone with the power, too.
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
    // Not a link, which could lead anywhere, nor a pipe, which would be waited for.
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
 * Deletes what runs that were killed while they took the lock have left. Locks on replacing others have no use any
 * more.
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

/** Whether what was found is still there. */
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
    ? `; whether it is still there can't be told from here: if it is certainly gone, delete ${path}`
    : ''
  return `${what}: is being written to by another run, process ${holder.pid} on host ${holder.host}, ` +
    `which began at ${holder.began_at_utc}; wait for it to end, or stop it${unknown}`
}
