import { setTimeout } from 'node:timers/promises'
import { SluiceError } from '../errors.ts'
import type { HubSettings } from './settings.ts'
import type { HubHeaders } from './types.ts'

/** The maximum wait between retries. */
const MAX_DELAY_MS = 60_000

/** How long requests are retried if the Hub has never responded. */
const UNREACHED_MS = 5000

/** If a server requests a longer wait than this, the run ends. */
export const LONGEST_ASKED_MS = 3_600_000

/** Waits of at least this length are reported. */
export const REPORTED_MS = 5000

interface TransientDetails {
  /** @default null */
  readonly wait?: number | null
  /** @default false */
  readonly isExpired?: boolean
  readonly cause?: unknown
}

/** A failure that a retry may fix. */
export class Transient extends Error {
  /** How long the server requests to wait, in milliseconds; null if it doesn't. */
  readonly wait: number | null
  /** Whether a signed URL has expired, or seems to have: the first retry, with a new one, needs no wait. */
  readonly isExpired: boolean

  constructor (message: string, { wait = null, isExpired = false, cause }: TransientDetails = {}) {
    super(message, { cause })
    this.wait = wait
    this.isExpired = isExpired
  }
}

/** Receives messages about waits. */
export type Tell = (message: string) => void

/**
 * Counts the failures of a request, and waits before each retry: no time if a signed URL has expired, the time that the
 * server requests, or else a time that doubles with each failure. Half of that time is random, so that many clients
 * don't retry at the same time (Marc Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog 2015).
 */
export class Retries {
  readonly #what: string
  readonly #settings: HubSettings
  readonly #signal: AbortSignal | undefined
  readonly #report: Tell | undefined
  #failures = 0 // consecutive
  #since: number | undefined // time of the first of them

  constructor (what: string, settings: HubSettings, signal?: AbortSignal, tell?: Tell) {
    this.#what = what
    this.#settings = settings
    this.#signal = signal
    this.#report = tell
  }

  /** Call when bytes have arrived: it resets the count of failures. */
  progress (): void {
    this.#failures = 0
    this.#since = undefined
  }

  /**
   * Waits until the next retry.
   *
   * @param isReached whether the Hub has ever responded: if not, the retries end sooner
   * @throws the error itself if it isn't `Transient`; SluiceError `ERR_HUB` after the last retry
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
        'run again to resume, or raise --max-retries', { cause: error })
    }
    if (wait !== null && wait > LONGEST_ASKED_MS) {
      throw new SluiceError('ERR_HUB', `${this.#what}: ${message}, and asks to wait ${Math.round(wait / 1000)} s; ` +
        'run again then', { cause: error })
    }
    if (isExpired && this.#failures === 1) return
    const max = Math.min(MAX_DELAY_MS, retryDelay * 2 ** (this.#failures - 1))
    // If the server requests a wait of 0 s, use the random wait, so that not all clients retry at once.
    const delay = wait || max / 2 + Math.random() * max / 2
    if (delay >= REPORTED_MS) this.#report?.(`${this.#what}: ${message}; waiting ${Math.round(delay / 1000)} s`)
    await setTimeout(delay, undefined, { signal: this.#signal })
  }
}

/**
 * How long a server requests to wait, in milliseconds; null if it doesn't. It is in `Retry-After` (RFC 9110, 10.2.3:
 * seconds or a date), or, as on the Hub, in the reset time of a `RateLimit` header without requests left
 * (draft-ietf-httpapi-ratelimit-headers).
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
