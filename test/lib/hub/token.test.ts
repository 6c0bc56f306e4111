/** The token is sent only to the Hub itself. Messages never contain the signature of an address. */
import { inspect } from 'node:util'
import { t } from '../../tap.ts'
import type { Document } from '../../../lib/document.ts'
import { closeHubs } from '../../../lib/hub/hub.ts'
import { hf } from '../../../sources/hf.ts'
import { parquet } from '../../../sources/parquet.ts'
import { collect, howMany, isThorough } from '../../helpers.ts'
import { FAULTS } from '../../hub/misbehaviour.ts'
import type { Fault, Misbehaviour } from '../../hub/types.ts'
import { writeParquet } from '../../parquet-writer.ts'
import { startForAll } from './hosts.ts'

const TOKEN = 'hf_abcdefghijklmnopqrstuvwxyzABCDEFGH'
const SECRET = /abcdefghijklmnopqrstuvwxyz|Signature=|Policy=|Key-Pair-Id/

const table = await writeParquet([{
  name: 'text', data: Array.from({ length: 50 }, (_, i) => `text ${i}`), type: 'STRING'
}], { codec: 'UNCOMPRESSED', pageSize: 200, rowGroupSize: [20] })
const lines = Array.from({ length: 50 }, (_, i) => `{"text":"text ${i}"}\n`).join('')
const REPOS = [
  { name: 'o/lines', lfs: 'all' as const, files: { 'train.jsonl': lines } },
  { name: 'o/small', lfs: 'none' as const, private: true, files: { 'train.jsonl': lines } },
  { name: 'o/table', lfs: 'all' as const, gated: 'manual' as const, files: { 'train.parquet': table } },
  { name: 'o/gone', lfs: 'all' as const, disabled: true, files: { 'train.jsonl': lines } }
]

/** Everything that an error shows, including its causes. */
function seen (error: unknown): string {
  const parts: string[] = []
  for (let at = error; at !== undefined && at !== null && parts.length < 30; at = (at as { cause?: unknown }).cause) {
    parts.push((at as Error).message, (at as Error).stack ?? '', inspect(at, { depth: 6 }), JSON.stringify(at))
  }
  return parts.join('\n')
}

t.test('the token is in no error, no report, and no request to another host', async t => {
  const standIn = await startForAll(t, { repos: REPOS, token: TOKEN }, { HF_TOKEN: TOKEN })
  const said: string[] = []
  const written: string[] = []
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream)
    stream.write = (chunk: string | Uint8Array, ...rest: never[]) => {
      written.push(String(chunk))
      return write(chunk, ...rest)
    }
    t.teardown(() => { stream.write = write })
  }
  const run = async (name: string, plan: Misbehaviour, maxRetries: number): Promise<unknown> => {
    await closeHubs()
    standIn.misbehave(plan)
    const options = {
      maxRetries, timeout: 0.05, hub: { retryDelay: 1 }, tell: (message: string) => { said.push(message) }
    }
    try {
      for await (const { text } of hf(name, options) as AsyncIterable<Document>) said.push(text)
      return null
    } catch (error) {
      said.push(seen(error))
      return error
    }
  }
  const faults: readonly Fault[] = [
    ...FAULTS,
    ...[401, 403, 404, 410, 418].map(status => ({ kind: 'status', status }) as const),
    { kind: 'changed' },
    { kind: 'rate-limit', seconds: 7200, how: 'retry-after' }
  ]
  let errors = 0
  const kinds = ['api', 'resolve', 'file'] as const
  for (const [i, fault] of faults.entries()) {
    const [name, other] = [REPOS[i % 3]!.name, REPOS[(i + 1) % 3]!.name]
    await run(name, { fault }, 3)
    for (const kind of isThorough() ? kinds : [kinds[i % 3]!]) {
      if (await run(other, { fault, on: { kind }, times: 50 }, 0) !== null) errors++
    }
  }
  t.ok(errors > faults.length * howMany(1 / 3, 1), `${errors} errors were checked`)
  for (const name of ['o/gone', 'o/none']) await run(name, { fault: { kind: 'delay', ms: 0 } }, 0)
  await closeHubs()
  process.env.HF_TOKEN = TOKEN.replace('abc', 'abcdefghijklmnopqrstuvwxyz')
  for (const { name } of REPOS) t.not(await run(name, { fault: { kind: 'delay', ms: 0 } }, 0), null)
  process.env.HF_TOKEN = TOKEN
  const names = `hf://datasets/o/table@${standIn.commitOf('o/table')}/none.parquet`
  const error: unknown = await collect(parquet(names)).catch((error: unknown) => error)
  said.push(seen(error))
  t.match(error, { code: 'ERR_DATASET' })
  await closeHubs()

  const shown = [...said, ...written].filter(text => SECRET.test(text))
  t.same(shown.map(text => SECRET.exec(text)![0]), [])
  if (shown.length > 0) t.comment(shown[0]!.replace(TOKEN, 'TOKEN').slice(0, 2000))
  t.match(seen(new Error(
    'outer', { cause: Object.assign(new Error('inner'), { headers: { authorization: `Bearer ${TOKEN}` } }) }
  )), SECRET, 'a leaked token is found')
  t.same(standIn.leaks, [])
  const elsewhere = standIn.requests.filter(({ host }) => host === 'cdn')
  t.ok(elsewhere.length > 20)
  t.notOk(elsewhere.some(request => JSON.stringify(request).includes(TOKEN)))
  const own = standIn.requests.filter(({ host }) => host === 'hub')
  t.ok(own.every(({ headers }) => String(headers.authorization).startsWith('Bearer hf_abc')))
  t.notOk(own.some(({ path }) => path.includes('hf_abc')))
})
