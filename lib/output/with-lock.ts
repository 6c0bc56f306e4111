import { setTimeout as sleep } from 'node:timers/promises'
import { codeOf } from '../errors.ts'
import { holding } from './held-locks.ts'
import { type LockOptions, lock } from './lock.ts'

/** How often to try to take a lock that is only held for moments. */
const PAUSE_MS = 50

/** Does work while holding a lock. @throws SluiceError as `lock`, and what the work throws */
export async function withLock<T> (
  path: string, what: string, work: () => Promise<T>, options: LockOptions = {}
): Promise<T> {
  const held = await lock(path, what, options)
  let result: T
  try {
    result = await holding(held, work)
  } catch (error) {
    const isOutput = codeOf(error) === 'ERR_OUTPUT' // maybe because another run has taken the files over
    const reason = isOutput ? await held.check().then(() => error, (lost: unknown) => lost) : error
    await held.release().catch(() => {}) // the first error is the reason
    throw reason
  }
  await held.release()
  return result
}

/**
 * Does work while holding a lock that others hold for moments only: it waits for its turn.
 *
 * @throws SluiceError `ERR_LOCKED` when the lock isn't released, otherwise as `withLock`
 */
export async function inTurn<T> (
  path: string, what: string, work: () => Promise<T>, { takeover, turnMs = 10_000, ...options }: LockOptions = {}
): Promise<T> {
  const until = performance.now() + turnMs
  for (;;) {
    const isLast = performance.now() >= until
    let hasBegun = false as boolean
    try {
      return await withLock(path, what, async () => {
        hasBegun = true
        return await work()
      }, { ...options, takeover: takeover === true && isLast })
    } catch (error) {
      if (hasBegun || isLast || codeOf(error) !== 'ERR_LOCKED') throw error
    }
    await sleep(PAUSE_MS)
  }
}
