import { setTimeout as createTimer } from 'node:timers'
import { setTimeout } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { SluiceError } from '../errors.ts'
import { packageVersion } from '../package.ts'
import { asTransient } from './failures.ts'
import { refusal } from './refusals.ts'
import { LONGEST_ASKED_MS, REPORTED_MS, Retries, type Tell, Transient, waitAsked } from './retries.ts'
import type { HubSettings } from './settings.ts'
import type { HubHeaders } from './types.ts'

/** A request, apart from its URL. */
export interface HubRequest {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal | undefined
  /** Called with a message before a long wait. */
  readonly tell?: Tell | undefined
}

/** A response, after redirects. */
export interface HubAnswer {
  readonly status: number
  readonly headers: HubHeaders
  /** Headers of the endpoint's own response, where it redirected to another host. */
  readonly linked: HubHeaders
  readonly body: Dispatcher.ResponseData['body']
  /** The URL after redirects. */
  readonly url: URL
}

/** A JSON response. */
interface JsonAnswer {
  readonly value: unknown
  readonly headers: HubHeaders
}

const MAX_REDIRECTS = 10

/**
 * Bytes of a body that are buffered before its connection is paused: with undici's default of 64 kB, it would be paused
 * after each chunk.
 */
const BODY_BYTES = 512 * 1024

/** A page of a listing has a few hundred kB. */
const MAX_JSON_BYTES = 64 * 2 ** 20

/**
 * The time limit for a whole response, even if data arrives steadily: this many timeouts, but at least this many
 * milliseconds.
 */
const MAX_TIMEOUTS = 10
const MIN_WHOLE_MS = 2000

const TRANSIENT = new Set([408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524])

/** Statuses with which file servers refuse an expired signed URL. */
const EXPIRED = new Set([400, 401, 403, 404, 410])

/** A time without requests. */
interface Pause {
  /** Milliseconds since 1970. */
  readonly until: number
  isReported: boolean
}

/** Sends requests to the Hub and to the hosts that it redirects to. The token is sent to the endpoint only. */
export class HubHttp {
  readonly settings: HubSettings
  readonly #origin: string
  #dispatcher: Promise<Dispatcher> | undefined
  #isReached = false
  readonly #pauses = new Map<string, Pause>() // by kind of request: each has its own rate limit

  constructor (settings: HubSettings) {
    this.settings = settings
    this.#origin = new URL(settings.endpoint).origin
  }

  /**
   * Requests JSON from the API, with retries.
   *
   * @param path with its query, relative to the endpoint, or a whole URL, which must have the endpoint's origin
   * @throws SluiceError `ERR_HUB`, `ERR_DATASET`
   */
  async json (path: string, what: string, request: HubRequest = {}): Promise<JsonAnswer> {
    const url = new URL(path.startsWith('/') ? `${this.settings.endpoint}${path}` : path)
    if (url.origin !== this.#origin) {
      throw new SluiceError('ERR_HUB', `${what}: the Hub links to ${url.origin} for the next page, ` +
        `expected ${this.#origin}`)
    }
    const retries = new Retries(what, this.settings, request.signal, request.tell)
    for (;;) {
      try {
        const { status, headers, body } = await this.send(url, what, request)
        const text = await this.#textOf(body, what)
        if (status >= 400) throw refusal(what, status, headers, text, this.settings)
        return { value: parse(text), headers }
      } catch (error) {
        await retries.wait(asTransient(error, what, request.signal), this.#isReached)
      }
    }
  }

  /**
   * Sends a request once, and follows redirects.
   *
   * @returns the response, whatever its status, except for statuses that are worth a retry
   * @throws Transient for such a status, for a redirect target that refuses its signed URL, and for a failed
   *   connection; SluiceError `ERR_HUB`
   */
  async send (start: URL, what: string, request: HubRequest): Promise<HubAnswer> {
    if (this.settings.offline) {
      throw new SluiceError('ERR_HUB', `${what}: HF_HUB_OFFLINE is set, but this needs a request to the Hub; ` +
        'unset it, or read files on this machine')
    }
    let url = start
    let linked: HubHeaders = {}
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      await this.#pause(url, what, request)
      const isOwn = url.origin === this.#origin
      const { statusCode: status, headers, body } = await this.#ask(url, isOwn, what, request)
      this.#isReached = true
      if (isOwn) linked = headers
      this.#note(url, status, headers)
      if (status >= 300 && status < 400 && headers.location !== undefined) {
        await drop(body, this.settings)
        url = nextUrl(url, String(headers.location), what)
        continue
      }
      const isExpired = !isOwn && EXPIRED.has(status)
      if (TRANSIENT.has(status) || isExpired) {
        await drop(body, this.settings)
        const why = isExpired ? ': the signed URL may have expired' : ''
        throw new Transient(`${url.host} responds with ${status}${why}`, { wait: waitAsked(headers), isExpired })
      }
      const encoding = String(headers['content-encoding'] ?? 'identity')
      if (encoding !== 'identity') {
        await drop(body, this.settings)
        throw new SluiceError('ERR_HUB', `${what}: ${url.host} sends the content-encoding ${encoding}, ` +
          'which was not requested')
      }
      return { status, headers, linked, body, url }
    }
    throw new Transient(`more than ${MAX_REDIRECTS} redirects`)
  }

  /** Closes all connections. */
  async close (): Promise<void> {
    const dispatcher = await this.#dispatcher?.catch(() => undefined) // reported to the request that needed it
    await dispatcher?.destroy()
  }

  /** Sends one request, without redirects. Only this method uses the token. */
  async #ask (url: URL, isOwn: boolean, what: string, asked: HubRequest): Promise<Dispatcher.ResponseData> {
    const { method = 'GET', headers, body, signal } = asked
    const { token } = this.settings
    const { request } = await import('undici')
    const dispatcher = await (this.#dispatcher ??= this.#connect())
    const late = new AbortController() // because informational responses restart undici's timeout
    const timer = createTimer(() => { late.abort(tooSlow(what, 0, this.settings)) }, wholeMs(this.settings))
    try {
      return await request(url, {
        method,
        headers: {
          ...headers,
          'user-agent': `sluice/${packageVersion()}`,
          'accept-encoding': 'identity',
          ...(isOwn && token !== null && { authorization: `Bearer ${token}` })
        },
        ...(body !== undefined && { body }),
        highWaterMark: BODY_BYTES,
        dispatcher,
        signal: signal === undefined ? late.signal : AbortSignal.any([signal, late.signal])
      })
    } catch (error) {
      throw asTransient(error, what, signal)
    } finally {
      clearTimeout(timer)
    }
  }

  async #connect (): Promise<Dispatcher> {
    const { Agent, EnvHttpProxyAgent, Pool } = await import('undici')
    const { timeout } = this.settings
    const options = { connect: { timeout }, headersTimeout: timeout, bodyTimeout: timeout }
    if (!['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].some(name => process.env[name])) {
      return new Agent(options)
    }
    // Timeouts for the connection to the proxy itself are set separately.
    const clientFactory = (origin: URL, own: object): Dispatcher =>
      new Pool(origin, { ...own, headersTimeout: timeout })
    try {
      return new EnvHttpProxyAgent({ ...options, proxyTls: { timeout }, requestTls: { timeout }, clientFactory })
    } catch {
      // The address is not shown, because it may contain a password.
      throw new SluiceError('ERR_OPTION', 'HTTP_PROXY, HTTPS_PROXY: expected the address of a proxy, ' +
        'such as http://proxy:3128')
    }
  }

  async #textOf (body: Dispatcher.ResponseData['body'], what: string): Promise<string> {
    const chunks: Buffer[] = []
    let length = 0
    const timer = createTimer(() => { body.destroy(tooSlow(what, length, this.settings)) }, wholeMs(this.settings))
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        chunks.push(chunk)
        length += chunk.length
        if (length <= MAX_JSON_BYTES) continue
        throw new SluiceError('ERR_HUB', `${what}: the response of the Hub has more than ${MAX_JSON_BYTES} bytes`)
      }
    } finally {
      clearTimeout(timer)
    }
    return Buffer.concat(chunks).toString()
  }

  /** Waits if the server has asked any request of the same kind to wait. */
  async #pause (url: URL, what: string, { signal, tell }: HubRequest): Promise<void> {
    for (let wait = 1; wait > 0;) {
      const pause = this.#pauses.get(kindOf(url))
      wait = (pause?.until ?? 0) - Date.now()
      if (wait >= REPORTED_MS && !pause!.isReported) {
        pause!.isReported = true
        tell?.(`${what}: ${url.host} limits the rate of requests; waiting ${Math.round(wait / 1000)} s`)
      }
      if (wait > 0) await setTimeout(wait, undefined, { signal })
    }
  }

  #note (url: URL, status: number, headers: HubHeaders): void {
    const wait = waitAsked(headers)
    if (wait === null || wait > LONGEST_ASKED_MS || (status >= 400 && status !== 429)) return
    const isReported = status === 429 // by the request that is refused
    this.#pauses.set(kindOf(url), { until: Date.now() + wait, isReported })
  }
}

/** The Hub has separate rate limits for its API and for downloads (https://huggingface.co/docs/hub/rate-limits). */
function kindOf ({ origin, pathname }: URL): string {
  return `${origin} ${/\/api\/(?!resolve-cache\/)/.test(pathname) ? 'api' : 'files'}`
}

function nextUrl (from: URL, location: string, what: string): URL {
  const url = URL.canParse(location, from.href) ? new URL(location, from) : null
  if (url === null || !/^https?:$/.test(url.protocol) || (from.protocol === 'https:' && url.protocol === 'http:')) {
    const target = url === null ? 'an invalid URL' : `${url.protocol}//${url.host}`
    throw new SluiceError('ERR_HUB', `${what}: ${from.host} redirects to ${target}, ` +
      `which is not followed from ${from.protocol}//`)
  }
  return url
}

/** Discards a body. If its end comes soon, the connection can be reused. */
async function drop (body: Dispatcher.ResponseData['body'], { timeout }: HubSettings): Promise<void> {
  await body.dump({ limit: 65_536, signal: AbortSignal.timeout(timeout) }).catch(() => {})
}

/** How long a whole response may take, in milliseconds. */
export function wholeMs ({ timeout }: HubSettings): number {
  return Math.max(MAX_TIMEOUTS * timeout, MIN_WHOLE_MS)
}

/** The error for a response that arrives too slowly, though no single wait reaches the timeout. */
export function tooSlow (what: string, bytes: number, settings: HubSettings): SluiceError {
  const seconds = wholeMs(settings) / 1000
  return new SluiceError('ERR_HUB', `${what}: the response is not complete after ${seconds} s, ` +
    `${bytes} bytes of it were received; ` +
    `to wait longer, raise --timeout (a response may take ${MAX_TIMEOUTS} times as long)`)
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Transient('the response is not JSON')
  }
}
