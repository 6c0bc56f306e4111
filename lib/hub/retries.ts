import { setTimeout } from 'node:timers/promises'
import { SluiceError } from '../errors.ts'
import type { HubSettings } from './settings.ts'
import type { HubHeaders } from './types.ts'

/** Waits grow to this. */
const LONGEST_DELAY_MS = 60_000

/** So long a Hub is asked again that has never answered. */
const UNREACHED_MS = 5000

/** What a server asks for beyond this is no pause but an end. */
export const LONGEST_ASKED_MS = 3_600_000

/** Waits from here on are told of. */
export const TOLD_MS = 5000

interface TransientDetails {
  /** @default null */
  readonly wait?: number | null
  /** @default false */
  readonly isExpired?: boolean
  readonly cause?: unknown
}

/** Something went wrong that may go well the next time. */
export class Transient extends Error {
  /** How long the server asks to wait, in milliseconds; null where it says nothing. */
  readonly wait: number | null
  /** Whether a signed address has expired, or looks so: another one is had at once. */
  readonly isExpired: boolean

  constructor (message: string, { wait = null, isExpired = false, cause }: TransientDetails = {}) {
    super(message, { cause })
    this.wait = wait
    this.isExpired = isExpired
  }
}

/** What is told of waits. */
export type Tell = (message: string) => void

/**
 * How often something is tried again, and when: at once where an address has only expired, when the server says, or
 * after a wait that doubles each time, half of it at random, so that many who wait don't come back together (Marc
 * Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog 2015).
 */
export class Retries {
  readonly #what: string
  readonly #settings: HubSettings
  readonly #signal: AbortSignal | undefined
  readonly #tell: Tell | undefined
  #failures = 0 // in a row
  #since: number | undefined // the first of them

  constructor (what: string, settings: HubSettings, signal?: AbortSignal, tell?: Tell) {
    this.#what = what
    this.#settings = settings
    this.#signal = signal
    this.#tell = tell
  }

  /** Something has come: what fails from here on is counted anew. */
  progress (): void {
    this.#failures = 0
    this.#since = undefined
  }

  /**
   * Waits until it may be tried again.
   *
   * @param isReached whether anything has ever been answered: who isn't there at all is not waited for as long
   * @throws what it is given where trying again is of no use; SluiceError `ERR_HUB` when it was tried often enough
   */
  async wait (error: unknown, isReached = true): Promise<void> {
    this.#signal?.throwIfAborted()
    if (!(error instanceof Transient)) throw error
    const { maxRetries, retryDelay } = this.#settings
    const { message, wait, isExpired } = error
    this.#since ??= performance.now()
    const elapsed = performance.now() - this.#since
    if (!isReached && elapsed + retryDelay * 2 ** (this.#failures - 1) > UNREACHED_MS) {
      throw new SluiceError('ERR_HUB', `${this.#what}: ${message}; is there a network, and is HF_ENDPOINT ` +
        `(${this.#settings.endpoint}) right?`, { cause: error })
    }
    if (this.#failures++ >= maxRetries) {
      const times = maxRetries === 0 ? '' : `, ${maxRetries + 1} times in a row`
      throw new SluiceError('ERR_HUB', `${this.#what}: ${message}${times}; ` +
        'run it again to go on, or raise --max-retries', { cause: error })
    }
    if (wait !== null && wait > LONGEST_ASKED_MS) {
      throw new SluiceError('ERR_HUB', `${this.#what}: ${message}, and asks to wait ${Math.round(wait / 1000)} s; ` +
        'run it again then', { cause: error })
    }
    if (isExpired && this.#failures === 1) return
    const most = Math.min(LONGEST_DELAY_MS, retryDelay * 2 ** (this.#failures - 1))
    // A server that says to come back at once says so to all.
    const delay = wait || most / 2 + Math.random() * most / 2
    if (delay >= TOLD_MS) this.#tell?.(`${this.#what}: ${message}; waits ${Math.round(delay / 1000)} s`)
    await setTimeout(delay, undefined, { signal: this.#signal })
  }
}

/**
 * How long a server asks to wait, in milliseconds: `Retry-After` (RFC 9110, 10.2.3: seconds or a date), or the reset of
 * a `RateLimit` header that has nothing left (draft-ietf-httpapi-ratelimit-headers), as the Hub sends it. Null for
 * none.
 */
export function waitAsked (headers: HubHeaders, now = Date.now()): number | null {
  const after = String(headers['retry-after'] ?? '').trim()
  if (/^\d+$/.test(after)) return Number(after) * 1000
  if (after !== '' && !Number.isNaN(Date.parse(after))) return Math.max(0, Date.parse(after) - now)
  const waits = String(headers.ratelimit ?? '').split(',').flatMap(limit => {
    const [left, reset] = ['r', 't'].map(key => new RegExp(`;\\s*${key}=(\\d+)\\s*(?:;|$)`).exec(limit)?.[1])
    return Number(left) === 0 && reset !== undefined ? [Number(reset) * 1000] : []
  })
  return waits.length === 0 ? null : Math.max(...waits)
}
