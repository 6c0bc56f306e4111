/**
 * A stand-in Hub on loopback, which behaves to clients like Hugging Face's for datasets, and misbehaves on request.
 *
 * Its responses follow the clients huggingface_hub and datasets (both in Python) and @huggingface/hub, and the
 * documentation of the Hub: https://huggingface.co/docs/hub/api and https://huggingface.co/docs/hub/rate-limits.
 * `test/checks/hub.ts` checks it with these clients.
 */
import { once } from 'node:events'
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Refusal, checkCaller, failure, json, redirect } from './answers.ts'
import { apiAnswer, bodyOf } from './api.ts'
import { cachedAnswer, cdnAnswer, resolveAnswer } from './content.ts'
import { type Answer, Exchange } from './exchange.ts'
import { withFault } from './listings.ts'
import { type Route, routeOf } from './routes.ts'
import { State } from './state.ts'
import type { Content, HubOptions, LoggedRequest, Plan, PlanByRepo } from './types.ts'

export interface Hub {
  /** For `HF_ENDPOINT`. */
  readonly endpoint: string
  /** The second host, of LFS files. */
  readonly cdn: string
  /** Every request so far, in order. */
  readonly requests: readonly LoggedRequest[]
  /** Requests that sent a token to the second host. */
  readonly leaks: readonly string[]
  /** How to respond from now on; `[]`: correctly. */
  misbehave: (plan: Plan | PlanByRepo) => void
  /** Changes files on a ref, `main` if none is named; null deletes. @returns the new commit's id */
  commit: (repo: string, files: Readonly<Record<string, Content | null>>, ref?: string) => Promise<string>
  /** The id of a ref's commit; of `main` if none is named. */
  commitOf: (repo: string, ref?: string) => string
  close: () => Promise<void>
}

/** Starts a Hub and its CDN, each on a separate port. */
export async function startHub (options: HubOptions): Promise<Hub> {
  const state = await State.from(options)
  const hosts = { hub: new Host('hub', state), cdn: new Host('cdn', state) }
  state.endpoint = await hosts.hub.listen(options.port ?? 0)
  state.cdn = await hosts.cdn.listen(options.cdnPort ?? 0)
  return {
    endpoint: state.endpoint,
    cdn: state.cdn,
    requests: state.requests,
    leaks: state.leaks,
    misbehave (plan) { state.misbehave(plan) },
    async commit (repo, files, ref) { return await state.repository(repo).commit(files, ref) },
    commitOf (repo, ref = 'main') {
      const commit = state.repository(repo).at(ref)
      if (commit === undefined) throw new Error(`the stand-in Hub has no ${ref} of ${repo}`)
      return commit.id
    },
    async close () { await Promise.all([hosts.hub.close(), hosts.cdn.close()]) }
  }
}

/** One of the two servers. */
class Host {
  readonly #name: 'hub' | 'cdn'
  readonly #state: State
  readonly #server: Server
  #port = 0
  #refused: NodeJS.Timeout | undefined

  constructor (name: 'hub' | 'cdn', state: State) {
    this.#name = name
    this.#state = state
    this.#server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      this.#handle(request, response).catch((error: unknown) => { console.error(error) })
    })
  }

  /** @returns its address */
  async listen (port: number): Promise<string> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
    return `http://127.0.0.1:${this.#port}`
  }

  async close (): Promise<void> {
    clearTimeout(this.#refused)
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  /** Cuts all connections, and accepts none for a time. */
  #refuse (ms: number): void {
    if (!this.#server.listening) return
    this.#server.close()
    this.#server.closeAllConnections()
    this.#again(ms)
  }

  /** Listens on its port again. */
  #again (ms: number): void {
    // A client may have got the port for its end of a connection.
    const taken = (): void => { this.#again(10) }
    this.#refused = setTimeout(() => {
      this.#server.once('error', taken).once('listening', () => { this.#server.off('error', taken) })
        .listen(this.#port, '127.0.0.1')
    }, ms)
  }

  async #handle (request: IncomingMessage, response: ServerResponse): Promise<void> {
    const state = this.#state
    const address = new URL(request.url!, state.endpoint)
    const route = this.#name === 'cdn' ? null : routeOf(request.headers.host ?? '', address.pathname)
    if (route?.what === 'control') {
      await control(state, route, request, response)
      return
    }
    const grant = route === null ? state.grant(address) : undefined
    const log: LoggedRequest = {
      host: this.#name,
      method: request.method!,
      path: request.url!,
      headers: request.headers,
      range: request.headers.range ?? null,
      kind: route?.kind ?? 'file',
      repo: (route === null ? grant?.repo : route.repo) ?? null,
      file: (route === null ? grant?.file : route.kind === 'api' ? null : route.path) ?? null,
      status: null,
      bytes: 0,
      ended: false,
      fault: null,
      at: state.now
    }
    state.requests.push(log)
    const exchange = new Exchange(request, response, log)
    exchange.fault = state.decide(log)
    const refuse = exchange.met('refuse')
    if (refuse !== null) {
      this.#refuse(refuse.ms)
      return
    }
    const delay = exchange.met('delay')
    if (delay !== null) await exchange.wait(delay.ms)
    const informational = exchange.met('informational')
    if (informational !== null) {
      await exchange.inform(informational.ms)
      return
    }
    const answer = hinderance(exchange) ?? withFault(exchange, await answerTo(state, exchange, route, address))
    const usual = route === null || answer.status === 429 ? {} : limits(route, 3000 - state.requests.length)
    await exchange.send({
      ...answer, headers: { ...usual, 'X-Request-Id': `Root=1-${state.requests.length}`, ...answer.headers }
    })
  }
}

/** A response of a server that can't, or won't, serve. */
function hinderance (exchange: Exchange): Answer | null {
  const status = exchange.met('status')?.status
  if (status !== undefined) {
    return {
      status,
      headers: { 'Content-Type': 'text/html' },
      body: Buffer.from(`<html><body><h1>${status}</h1></body></html>`)
    }
  }
  const limit = exchange.met('rate-limit')
  if (limit === null) return null
  const { how, seconds } = limit
  const name = exchange.log.kind === 'api' ? 'api' : 'resolvers'
  return failure(429, null, 'We had to rate limit your IP. To continue using our service, ' +
    'create a HF account or login to your existing account.', {
    ...(how === 'retry-after' && { 'Retry-After': String(seconds) }),
    ...(how === 'date' && { 'Retry-After': new Date(Date.now() + seconds * 1000).toUTCString() }),
    ...((how === 'ratelimit' || how === 'spare') &&
      { RateLimit: `"${name}";r=${how === 'spare' ? 37 : 0};t=${seconds}`, 'RateLimit-Policy': policy(name) })
  })
}

/** The header with the requests left in a window of five minutes, which the Hub sends with every response. */
function limits ({ kind }: Route, left: number): Record<string, string> {
  const name = kind === 'api' ? 'api' : 'resolvers'
  return { RateLimit: `"${name}";r=${Math.max(left, 1)};t=300`, 'RateLimit-Policy': policy(name) }
}

function policy (name: string): string {
  return `"fixed window";"${name}";q=3000;w=300`
}

async function answerTo (state: State, exchange: Exchange, route: Route | null, address: URL): Promise<Answer> {
  const { request } = exchange
  try {
    if (route === null) return cdnAnswer(state, exchange, address)
    const caller = state.caller(request.headers.authorization)
    checkCaller(caller)
    const renamed = route.repo === null ? undefined : state.renamed(route.repo)
    if (renamed !== undefined) {
      return redirect(307, request.url!.replace(`datasets/${route.repo}`, `datasets/${renamed}`))
    }
    if (route.what === 'resolve') return resolveAnswer(state, exchange, route, caller)
    if (route.what === 'cached') return cachedAnswer(state, exchange, route, caller)
    return await apiAnswer(state, route, caller, request, address.searchParams)
  } catch (error) {
    if (error instanceof Refusal) return error.answer
    console.error(error)
    return failure(500, 'StandIn', String(error))
  }
}

/**
 * Requests of another process: `POST misbehave` a plan, `POST commit` `{ repo, files, ref }`, `GET requests`, `GET
 * leaks`.
 */
async function control (
  state: State,
  { path }: Route,
  request: IncomingMessage,
  response: ServerResponse
): Promise<void> {
  const send = ({ status, body }: Answer): void => { response.writeHead(status).end(body) }
  if (state.options.control !== true) send(failure(404, null, 'Not found'))
  else if (request.method === 'GET') send(json(path === 'leaks' ? state.leaks : state.requests))
  else {
    const order = JSON.parse(await bodyOf(request)) as unknown
    if (path === 'misbehave') {
      state.misbehave(order as Plan)
      send(json({}))
    } else {
      const { repo, files, ref } = order as { repo: string, files: Record<string, Content | null>, ref?: string }
      send(json({ commit: await state.repository(repo).commit(files, ref) }))
    }
  }
}
