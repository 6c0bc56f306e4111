import { setTimeout as sleep } from 'node:timers/promises'
import { type Test, t } from '../tap.ts'
import { failure } from '../helpers.ts'
import { type Asked, ask, follow } from './ask.ts'
import { FAULTS } from './misbehaviour.ts'
import { type Hub, startHub } from './stand-in.ts'
import type { Fault, HubOptions, Plan } from './types.ts'

const BYTES = Buffer.from(Array.from({ length: 200_000 }, (_, i) => 97 + i % 26))

interface Started {
  readonly hub: Hub
  /** Requests the file with a misbehaviour set. */
  readonly get: (plan: Plan | Fault, headers?: Record<string, string>, timeoutMs?: number) => Promise<Asked>
}

async function start (t: Test, options: Omit<HubOptions, 'repos'> = {}): Promise<Started> {
  const hub = await startHub({ repos: [{ name: 'o/n', files: { 'a.bin': BYTES, 'b.txt': 'b' } }], ...options })
  t.teardown(async () => { await hub.close() })
  return {
    hub,
    async get (plan, headers = {}, timeoutMs = 2000) {
      hub.misbehave('kind' in plan ? { fault: plan } : plan)
      return await follow(`${hub.endpoint}/datasets/o/n/resolve/main/a.bin`, { headers, timeoutMs })
    }
  }
}

t.test('bodies that break off, stall, drip, or have the wrong length', async t => {
  const { hub, get } = await start(t)
  t.match(await get({ kind: 'break', after: 1000 }), {
    cut: true, body: BYTES.subarray(0, 1000), headers: { 'content-length': '200000' }
  })
  t.match(hub.requests.at(-1), { fault: 'break', bytes: 1000, ended: false })
  t.match(await get({ kind: 'break', after: 0 }), { cut: true, body: Buffer.alloc(0) })
  const some = await get({ kind: 'break', after: 'random' })
  t.ok(some.cut && some.body.length < BYTES.length)
  t.match(await get({ kind: 'stall', after: 500 }, {}, 300), { cut: true, body: BYTES.subarray(0, 500) })
  t.match(await get({ kind: 'stall', after: 0 }, {}, 300), { cut: true, body: Buffer.alloc(0) })
  t.match(await get({ kind: 'short', by: 10, framing: 'length' }), {
    cut: false, body: BYTES.subarray(0, 199_990), headers: { 'content-length': '199990' }
  })
  t.match(await get({ kind: 'short', by: 10, framing: 'chunked' }), {
    cut: false, body: BYTES.subarray(0, 199_990), headers: { 'transfer-encoding': 'chunked' }
  })
  t.match(await get({ kind: 'short', by: 10, framing: 'declared' }), {
    cut: true, body: BYTES.subarray(0, 199_990), headers: { 'content-length': '200000' }
  })
  t.match(await get({ kind: 'long', by: 5 }), {
    cut: false, body: Buffer.concat([BYTES, Buffer.from('xxxxx')]), headers: { 'content-length': '200005' }
  })
  t.match(await get({ kind: 'drip', bytes: 100_000, ms: 1 }), { cut: false, body: BYTES })
  t.match(await get([]), { cut: false, body: BYTES })
  hub.misbehave({ fault: { kind: 'break', after: 3 }, on: { kind: 'api', method: 'GET' } })
  t.match(await ask(`${hub.endpoint}/api/datasets/o/n`), { cut: true, body: Buffer.from('{"_') })
})

t.test('refusals for a limited time', async t => {
  const { hub, get } = await start(t)
  for (const status of [500, 502, 503, 504]) t.match(await get({ kind: 'status', status }), { status })
  t.match(await get({ kind: 'rate-limit', how: 'retry-after', seconds: 3 }), {
    status: 429, headers: { 'retry-after': '3', ratelimit: undefined }
  })
  t.match(await get({ kind: 'rate-limit', how: 'date', seconds: 3 }), {
    status: 429, headers: { 'retry-after': /GMT$/ }
  })
  t.match(await get({ kind: 'rate-limit', how: 'ratelimit', seconds: 37 }), {
    status: 429,
    headers: { ratelimit: '"resolvers";r=0;t=37', 'ratelimit-policy': '"fixed window";"resolvers";q=3000;w=300' }
  })
  t.match(await get({ kind: 'rate-limit', how: 'spare', seconds: 37 }), {
    status: 429, headers: { ratelimit: '"resolvers";r=37;t=37' }
  })
  const bare = await get({ kind: 'rate-limit', how: 'bare', seconds: 0 })
  t.equal(bare.status, 429)
  t.notOk('retry-after' in bare.headers || 'ratelimit' in bare.headers)
  t.match(await failure(get({ kind: 'refuse', ms: 400 })), { code: /ECONNRE/ })
  t.match(await failure(get([])), { code: 'ECONNREFUSED' })
  while (await get([]).then(() => false, () => true)) await sleep(20)
  t.match(await get([]), { status: 200 })
  const began = performance.now()
  t.match(await get({ kind: 'delay', ms: 50 }), { status: 200 })
  t.ok(performance.now() - began > 45)
  t.match(await failure(get({ kind: 'delay', ms: null }, {}, 50)), { message: 'no answer in time' })
  hub.misbehave({ fault: { kind: 'loop' }, times: 3 })
  const first = await ask(`${hub.endpoint}/datasets/o/n/resolve/main/a.bin`)
  t.match(first, { status: 302, headers: { location: '/datasets/o/n/resolve/main/a.bin' } })
  t.match(await follow(`${hub.endpoint}/datasets/o/n/resolve/main/a.bin`), { status: 200 })
  hub.misbehave({ fault: { kind: 'break', after: 0 }, on: { kind: 'file' } })
})

t.test('addresses that expire', async t => {
  const { hub, get } = await start(t)
  const address = (await ask(`${hub.endpoint}/datasets/o/n/resolve/main/a.bin`)).headers.location!
  hub.misbehave({ fault: { kind: 'expired' } })
  const refused = await ask(address)
  t.match(refused, { status: 403, headers: { 'content-type': 'application/xml' } })
  t.match(refused.body.toString(), /<Code>AccessDenied/)
  t.equal((await ask(address)).status, 403, 'the address stays expired')
  t.match(await get([]), { status: 200 })
  t.equal((await ask(address.replace(/Signature=\w/, 'Signature=_'))).status, 403)
  t.equal((await ask(`${hub.cdn}/other`)).status, 403)
  const late = await start(t, { signatureMs: -1 })
  t.equal((await follow(`${late.hub.endpoint}/datasets/o/n/resolve/main/a.bin`)).status, 403)
})

t.test('whole answers to range requests, and files that change', async t => {
  const { get } = await start(t)
  const { headers: { etag } } = await get([], { Range: 'bytes=0-9' })
  t.match(await get({ kind: 'whole' }, { Range: 'bytes=5-9' }), { status: 200, body: BYTES })
  t.match(await get([], { Range: 'bytes=5-9' }), { status: 206 })
  const changed = await get({ kind: 'changed' }, { Range: 'bytes=0-9' })
  t.match(changed, { status: 206, body: Buffer.from('ABCDEFGHIJ') })
  t.not(changed.headers.etag, etag)
  t.match(await get([], { Range: 'bytes=0-9', 'If-Range': etag! }), {
    status: 200, headers: { etag: changed.headers.etag }
  })
})

t.test('a plan sets which requests fail, and how often', async t => {
  const { hub, get } = await start(t)
  const statuses = async (count: number): Promise<number[]> => {
    const found: number[] = []
    for (let i = 0; i < count; i++) {
      found.push(
        (await follow(`${hub.endpoint}/datasets/o/n/resolve/main/a.bin`, { headers: { Range: 'bytes=0-0' } })).status
      )
    }
    return found
  }
  hub.misbehave({ fault: { kind: 'status', status: 500 }, on: { host: 'cdn' }, skip: 1, every: 2, times: 2 })
  t.same(await statuses(7), [206, 206, 500, 206, 500, 206, 206])
  hub.misbehave([
    { fault: { kind: 'status', status: 502 }, on: { path: 'a.bin', kind: 'file' } },
    { fault: { kind: 'status', status: 503 }, on: { method: 'GET', kind: 'resolve' } }
  ])
  t.same(await statuses(3), [503, 502, 206])
  hub.misbehave({ fault: { kind: 'status', status: 500 }, on: { method: 'HEAD' } })
  t.same(await statuses(1), [206])
  t.equal((await ask(`${hub.endpoint}/datasets/o/n/resolve/main/b.txt`, { method: 'HEAD' })).status, 500)
  const faults = async (seed: number): Promise<unknown[]> => {
    const from = hub.requests.length
    hub.misbehave({
      seed, chance: 0.5, times: 5, faults: FAULTS.filter(({ kind }) => kind === 'status' || kind === 'whole')
    })
    await statuses(20)
    return hub.requests.slice(from).map(({ fault, status }) => [fault, status])
  }
  const [one, two, other] = [await faults(1), await faults(1), await faults(2)]
  t.same(one, two)
  t.notSame(one, other)
  t.equal(one.filter(each => (each as unknown[])[0] !== null).length, 5)
  hub.misbehave({ seed: 3, times: 30, chance: 1, faults: FAULTS.filter(({ kind }) => kind === 'loop') })
  t.match(await follow(`${hub.endpoint}/datasets/o/n/resolve/main/a.bin`), { status: 200 })
  t.match(await get([]), { status: 200 })
})

t.test('another process sets the misbehaviour by requests', async t => {
  const { hub } = await start(t, { control: true })
  const tell = async (path: string, order?: unknown) => JSON.parse((await ask(
    `${hub.endpoint}/stand-in/${path}`, order === undefined ? {} : { method: 'POST', body: JSON.stringify(order) }
  )).body.toString()) as never
  await tell('misbehave', { fault: { kind: 'status', status: 500 } })
  t.equal((await ask(`${hub.endpoint}/api/datasets/o/n`)).status, 500)
  t.match(await tell('commit', { repo: 'o/n', files: { 'c.txt': 'c' } }), { commit: hub.commitOf('o/n') })
  t.match(await tell('requests'), [{ status: 500 }])
  t.same(await tell('leaks'), [])
})
