import { randomUUID } from 'node:crypto'
import { link, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { SluiceError, codeOf } from '../errors.ts'
import { NO_LINKS } from './link.ts'
import { type Holder, contentOf, findLock, hasContent, isHolder, processText, stands } from './lock-file.ts'
import { REFRESH_SECONDS, refresh, watchLock, watchSeconds } from './lock-refresh.ts'
import { makeFolder, removeLeftovers, temporaryName, writing } from './output.ts'
import { stateOf, thisProcess } from './process-identity.ts'

/** A lock that is held. */
export interface Lock {
  /** Whether it was taken over from a process that may still be running. */
  readonly isDisputed: boolean
  /** @throws SluiceError `ERR_LOCKED` when another run has taken it over, or it was deleted */
  readonly check: () => Promise<void>
  /**
   * Releases the lock; a second call does nothing. A lock file that was replaced is not deleted.
   *
   * @throws SluiceError `ERR_OUTPUT`
   */
  readonly release: () => Promise<void>
}

/** How a lock is taken. */
export interface LockOptions {
  /** Whether the lock of another process is taken over, even if that may still be running. @default false */
  readonly takeover?: boolean | undefined
  /** Called before it waits to see whether the holder still runs. */
  readonly tell?: ((message: string) => void) | undefined
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined
  /** How often the lock is refreshed. @default 10 */
  readonly refreshSeconds?: number | undefined
  /** For how long `inTurn` waits. @default 10,000 */
  readonly turnMs?: number | undefined
}

/** An attempt fails if another run gets or releases the lock at the same moment. */
const ATTEMPTS = 100

/** The ids of the locks that this process has taken. */
const own = new Set<string>()

/** Processes, as JSON, that have stopped refreshing a lock. Their other locks aren't watched again. */
const ended = new Set<string>()

/**
 * Takes the lock file at `path`, or fails. It creates the folder if missing, and takes over the lock of a process that
 * has ended. The lock also excludes other runs in this process.
 *
 * The holder refreshes its lock. If it runs on another machine or in another container, this run watches whether it
 * does, and takes the lock over if it doesn't. A holder whose lock was taken over fails at its next `check`.
 *
 * @param what the lock protects, for messages @throws SluiceError `ERR_LOCKED` if another run has the lock, or the file
 *   isn't a lock; `ERR_OUTPUT`; `ERR_ABORTED`
 */
export async function lock (path: string, what: string, options: LockOptions = {}): Promise<Lock> {
  return await writing(path, async () => {
    await makeFolder(dirname(path))
    const me: Holder = {
      id: randomUUID(),
      ...await thisProcess(),
      began_at_utc: new Date().toISOString(),
      refreshed_every_seconds: options.refreshSeconds ?? REFRESH_SECONDS
    }
    own.add(me.id)
    const taking: Taking = { me, what, options, isDisputed: false }
    const other = await take(path, taking).catch(async (error: unknown) => {
      await removeOwn(path, me).catch(() => {}) // in case it failed after taking the lock
      throw error
    })
    if (other !== null) throw new SluiceError('ERR_LOCKED', await refusal(what, other))
    await tidy(path).catch(() => {}) // files of another user may not be deletable
    const stop = refresh(path, me)
    let released: Promise<void> | undefined
    return {
      isDisputed: taking.isDisputed,
      check: () => checkOwn(path, what, me),
      release: async () => {
        stop()
        await (released ??= writing(path, () => removeOwn(path, me)))
      }
    }
  })
}

/** A lock that is being taken. */
interface Taking {
  readonly me: Holder
  readonly what: string
  readonly options: LockOptions
  /** Whether a process that may still be running has lost it. */
  isDisputed: boolean
}

/**
 * Resolves to null once this run has the lock, else to its holder.
 *
 * A lock whose process has ended is replaced by a run that first takes a second lock, the claim, named by the id of the
 * old lock. Two runs may see that a lock is stale, and the slower one must not replace the lock of the faster one: so
 * the old lock is checked again under the claim. This is safe because ids are never reused.
 */
async function take (path: string, taking: Taking): Promise<Holder | null> {
  const { me } = taking
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await create(path, me)) return null
    const found = await findLock(path)
    if (found === 'no file') continue
    if (found === 'no lock') break
    if (found.id === me.id) return null // on a network file system, a link may succeed and be reported as failed
    if (isHolder(found)) {
      const verdict = await verdictOn(path, found, taking)
      if (verdict === 'changed') continue
      if (verdict === 'held') return found
      if (verdict === 'disputed') taking.isDisputed = true
    } else if (!await hasLinks(path, me)) break // with links, a blank lock is left by a power failure only
    const claim = `${path}.${found.id}`
    const claimant = await take(claim, taking)
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

/** Whether a lock is taken over: its process has ended, or may still be running but loses it. */
async function verdictOn (
  path: string, found: Holder, { what, options: { takeover = false, tell, signal } }: Taking
): Promise<'ended' | 'disputed' | 'held' | 'changed'> {
  const state = await stateOf(found)
  if (state === 'gone') return 'ended'
  if (own.has(found.id)) return 'held'
  if (takeover) {
    tell?.(`${what}: the lock of ${processText(found)}, is taken over`)
    return 'disputed'
  }
  if (state === 'running' || found.refreshed_every_seconds === undefined) return 'held'
  const process = processKey(found)
  if (ended.has(process)) return 'disputed'
  tell?.(`${what}: is locked by ${processText(found)}; waits for up to ${watchSeconds(found)} s to see ` +
    'whether that still runs')
  const seen = await watchLock(path, found, signal).catch((error: unknown) => {
    if (signal?.aborted !== true) throw error
    throw new SluiceError('ERR_ABORTED', `${what}: stopped while it waited for a lock`, { cause: error })
  })
  if (seen === 'refreshed') return 'held'
  if (seen === 'changed') return 'changed'
  ended.add(process)
  return 'disputed'
}

function processKey ({ pid, host, boot, pid_namespace: namespace, started }: Holder): string {
  return JSON.stringify([pid, host, boot, namespace, started])
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
 *
 * @returns false if there is such a file
 */
export async function writeNew (path: string, content: string): Promise<boolean> {
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

/** @throws SluiceError `ERR_LOCKED` when this run doesn't have the lock any more */
async function checkOwn (path: string, what: string, me: Holder): Promise<void> {
  if (hasContent(path, contentOf(me))) return
  const found = await writing(path, () => findLock(path))
  if (typeof found === 'object' && found.id === me.id) return
  const lost = isHolder(found) ? `was taken over by ${processText(found)}` : 'was deleted'
  throw new SluiceError('ERR_LOCKED', `${what}: the lock of this run, ${path}, ${lost}, so it writes nothing more; ` +
    'wait for the other run to end, and run this one again if anything is missing')
}

async function refusal (what: string, holder: Holder): Promise<string> {
  const other = `${what}: is being written to by another run, ${processText(holder)}`
  if (own.has(holder.id) || await stateOf(holder) === 'running') return `${other}; wait for it to end, or stop it`
  return holder.refreshed_every_seconds === undefined
    ? `${other}; it has not refreshed its lock, as that version of sluice never does, so it is unknown whether it is ` +
      'still running: if it has certainly ended, add --takeover'
    : `${other}; it has just refreshed its lock, so it is still running: wait for it to end, or stop it; ` +
      '--takeover takes the lock over, and that run then fails'
}
