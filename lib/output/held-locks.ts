/** A lock that this process holds while it does some work. */
export interface HeldLock {
  /** @throws SluiceError `ERR_LOCKED` when another run has taken it over */
  readonly check: () => Promise<void>
  /** Whether its former holder may still be running. */
  readonly isDisputed: boolean
}

const held = new Set<HeldLock>()

/** Does work whose files a lock protects. */
export async function holding<T> (lock: HeldLock, work: () => Promise<T>): Promise<T> {
  held.add(lock)
  try {
    return await work()
  } finally {
    held.delete(lock)
  }
}

/**
 * Checks all locks of this process. It is called before a file gets its final name or is deleted, as a run that has
 * lost a lock may not change anything more. All locks are checked, because a file doesn't know which one protects it.
 *
 * Only a run that is paused between this check and the change can still make it. Then the other run fails, as its own
 * file has another name or is missing, and can be resumed.
 *
 * @throws SluiceError `ERR_LOCKED` when another run has taken one over
 */
export async function checkLocks (): Promise<void> {
  for (const lock of held) await lock.check()
}

/** Whether this process still has all its locks. */
export async function hasAllLocks (): Promise<boolean> {
  return await checkLocks().then(() => true, () => false)
}

/**
 * Whether another process may still have files open that this one resumes. These are copied then: two processes must
 * not write to the same file.
 */
export function areFilesDisputed (): boolean {
  return [...held].some(({ isDisputed }) => isDisputed)
}
