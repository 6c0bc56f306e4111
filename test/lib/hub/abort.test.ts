/** A reader that stops, in any state, leaves nothing open that would keep the process running. */
import { setTimeout } from 'node:timers/promises'
import { t } from '../../tap.ts'
import { closeHubs } from '../../../lib/hub/hub.ts'
import { type HfOptions, hf } from '../../../sources/hf.ts'
import { isThorough } from '../../helpers.ts'
import { setHubEnvironment } from '../../hub/environment.ts'
import { startHub } from '../../hub/stand-in.ts'
import type { Misbehaviour } from '../../hub/types.ts'
import { writeParquet } from '../../parquet-writer.ts'

const names = ['text', 'a', 'b', 'c']
const table = await writeParquet(names.map(name => ({
  name, data: Array.from({ length: 3000 }, (_, i) => `${name} ${i} `.repeat(20)), type: 'STRING'
})), { codec: 'UNCOMPRESSED', pageSize: 10_000, rowGroupSize: [1000] })
const lines = Array.from({ length: 10_000 }, (_, i) => `{"text":"text ${i} ${'x'.repeat(90)}"}\n`).join('')
const REPOS = [
  { name: 'o/lines', lfs: 'all' as const, files: { 'train.jsonl': lines } },
  { name: 'o/table', lfs: 'all' as const, files: { 'train.parquet': table } }
]

const ALWAYS = { times: 1000 }
const STATES: ReadonlyArray<[what: string, plan: Misbehaviour | [], name?: string, options?: HfOptions]> = [
  ['no answer from the API', { fault: { kind: 'delay', ms: null }, on: { kind: 'api' }, ...ALWAYS }],
  ['a partial answer from the API', { fault: { kind: 'stall', after: 3 }, on: { kind: 'api' }, ...ALWAYS }],
  ['a requested wait', { fault: { kind: 'rate-limit', seconds: 600, how: 'retry-after' }, ...ALWAYS }],
  ['a retry delay', { fault: { kind: 'status', status: 503 }, ...ALWAYS }],
  ['no address', { fault: { kind: 'delay', ms: null }, on: { kind: 'resolve' }, ...ALWAYS }],
  ['no answer from the CDN', { fault: { kind: 'delay', ms: null }, on: { kind: 'file' }, ...ALWAYS }],
  ['a partial file', { fault: { kind: 'stall', after: 100_000 }, on: { kind: 'file' }, ...ALWAYS }],
  ['a wait within a file', { fault: { kind: 'break', after: 100_000 }, on: { kind: 'file' }, ...ALWAYS }],
  ['a file whose reader has paused', []],
  [
    'columns of a table',
    { fault: { kind: 'stall', after: 5000 }, on: { kind: 'file' }, skip: 2, ...ALWAYS },
    'o/table',
    { columns: '*' }
  ],
  ['columns whose reader has paused', [], 'o/table', { columns: '*' }]
]

type Stopping = (source: ReturnType<typeof hf>, controller: AbortController) => void

const WAYS: ReadonlyArray<[name: string, stop: Stopping]> = [
  ['abort', (_source, controller) => { controller.abort() }],
  ['destroy', source => { source.destroy() }],
  ['stop', source => { source.stop() }]
]

/** Resources that keep this process running, of those that a client or its waits could leave. */
function held (): string[] {
  return process.getActiveResourcesInfo().filter(name => name === 'Timeout' || name.startsWith('TCP'))
}

t.test('a signal aborts a request in every state', async t => {
  const before = held().length
  for (const [i, [state, plan, name = 'o/lines', options = {}]] of STATES.entries()) {
    for (const [way, stop] of isThorough() ? [WAYS[0]!, WAYS[1 + i % 2]!] : [WAYS[i % WAYS.length]!]) {
      const standIn = await startHub({ repos: REPOS })
      const setBack = setHubEnvironment({ HF_ENDPOINT: standIn.endpoint })
      standIn.misbehave(plan)
      const controller = new AbortController()
      const source = hf(name, { ...options, timeout: 3600, hub: { retryDelay: 50_000 }, signal: controller.signal })
      const ended = new Promise(resolve => { source.on('close', resolve).on('error', () => {}) })
      source.read(0) // starts
      await setTimeout(60)
      stop(source, controller)
      source.resume()
      await ended
      await standIn.close()
      for (let tries = 0; tries < 50 && held().length > before; tries++) await setImmediatePromise()
      t.same(held().slice(before), [], `${state}, ${way}`)
      await setBack()
      await closeHubs()
    }
  }
})

async function setImmediatePromise (): Promise<void> {
  await new Promise(resolve => { setImmediate(resolve) })
}
