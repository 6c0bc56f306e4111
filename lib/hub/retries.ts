import { setTimeout } from 'node:timers/promises'
import { SluiceError } from '../errors.ts'
import type { HubSettings } from './settings.ts'

/** Waits grow to this. */
const LONGEST_DELAY_MS = 60_000

/** What a server asks for beyond this is no pause but an end. */
const LONGEST_ASKED_MS = 3_600_000

/** Waits from here on are told of. */
const TOLD_MS = 5000

/** Something went wrong that may go well the next time. */
export class Transient extends Error {
  /** How long the server asks to wait, in milliseconds; null where it says nothing. */
  readonly wait: number | null

  constructor (message: string, { wait = null, cause }: { readonly wait?: number | null, readonly cause?: unknown } = {}) {
    super(message, { cause })
    this.wait = wait
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

  constructor (what: string, settings: HubSettings, signal?: AbortSignal, tell?: Tell) {
    this.#what = what
    this.#settings = settings
    this.#signal = signal
    this.#tell = tell
  }

  /** Something has come: what fails from here on is counted anew. */
  progress (): void {
    this.#failures = 0
  }

  /**
   * Waits until it may be tried again.
   *
   * @throws what it is given where trying again is of no use; SluiceError `ERR_HUB` when it was tried often enough
   */
  async wait (error: unknown): Promise<void> {
    this.#signal?.throwIfAborted()
    if (!(error instanceof Transient)) throw error
    const { maxRetries, retryDelay } = this.#settings
    if (this.#failures++ >= maxRetries) throw new SluiceError('ERR_HUB', `${this.#what}: ${error.message}${maxRetries === 0 ? '' : `, ${maxRetries + 1} times in a row`}; run it again to go on, or raise --max-retries`, { cause: error })
    if (error.wait !== null && error.wait > LONGEST_ASKED_MS) throw new SluiceError('ERR_HUB', `${this.#what}: ${error.message}, and asks to wait ${Math.round(error.wait / 1000)} s; run it again then`, { cause: error })
    const most = Math.min(LONGEST_DELAY_MS, retryDelay * 2 ** (this.#failures - 1))
    const delay = error.wait ?? most / 2 + Math.random() * most / 2
    if (delay >= TOLD_MS) this.#tell?.(`${this.#what}: ${error.message}; waits ${Math.round(delay / 1000)} s`)
    await setTimeout(delay, undefined, { signal: this.#signal })
  }
}

/**
 * How long a server asks to wait, in milliseconds: `Retry-After` (RFC 9110, 10.2.3: seconds or a date), or the reset of a
 * `RateLimit` header that has nothing left (draft-ietf-httpapi-ratelimit-headers), as the Hub sends it. Null for none.
 */
export function waitAsked (headers: Readonly<Record<string, string | string[] | undefined>>, now = Date.now()): number | null {
  const after = String(headers['retry-after'] ?? '').trim()
  if (/^\d+$/.test(after)) return Number(after) * 1000
  if (after !== '' && !Number.isNaN(Date.parse(after))) return Math.max(0, Date.parse(after) - now)
  const limit = String(headers.ratelimit ?? '')
  const [, reset] = /(?:^|;|,)\s*t=(\d+)/.exec(limit) ?? []
  return /(?:^|;|,)\s*r=0(?:;|,|$)/.test(limit) && reset !== undefined ? Number(reset) * 1000 : null
}
