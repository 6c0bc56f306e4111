/** Several threads do what this one does. */
import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import { t } from '../../tap.ts'
import { SluiceError } from '../../../lib/errors.ts'
import { npyHeader } from '../../../lib/shards/npy.ts'
import { DuplicateCounter, type Duplicates } from '../../../lib/verify/duplicates.ts'
import type { ShardedStats } from '../../../lib/shards/stats.ts'
import { type ShardTask, type ShardVerdict, shardVerifier } from '../../../lib/verify/shard.ts'
import { type Finding, verifyShards } from '../../../lib/verify/shards.ts'
import { type WorkerPool, passable, workerPool } from '../../../lib/threads/pool.ts'
import { failure, put, temporaryFolder } from '../../helpers.ts'
import { EOS, writeShards } from '../../shards.ts'

async function verified (components: readonly ShardedStats[], verify?: WorkerPool<ShardTask, ShardVerdict>['run']): Promise<{ findings: Finding[][], duplicates: Duplicates }> {
  const counter = new DuplicateCounter(components)
  const findings = await Promise.all(components.map((component, i) => verifyShards(component, { statsPath: 'stats.json', verify, onDocuments: documents => { counter.add(i, documents) } })))
  return { findings, duplicates: counter.result() }
}

t.test('findings come in the same order, and the same documents are counted', async t => {
  const folder = temporaryFolder(t)
  const ids = Array.from({ length: 500 }, (_, i) => i % 7 === 0 ? EOS : 3 + i % 50)
  const components = ['a', 'b', 'c'].map(name => writeShards(folder, name, ids, { seqLen: 8, sequencesPerShard: 3 }))
  const pool = shardVerifier({ workers: 2 })
  t.teardown(() => pool.close())
  const whole = await verified(components, pool.run)
  t.strictSame(whole, await verified(components))
  t.equal(whole.duplicates.shared.length, 3)
  for (const name of ['shard_00007.npy', 'shard_00002.npy', 'shard_00011.npy']) truncateSync(join(folder, 'b', name), 100 + name.length)
  put(join(folder, 'c'), 'shard_00000.npy', Buffer.concat([npyHeader({ dtype: 'int32', rows: 3, columns: 8 }), Buffer.alloc(96, 255)]))
  const damaged = await verified(components, pool.run)
  t.strictSame(damaged.findings, (await verified(components)).findings)
  t.strictSame(damaged.findings.map(({ length }) => length), [0, 6, 2])
})

t.test('an abort ends the threads in the middle of a shard, and no other work is taken', async t => {
  const folder = temporaryFolder(t)
  const stats = writeShards(folder, 'a', new Int32Array(64), { seqLen: 8, sequencesPerShard: 2 })
  const columns = 2 ** 28 // seconds of reading, of a file that takes no room
  put(stats.output_dir, 'shard_00001.npy', npyHeader({ dtype: 'int32', rows: 2, columns }))
  const bytes = 128 + 8 * columns
  truncateSync(join(stats.output_dir, 'shard_00001.npy'), bytes)
  const long = { ...stats, shard_files: stats.shard_files.map((info, i) => i === 1 ? { ...info, bytes } : info) }
  const stop = new AbortController()
  const pool = shardVerifier({ workers: 2, signal: stop.signal })
  const running = failure(verifyShards(long, { statsPath: 'stats.json', signal: stop.signal, verify: pool.run }))
  await pool.run({ component: stats, info: stats.shard_files[0]!, index: 0, shards: 4, quick: true }) // they have started
  stop.abort()
  t.match(await running, { code: 'ERR_ABORTED', message: 'a: stopped' })
  await pool.close()
  t.match(await failure(pool.run({ component: stats, info: stats.shard_files[0]!, index: 0, shards: 4, quick: true })), { name: 'AbortError' })
})

t.test('what work throws comes out of a thread with its code', async t => {
  const broken = passable(async (code: string) => {
    if (code === 'ERR_SHARD') throw new SluiceError('ERR_SHARD', 'it broke')
    throw new TypeError('a defect')
  })
  t.strictSame(await broken('ERR_SHARD'), { code: 'ERR_SHARD', message: 'it broke' })
  t.match(await failure(broken('')), { message: 'a defect' })
  const program = 'export const broken = async task => { if (task) throw new RangeError("a defect"); return { code: "ERR_SHARD", message: "it broke" } }'
  const pool = workerPool({ module: `data:text/javascript,${encodeURIComponent(program)}`, name: 'broken' }, broken, { workers: 2 })
  t.match(await failure(pool.run('')), { name: 'SluiceError', code: 'ERR_SHARD', message: 'it broke' })
  t.match(await failure(pool.run('x')), { name: 'RangeError', message: 'a defect' })
  await pool.close()
})

t.test('in this thread: one at a time, and nothing behind what fails', async t => {
  const seen: string[] = []
  const pool = workerPool({ module: 'none', name: 'none' }, async (task: string) => {
    seen.push(`+${task}`)
    await new Promise(resolve => setImmediate(resolve))
    seen.push(`-${task}`)
    if (task === 'b') throw new SluiceError('ERR_SHARD', 'it broke')
    return task
  }, { workers: 1 })
  const [a, b, c] = await Promise.allSettled(['a', 'b', 'c'].map(task => pool.run(task)))
  t.match([a, b, c], [{ value: 'a' }, { reason: { code: 'ERR_SHARD' } }, { reason: { message: 'the pool is closed' } }])
  t.strictSame(seen, ['+a', '-a', '+b', '-b'])
  await pool.close()
})
