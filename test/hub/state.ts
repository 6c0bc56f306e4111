import { createHmac } from 'node:crypto'
import { decider, type Decider } from './misbehaviour.ts'
import { Repository, sha1 } from './repository.ts'
import type { HubOptions, LoggedRequest, Plan, PlanByRepo } from './types.ts'

/** The content that a signed CDN address refers to. */
export interface Grant {
  readonly repo: string
  readonly file: string
  readonly sha256: string
  /** Milliseconds since 1970. */
  readonly until: number
  /** Makes each address different. */
  readonly serial: number
}

/** The caller, by the token. */
export type Caller = 'nobody' | 'owner' | 'stranger' | 'invalid'

/** State that both hosts share. */
export class State {
  readonly options: HubOptions
  readonly repositories = new Map<string, Repository>()
  readonly requests: LoggedRequest[] = []
  readonly leaks: string[] = []
  /** SHA-256 of files whose bytes are changed when they are sent. */
  readonly changed = new Set<string>()
  endpoint = ''
  cdn = ''
  readonly #began = performance.now()
  readonly #revoked = new Set<number>()
  #serial = 0
  #decider: Decider = decider([])

  private constructor (options: HubOptions) {
    this.options = options
  }

  static async from (options: HubOptions): Promise<State> {
    const state = new State(options)
    for (const repo of options.repos) state.repositories.set(repo.name, await Repository.from(repo))
    return state
  }

  misbehave (plan: Plan | PlanByRepo): void {
    this.#decider = decider(plan)
  }

  decide (request: LoggedRequest): ReturnType<Decider['decide']> {
    return this.#decider.decide(request)
  }

  /** Milliseconds since the Hub was started. */
  get now (): number {
    return performance.now() - this.#began
  }

  repository (name: string): Repository {
    const repository = this.repositories.get(name)
    if (repository === undefined) throw new Error(`the stand-in Hub has no repository ${name}`)
    return repository
  }

  /** The current name of a repository, given a former one. */
  renamed (name: string): string | undefined {
    return [...this.repositories.values()].find(({ options }) => options.formerly?.includes(name))?.options.name
  }

  caller (authorization: string | undefined): Caller {
    if (authorization === undefined) return 'nobody'
    const { token, stranger } = this.options
    if ((token === undefined && stranger === undefined) || authorization === `Bearer ${token}`) return 'owner'
    return authorization === `Bearer ${stranger}` ? 'stranger' : 'invalid'
  }

  /** An address on the CDN for a file. It expires. */
  sign (grant: Omit<Grant, 'until' | 'serial'>): string {
    const until = Date.now() + (this.options.signatureMs ?? 3_600_000)
    const policy = Buffer.from(JSON.stringify({ ...grant, until, serial: this.#serial++ } satisfies Grant))
      .toString('base64url')
    const name = encodeURIComponent(grant.file.split('/').at(-1)!)
    const query = new URLSearchParams({
      'response-content-disposition': `inline; filename*=UTF-8''${name}; filename="${name}";`,
      Expires: String(Math.ceil(until / 1000)),
      Policy: policy,
      Signature: signature(policy),
      'Key-Pair-Id': 'STANDIN'
    })
    return `${this.cdn}/repos/${sha1(grant.repo).slice(0, 2)}/${sha1(grant.repo)}/${grant.sha256}?${String(query)}`
  }

  /** The content that a signed address refers to; undefined if the signature is wrong. */
  grant (address: URL): Grant | undefined {
    const policy = address.searchParams.get('Policy')
    if (policy === null || address.searchParams.get('Signature') !== signature(policy)) return undefined
    const grant = JSON.parse(Buffer.from(policy, 'base64url').toString()) as Grant
    return address.pathname.endsWith(`/${grant.sha256}`) ? grant : undefined
  }

  hasExpired ({ until, serial }: Grant): boolean {
    return Date.now() > until || this.#revoked.has(serial)
  }

  revoke ({ serial }: Grant): void {
    this.#revoked.add(serial)
  }
}

function signature (policy: string): string {
  return createHmac('sha256', 'stand-in').update(policy).digest('base64url')
}
