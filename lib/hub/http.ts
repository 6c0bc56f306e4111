import type { Dispatcher } from 'undici'
import { SluiceError, codeOf, messageOf } from '../errors.ts'
import { packageVersion } from '../package.ts'
import { refusal } from './refusals.ts'
import { Retries, type Tell, Transient, waitAsked } from './retries.ts'
import type { HubSettings } from './settings.ts'

/** What is asked for. */
export interface HubRequest {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal | undefined
}

/** What is answered, its redirects followed. */
export interface HubAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Those of the endpoint itself, where it sent on to another place. */
  readonly linked: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Dispatcher.ResponseData['body']
  /** Where it came from in the end. */
  readonly url: URL
}

const MOST_REDIRECTS = 10

/** Held of a body before its connection waits: with 64 kB, which is undici's default, it would wait behind each chunk. */
const BODY_BYTES = 512 * 1024

/** A listing's page has some hundred kB. */
const MOST_JSON_BYTES = 64 * 2 ** 20

const TRANSIENT = new Set([408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524])

/** What a server that gives files by signed addresses says of one that has expired, or was given by a server that is gone. */
const EXPIRED = new Set([400, 401, 403, 404, 410])

/** Requests to the Hub, and to where it sends on: its token goes to the endpoint alone. */
export class HubHttp {
  readonly settings: HubSettings
  readonly #origin: string
  #dispatcher: Promise<Dispatcher> | undefined
  readonly #notBefore = new Map<string, number>() // by kind of request: each has a limit of its own

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
  async json (path: string, what: string, { tell, ...request }: HubRequest & { readonly tell?: Tell | undefined } = {}): Promise<{ readonly value: unknown, readonly headers: HubAnswer['headers'] }> {
    const url = new URL(path.startsWith('/') ? `${this.settings.endpoint}${path}` : path)
    if (url.origin !== this.#origin) throw new SluiceError('ERR_HUB', `${what}: the Hub names ${url.origin} for the rest of its answer, expected ${this.#origin}`)
    const retries = new Retries(what, this.settings, request.signal, tell)
    for (;;) {
      try {
        const { status, headers, body } = await this.send(url, what, request)
        const text = await textOf(body)
        if (status >= 400) throw refusal(what, status, headers, text, this.settings)
        return { value: parse(text), headers }
      } catch (error) {
        await retries.wait(asTransient(error, request.signal))
      }
    }
  }

  /**
   * Asks once, and follows redirects.
   *
   * @throws Transient, SluiceError `ERR_HUB`; answers that refuse are given as they are, but for those of a place that the
   *   Hub has sent on to: these are Transient
   */
  async send (start: URL, what: string, { method = 'GET', headers = {}, body, signal }: HubRequest): Promise<HubAnswer> {
    if (this.settings.offline) throw new SluiceError('ERR_HUB', `${what}: HF_HUB_OFFLINE is set, and the Hub has to be asked; unset it, or read files that are on this machine`)
    const { request } = await import('undici')
    let url = start
    let linked: HubAnswer['headers'] = {}
    for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
      await this.#pause(url, what, signal)
      const isOwn = url.origin === this.#origin
      const answer = await request(url, {
        method,
        headers: { ...headers, 'user-agent': `sluice/${packageVersion()}`, 'accept-encoding': 'identity', ...(isOwn && this.settings.token !== null && { authorization: `Bearer ${this.settings.token}` }) },
        ...(body !== undefined && { body }),
        highWaterMark: BODY_BYTES,
        dispatcher: await (this.#dispatcher ??= this.#connect()),
        ...(signal && { signal })
      }).catch((error: unknown) => { throw asTransient(error, signal) })
      const { statusCode: status } = answer
      if (isOwn) linked = answer.headers
      this.#note(url, status, answer.headers)
      const location = answer.headers.location
      if (status >= 300 && status < 400 && location !== undefined) {
        await drop(answer.body)
        url = nextUrl(url, String(location), what)
        continue
      }
      if (TRANSIENT.has(status) || (!isOwn && EXPIRED.has(status))) {
        await drop(answer.body)
        const isExpired = !TRANSIENT.has(status)
        throw new Transient(`${url.host} answers with ${status}${isExpired ? ', as where a signed address has expired' : ''}`, { wait: waitAsked(answer.headers) })
      }
      return { status, headers: answer.headers, linked, body: answer.body, url }
    }
    throw new Transient(`more than ${MOST_REDIRECTS} redirects`)
  }

  /** Lets go of all connections. */
  async close (): Promise<void> {
    await (await this.#dispatcher)?.destroy()
  }

  async #connect (): Promise<Dispatcher> {
    const { Agent, EnvHttpProxyAgent } = await import('undici')
    const { timeout } = this.settings
    const options = { connect: { timeout }, headersTimeout: timeout, bodyTimeout: timeout }
    return ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].some(name => process.env[name]) ? new EnvHttpProxyAgent(options) : new Agent(options)
  }

  /** Where one request was told to wait, all of its kind do. */
  async #pause (url: URL, what: string, signal: AbortSignal | undefined): Promise<void> {
    const until = this.#notBefore.get(kindOf(url)) ?? 0
    const { setTimeout } = await import('node:timers/promises')
    while (Date.now() < until) await setTimeout(until - Date.now(), undefined, { signal })
  }

  #note (url: URL, status: number, headers: HubAnswer['headers']): void {
    const wait = waitAsked(headers)
    if (wait !== null && (status === 429 || status < 400)) this.#notBefore.set(kindOf(url), Date.now() + wait)
  }
}

/** The Hub counts calls of its API and downloads apart (https://huggingface.co/docs/hub/rate-limits). */
function kindOf ({ origin, pathname }: URL): string {
  return `${origin} ${pathname.startsWith('/api/') ? 'api' : 'files'}`
}

function nextUrl (from: URL, location: string, what: string): URL {
  const url = URL.canParse(location, from.href) ? new URL(location, from) : null
  if (url === null || !/^https?:$/.test(url.protocol) || (from.protocol === 'https:' && url.protocol === 'http:')) {
    throw new SluiceError('ERR_HUB', `${what}: ${from.host} sends on to ${url === null ? 'what is no address' : `${url.protocol}//${url.host}`}, which is not gone to from ${from.protocol}//`)
  }
  return url
}

/** An answer that nobody wants: its connection can be used again. */
async function drop (body: Dispatcher.ResponseData['body']): Promise<void> {
  await body.dump({ limit: 65_536 }).catch(() => {})
}

async function textOf (body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length > MOST_JSON_BYTES) throw new SluiceError('ERR_HUB', `an answer of the Hub has more than ${MOST_JSON_BYTES} bytes`)
  }
  return Buffer.concat(chunks).toString()
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Transient('the answer is no JSON', { cause })
  }
}

/** What happens to connections may not happen again; what was thrown on purpose, or by a defect, would. */
export function asTransient (error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true || error instanceof SluiceError || error instanceof Transient) return error
  const code = codeOf(error) ?? codeOf((error as { cause?: unknown } | null)?.cause) ?? ''
  if (!/^(UND_ERR_|E[A-Z]|HPE_|CERT_|ERR_TLS|ERR_SSL)/.test(code) || code === 'UND_ERR_INVALID_ARG') return error
  if (/^(ENOTFOUND|CERT_|ERR_TLS_CERT)/.test(code)) return new Transient(`the Hub can't be reached: ${messageOf(error)}`, { cause: error })
  return new Transient(REASONS[code] ?? `the connection failed: ${messageOf(error)}`, { cause: error })
}

const REASONS: Readonly<Record<string, string>> = {
  UND_ERR_BODY_TIMEOUT: 'nothing more came within the timeout (--timeout)',
  UND_ERR_HEADERS_TIMEOUT: 'no answer within the timeout (--timeout)',
  UND_ERR_CONNECT_TIMEOUT: 'no connection within the timeout (--timeout)',
  UND_ERR_SOCKET: 'the connection was broken off',
  ECONNRESET: 'the connection was broken off',
  ECONNREFUSED: 'the connection is refused'
}
