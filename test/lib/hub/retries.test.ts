import { setImmediate } from 'node:timers/promises'
import { t } from '../../tap.ts'
import { Retries, Transient, waitAsked } from '../../../lib/hub/retries.ts'
import type { HubSettings } from '../../../lib/hub/settings.ts'
import { failure } from '../../helpers.ts'

const SETTINGS: HubSettings = {
  endpoint: 'https://hub.example',
  token: null,
  offline: false,
  maxRetries: 3,
  timeout: 1000,
  retryDelay: 4,
  mostEntries: 1000
}

async function timed (wait: () => Promise<void>): Promise<number> {
  await setImmediate() // timers start from the last clock reading of the event loop
  const began = performance.now()
  await wait()
  return performance.now() - began
}

t.test('the wait that a server requests', async t => {
  const now = Date.parse('2024-05-06T07:08:09Z')
  const asked = (headers: Record<string, string>): number | null => waitAsked(headers, now)
  t.equal(asked({}), null)
  t.equal(asked({ 'retry-after': '7' }), 7000)
  t.equal(asked({ 'retry-after': ' 0 ' }), 0)
  t.equal(asked({ 'retry-after': 'Mon, 06 May 2024 07:08:19 GMT' }), 10_000)
  t.equal(asked({ 'retry-after': 'Mon, 06 May 2024 07:08:00 GMT' }), 0)
  t.equal(asked({ 'retry-after': 'soon' }), null)
  t.equal(asked({ ratelimit: '"api";r=0;t=37' }), 37_000)
  t.equal(asked({ ratelimit: '"api"; r=0; t=37' }), 37_000)
  t.equal(asked({ ratelimit: '"api";r=3;t=37' }), null)
  t.equal(asked({ ratelimit: '"api";r=0' }), null)
  t.equal(asked({ ratelimit: '"pages";r=5;t=300, "api";r=0;t=37' }), 37_000)
  t.equal(asked({ ratelimit: '"pages";t=50;r=0, "api";r=0;t=37' }), 50_000)
  t.equal(asked({ 'retry-after': '2', ratelimit: '"api";r=0;t=37' }), 2000, 'Retry-After takes precedence')
  t.equal(waitAsked({ 'retry-after': new Date(Date.now() + 100_000).toUTCString() })! > 90_000, true)
})

t.test('waits double, half of each random, up to the limit of attempts', async t => {
  const retries = new Retries('o/n', { ...SETTINGS, retryDelay: 16 })
  for (const most of [16, 32, 64]) {
    const took = await timed(() => retries.wait(new Transient('it broke')))
    t.ok(took >= most / 2 - 2 && took < most + 60, `${took} ms, from ${most / 2} to ${most}`)
  }
  const cause = new Transient('it broke')
  t.match(await failure(retries.wait(cause)), {
    code: 'ERR_HUB', message: 'o/n: it broke, 4 times in a row; run again to resume, or raise --max-retries', cause
  })
  const again = new Retries('o/n', SETTINGS)
  for (let i = 0; i < 10; i++) {
    await again.wait(new Transient('it broke'))
    again.progress()
  }
  t.match(
    await failure(new Retries('o/n', { ...SETTINGS, maxRetries: 0 }).wait(cause)),
    { message: 'o/n: it broke; run again to resume, or raise --max-retries' }
  )
})

t.test('permanent errors are not retried', async t => {
  const error = new Error('a defect')
  t.equal(await failure(new Retries('o/n', SETTINGS).wait(error)), error)
  t.match(
    await failure(new Retries('o/n', SETTINGS).wait(new Transient('429', { wait: 3_600_001 }))),
    { code: 'ERR_HUB', message: 'o/n: 429, and asks to wait 3600 s; run again then' }
  )
})

t.test('requested waits, and expired addresses', async t => {
  const retries = new Retries('o/n', { ...SETTINGS, retryDelay: 40_000 })
  t.ok(await timed(() => retries.wait(new Transient('expired', { isExpired: true }))) < 1000, 'at once')
  const short = new Retries('o/n', { ...SETTINGS, retryDelay: 1 })
  const took = await timed(() => short.wait(new Transient('429', { wait: 50 })))
  t.ok(took >= 48 && took < 500, `${took} ms`)
  const zero = new Retries('o/n', { ...SETTINGS, retryDelay: 60 })
  t.ok(await timed(() => zero.wait(new Transient('429', { wait: 0 }))) >= 28,
    'a zero wait of a server is raised to the minimum')
})

t.test('long waits are reported, and ended by a signal', async t => {
  const told: string[] = []
  const controller = new AbortController()
  const retries = new Retries('o/n', SETTINGS, controller.signal, message => { told.push(message) })
  await retries.wait(new Transient('429', { wait: 10 }))
  const waiting = failure(retries.wait(new Transient('it answers with 429', { wait: 37_000 })))
  controller.abort(new Error('stopped'))
  t.match(await waiting, { code: 'ABORT_ERR' })
  t.same(told, ['o/n: it answers with 429; waiting 37 s'])
  t.match(await failure(retries.wait(new Transient('x'))), { message: 'stopped' })
})

t.test('a Hub that was never reached is given up sooner', async t => {
  const retries = new Retries('o/n', SETTINGS)
  const now = performance.now.bind(performance)
  t.teardown(() => { performance.now = now })
  await retries.wait(new Transient('no connection'), false)
  performance.now = () => now() + 100_000
  t.match(await failure(retries.wait(new Transient('no connection'), false)), {
    code: 'ERR_HUB', message: 'o/n: no connection; is there a network, and is HF_ENDPOINT (https://hub.example) right?'
  })
})
