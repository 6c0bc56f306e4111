import type { Fault, LoggedRequest, Misbehaviour, Plan, PlanByRepo, RandomMisbehaviour } from './types.ts'

/** Each misbehaviour that a client can recover from, with sizes and times for tests: random plans draw from these. */
export const FAULTS: readonly Fault[] = [
  { kind: 'break', after: 'random' },
  { kind: 'break', after: 0 },
  { kind: 'stall', after: 'random' },
  { kind: 'rate-limit', seconds: 0, how: 'retry-after' },
  { kind: 'rate-limit', seconds: 0, how: 'date' },
  { kind: 'rate-limit', seconds: 0, how: 'ratelimit' },
  { kind: 'rate-limit', seconds: 0, how: 'spare' },
  { kind: 'rate-limit', seconds: 0, how: 'bare' },
  ...[500, 502, 503, 504].map(status => ({ kind: 'status', status }) as const),
  { kind: 'expired' },
  { kind: 'short', by: 7, framing: 'length' },
  { kind: 'short', by: 7, framing: 'chunked' },
  { kind: 'short', by: 7, framing: 'declared' },
  { kind: 'long', by: 7 },
  { kind: 'whole' },
  { kind: 'loop' },
  { kind: 'refuse', ms: 20 },
  { kind: 'drip', bytes: 5000, ms: 1 },
  { kind: 'delay', ms: 10 }
]

interface Hostile {
  readonly fault: Fault
  readonly on?: Misbehaviour['on']
  readonly error: RegExp
}

/** Misbehaviours that no client can recover from, and the error that each must end in, within some seconds. */
export const HOSTILE: readonly Hostile[] = [
  { fault: { kind: 'endless', entries: 1 }, error: /^ERR_HUB .*doesn't end: received 102 pages with 102 entries/ },
  { fault: { kind: 'endless', entries: 0 }, error: /^ERR_HUB .*doesn't end: received 101 pages with 0 entries/ },
  {
    fault: { kind: 'endless', entries: 900 },
    error: /^ERR_HUB .*listing doesn't end: received \d+ pages .* at most 5000 entries/
  },
  {
    fault: { kind: 'drip', bytes: 1, ms: 20 },
    on: { kind: 'api' },
    error: /^ERR_HUB .*the response is not complete after 2 s, \d+ bytes of it were received; .*--timeout/
  },
  {
    fault: { kind: 'drip', bytes: 1, ms: 20 },
    on: { path: 'README.md' },
    error: /^ERR_HUB .*README.md: the response is not complete after 2 s/
  },
  {
    fault: { kind: 'informational', ms: 20 },
    on: { kind: 'api' },
    error: /^ERR_HUB .*the response is not complete after 2 s, 0 bytes/
  },
  ...[
    '../../../../api/whoami-v2', '/etc/passwd', 'data//a.jsonl', 'data/./a.jsonl', 'data/..', 'a\0.jsonl',
    '\ud800.jsonl', 'a'.repeat(5000)
  ].map(path => ({
    fault: { kind: 'listed', path } as const,
    error: /^ERR_HUB .*the Hub lists ".+", which is not a valid path in a repository/
  })),
  ...['data/x\\y.jsonl', 'data/x\ny.jsonl', 'data/\x1b[2J.jsonl'].map(path => ({
    fault: { kind: 'listed', path } as const,
    error: /^ERR_DATASET .*the file "data\/.*" is not read: its name has a backslash or a control character/
  }))
]

/**
 * Pseudorandom numbers from 0 to 1 (exclusive) from a seed: Marsaglia's xorshift of 32 bits ("Xorshift RNGs", 2003).
 */
export function randomNumbers (seed: number): () => number {
  let state = (Math.imul(seed, 0x9e37_79b1) ^ 0x2545_f491) | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

/** Decides for each request on its fault, if any. */
export interface Decider {
  decide: (request: LoggedRequest) => Fault | null
}

/** @param plan one misbehaviour, several of which the first that applies is used, or a seed */
export function decider (plan: Plan | PlanByRepo): Decider {
  if ('byRepo' in plan) return { decide: request => known(plan.byRepo[request.repo ?? ''] ?? []).decide(request) }
  if ('seed' in plan) return atRandom(plan)
  return inOrder('fault' in plan ? [plan] : plan)
}

function inOrder (plan: readonly Misbehaviour[]): Decider {
  const states = plan.map(misbehaviour => ({ misbehaviour, seen: 0, left: misbehaviour.times ?? 1 }))
  return {
    decide (request) {
      const due = states.filter(state => {
        const { misbehaviour: { fault, on, skip = 0, every = 1 } } = state
        if (!applies(fault, request) || !matches(request, on ?? usually(fault))) return false
        state.seen++
        return state.left > 0 && state.seen > skip && (state.seen - skip) % every === 0
      })
      const first = due[0]
      if (first === undefined) return null
      first.left--
      return sized(first.misbehaviour.fault, Math.random)
    }
  }
}

const deciders = new WeakMap<Plan, Decider>()

function known (plan: Plan): Decider {
  const found = deciders.get(plan) ?? decider(plan)
  deciders.set(plan, found)
  return found
}

function atRandom ({ seed, faults = FAULTS, chance = 0.3, times = 20 }: RandomMisbehaviour): Decider {
  const random = randomNumbers(seed)
  const oneOf = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!
  let left = times
  return {
    decide (request) {
      const possible = faults.filter(fault => applies(fault, request))
      if (left === 0 || random() >= chance || possible.length === 0) return null
      left--
      // First the kind is drawn, as some kinds have more variants than others.
      const kind = oneOf([...new Set(possible.map(({ kind }) => kind))])
      return sized(oneOf(possible.filter(fault => fault.kind === kind)), random)
    }
  }
}

/** A number for `'random'`: a share of the body, as a negative number, because its length isn't known yet. */
function sized (fault: Fault, random: () => number): Fault {
  return (fault.kind === 'break' || fault.kind === 'stall') && fault.after === 'random'
    ? { kind: fault.kind, after: -random() }
    : fault
}

/** By default, faults of a body apply to files. */
function usually ({ kind }: Fault): NonNullable<Misbehaviour['on']> {
  return kind === 'break' || kind === 'stall' || kind === 'drip' ? { kind: 'file' } : {}
}

function matches (request: LoggedRequest, on: NonNullable<Misbehaviour['on']>): boolean {
  return (on.kind === undefined || on.kind === request.kind) &&
    (on.host === undefined || on.host === request.host) &&
    (on.method === undefined || on.method === request.method) &&
    (on.path === undefined || request.path.includes(on.path) || (request.file ?? '').includes(on.path))
}

/** Whether a fault is possible for a request. */
function applies ({ kind }: Fault, request: LoggedRequest): boolean {
  switch (kind) {
    case 'break': case 'stall': case 'drip': return request.method !== 'HEAD' && request.kind !== 'resolve'
    case 'short': case 'long': return request.kind === 'file' && request.method === 'GET'
    case 'whole': return request.kind === 'file' && request.method === 'GET' && request.range !== null
    case 'changed': return request.kind === 'file' && request.method === 'GET'
    case 'expired': return request.host === 'cdn'
    case 'loop': return request.kind === 'resolve'
    case 'endless': return request.path.includes('/tree/')
    case 'listed': return /\/(?:tree|paths-info)\//.test(request.path)
    default: return true
  }
}
