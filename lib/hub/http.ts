import { setTimeout as createTimer } from 'node:timers'
import { setTimeout } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { SluiceError } from '../errors.ts'
import { packageVersion } from '../package.ts'
import { asTransient } from './failures.ts'
import { refusal } from './refusals.ts'
import { LONGEST_ASKED_MS, Retries, TOLD_MS, type Tell, Transient, waitAsked } from './retries.ts'
import type { HubSettings } from './settings.ts'
import type { HubHeaders } from './types.ts'

/** What is asked for. */
export interface HubRequest {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal | undefined
  /** Told of waits. */
  readonly tell?: Tell | undefined
}

/** What is answered, its redirects followed. */
export interface HubAnswer {
  readonly status: number
  readonly headers: HubHeaders
  /** Those of the endpoint itself, where it sent on to another place. */
  readonly linked: HubHeaders
  readonly body: Dispatcher.ResponseData['body']
  /** Where it came from in the end. */
  readonly url: URL
}

/** An answer that was JSON. */
interface JsonAnswer {
  readonly value: unknown
  readonly headers: HubHeaders
}

const MOST_REDIRECTS = 10

/**
 * Held of a body before its connection waits: with 64 kB, which is undici's default, it would wait behind each chunk.
 */
const BODY_BYTES = 512 * 1024

/** A listing's page has some hundred kB. */
const MOST_JSON_BYTES = 64 * 2 ** 20

/** How many timeouts a whole answer may take, however steadily it trickles; and milliseconds at least. */
const MOST_TIMEOUTS = 10
const LEAST_WHOLE_MS = 2000

const TRANSIENT = new Set([408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524])

/**
 * What a server that gives files by signed addresses says of one that has expired, or was given by a server that is
 * gone.
 */
const EXPIRED = new Set([400, 401, 403, 404, 410])

/** Until when, in milliseconds since 1970, nothing is asked. */
interface Pause {
  readonly until: number
  isTold: boolean
}

/** Requests to the Hub, and to where it sends on: its token goes to the endpoint alone. */
export class HubHttp {
  readonly settings: HubSettings
  readonly #origin: string
  #dispatcher: Promise<Dispatcher> | undefined
  #isReached = false
  readonly #pauses = new Map<string, Pause>() // by kind of request: each has a limit of its own

  constructor (settings: HubSettings) {
    this.settings = settings
    this.#origin = new URL(settings.endpoint).origin
  }

  /**
   * A JSON answer of the API.
   *
   * @param path with its query, behind the endpoint; or a whole address, which has to be there
   * @throws SluiceError `ERR_HUB`, `ERR_DATASET`
   */
  async json (path: string, what: string, request: HubRequest = {}): Promise<JsonAnswer> {
    const url = new URL(path.startsWith('/') ? `${this.settings.endpoint}${path}` : path)
    if (url.origin !== this.#origin) {
      throw new SluiceError('ERR_HUB', `${what}: the Hub names ${url.origin} for the rest of its answer, ` +
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
   * Asks once, and follows redirects.
   *
   * @throws Transient, SluiceError `ERR_HUB`; answers that refuse are given as they are, but for those of a place that
   *   the Hub has sent on to: these are Transient
   */
  async send (start: URL, what: string, request: HubRequest): Promise<HubAnswer> {
    if (this.settings.offline) {
      throw new SluiceError('ERR_HUB', `${what}: HF_HUB_OFFLINE is set, and the Hub has to be asked; ` +
        'unset it, or read files that are on this machine')
    }
    let url = start
    let linked: HubHeaders = {}
    for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
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
        const why = isExpired ? ', as where a signed address has expired' : ''
        throw new Transient(`${url.host} answers with ${status}${why}`, { wait: waitAsked(headers), isExpired })
      }
      const encoding = String(headers['content-encoding'] ?? 'identity')
      if (encoding !== 'identity') {
        await drop(body, this.settings)
        throw new SluiceError('ERR_HUB', `${what}: ${url.host} sends it with the encoding ${encoding}, ` +
          'which was not asked for')
      }
      return { status, headers, linked, body, url }
    }
    throw new Transient(`more than ${MOST_REDIRECTS} redirects`)
  }

  /** Lets go of all connections. */
  async close (): Promise<void> {
    const dispatcher = await this.#dispatcher?.catch(() => undefined) // whoever asked was told why there is none
    await dispatcher?.destroy()
  }

  /** The one place where the token is used. */
  async #ask (url: URL, isOwn: boolean, what: string, asked: HubRequest): Promise<Dispatcher.ResponseData> {
    const { method = 'GET', headers, body, signal } = asked
    const { token } = this.settings
    const { request } = await import('undici')
    const dispatcher = await (this.#dispatcher ??= this.#connect())
    const late = new AbortController() // informational answers, one after the other, would begin the timeout anew
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
    // What is said to a proxy itself has timeouts of its own.
    const clientFactory = (origin: URL, own: object): Dispatcher =>
      new Pool(origin, { ...own, headersTimeout: timeout })
    try {
      return new EnvHttpProxyAgent({ ...options, proxyTls: { timeout }, requestTls: { timeout }, clientFactory })
    } catch {
      // Not shown: it may have a password.
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
        if (length <= MOST_JSON_BYTES) continue
        throw new SluiceError('ERR_HUB', `${what}: the answer of the Hub has more than ${MOST_JSON_BYTES} bytes`)
      }
    } finally {
      clearTimeout(timer)
    }
    return Buffer.concat(chunks).toString()
  }

  /** Where one request was told to wait, all of its kind do. */
  async #pause (url: URL, what: string, { signal, tell }: HubRequest): Promise<void> {
    for (let wait = 1; wait > 0;) {
      const pause = this.#pauses.get(kindOf(url))
      wait = (pause?.until ?? 0) - Date.now()
      if (wait >= TOLD_MS && !pause!.isTold) {
        pause!.isTold = true
        tell?.(`${what}: ${url.host} takes no more requests for a time; waits ${Math.round(wait / 1000)} s`)
      }
      if (wait > 0) await setTimeout(wait, undefined, { signal })
    }
  }

  #note (url: URL, status: number, headers: HubHeaders): void {
    const wait = waitAsked(headers)
    if (wait === null || wait > LONGEST_ASKED_MS || (status >= 400 && status !== 429)) return
    // Whoever is refused tells of it.
    this.#pauses.set(kindOf(url), { until: Date.now() + wait, isTold: status === 429 })
  }
}

/** The Hub counts calls of its API and downloads apart (https://huggingface.co/docs/hub/rate-limits). */
function kindOf ({ origin, pathname }: URL): string {
  return `${origin} ${/\/api\/(?!resolve-cache\/)/.test(pathname) ? 'api' : 'files'}`
}

function nextUrl (from: URL, location: string, what: string): URL {
  const url = URL.canParse(location, from.href) ? new URL(location, from) : null
  if (url === null || !/^https?:$/.test(url.protocol) || (from.protocol === 'https:' && url.protocol === 'http:')) {
    const place = url === null ? 'what is no address' : `${url.protocol}//${url.host}`
    throw new SluiceError('ERR_HUB', `${what}: ${from.host} sends on to ${place}, ` +
      `which is not gone to from ${from.protocol}//`)
  }
  return url
}

/** An answer that nobody wants: its connection can be used again, where its end comes soon. */
async function drop (body: Dispatcher.ResponseData['body'], { timeout }: HubSettings): Promise<void> {
  await body.dump({ limit: 65_536, signal: AbortSignal.timeout(timeout) }).catch(() => {})
}

/** How long an answer may take as a whole. */
export function wholeMs ({ timeout }: HubSettings): number {
  return Math.max(MOST_TIMEOUTS * timeout, LEAST_WHOLE_MS)
}

/** An answer that trickles, so that no single wait for it is too long. */
export function tooSlow (what: string, bytes: number, settings: HubSettings): SluiceError {
  const seconds = wholeMs(settings) / 1000
  return new SluiceError('ERR_HUB', `${what}: the answer is not whole after ${seconds} s, ` +
    `${bytes} bytes of it have come; ` +
    `with a larger --timeout, of which it may take ${MOST_TIMEOUTS} times as long, it is waited for longer`)
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Transient('the answer is no JSON')
  }
}
