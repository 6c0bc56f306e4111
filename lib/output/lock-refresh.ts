import { lstat, utimes } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Holder, stands } from './lock-file.ts'

/** How often a lock is refreshed. */
export const REFRESH_SECONDS = 10

/** A holder that misses this many refreshes has ended. */
const MISSED = 12

/** The longest pause between two looks at a lock. */
const PAUSE_MS = 500

/** Changes the date of a lock file again and again while it is held. @returns a function that ends this */
export function refresh (path: string, holder: Holder): () => void {
  const milliseconds = (holder.refreshed_every_seconds ?? REFRESH_SECONDS) * 1000
  let isBusy = false
  const timer = setInterval(() => {
    if (isBusy) return // a network file system may block for minutes
    isBusy = true
    refreshOnce(path, holder).catch(() => {}).finally(() => { isBusy = false })
  }, milliseconds)
  timer.unref()
  return () => { clearInterval(timer) }
}

async function refreshOnce (path: string, holder: Holder): Promise<void> {
  const now = new Date()
  if (await stands(path, holder)) await utimes(path, now, now)
}

/** What was seen of a lock: that its holder runs, or must have ended; or that it was released or taken over. */
export type Seen = 'refreshed' | 'ended' | 'changed'

/** For how many seconds a lock is watched at most. */
export function watchSeconds ({ refreshed_every_seconds: every = REFRESH_SECONDS }: Holder): number {
  return every * MISSED
}

/**
 * Watches the lock of a process that can't be checked from here, until it is refreshed, or should have been several
 * times. Dates are only compared with each other, as the clocks of two machines may differ.
 *
 * @throws an AbortError when the signal fires
 */
export async function watchLock (path: string, holder: Holder, signal?: AbortSignal): Promise<Seen> {
  const whole = watchSeconds(holder) * 1000
  const pause = Math.min(whole / (2 * MISSED), PAUSE_MS)
  const first = await dateOf(path, holder)
  // The looks are counted, as this process may have been paused for longer than it waits.
  for (let looks = Math.ceil(whole / pause); looks > 0; looks--) {
    if (first === null) return 'changed'
    await sleep(pause, undefined, { signal })
    const now = await dateOf(path, holder)
    if (now === null) return 'changed'
    if (now !== first) return 'refreshed'
  }
  return 'ended'
}

/** The date of a lock file; null if it has another holder. Reading it first makes a network file system look again. */
async function dateOf (path: string, holder: Holder): Promise<bigint | null> {
  if (!await stands(path, holder)) return null
  return await lstat(path, { bigint: true }).then(({ mtimeNs }) => mtimeNs, () => null)
}
