/** Several threads report the same findings as this one. */
import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import { t } from '../../tap.ts'
import { npyHeader } from '../../../lib/shards/npy.ts'
import { DuplicateCounter, type Duplicates } from '../../../lib/verify/duplicates.ts'
import type { ShardedStats } from '../../../lib/shards/stats.ts'
import { ShardVerifier } from '../../../lib/verify/shard-verifier.ts'
import { type Finding, verifyShards } from '../../../lib/verify/shards.ts'
import { failure, put, temporaryFolder } from '../../helpers.ts'
import { EOS, writeShards } from '../../shards.ts'

async function verified (
  components: readonly ShardedStats[],
  verifier?: ShardVerifier
): Promise<{ findings: Finding[][], duplicates: Duplicates }> {
  const counter = new DuplicateCounter(components)
  const findings = await Promise.all(components.map((component, i) => verifyShards(component, {
    statsPath: 'stats.json', verifier, onDocuments: documents => counter.add(i, documents)
  })))
  return { findings, duplicates: await counter.result().finally(() => counter.close()) }
}

t.test('findings come in the same order, and the same documents are counted, with any number of workers', async t => {
  const folder = temporaryFolder(t)
  const ids = Array.from({ length: 500 }, (_, i) => i % 7 === 0 ? EOS : 3 + i % 50)
  const components = ['a', 'b', 'c'].map(name => writeShards(folder, name, ids, { seqLen: 8, sequencesPerShard: 3 }))
  const verifier = new ShardVerifier({ workers: 2 })
  t.teardown(() => verifier.close())
  const whole = await verified(components, verifier)
  t.strictSame(whole, await verified(components))
  t.equal(whole.duplicates.shared.length, 3)
  for (const name of ['shard_00007.npy', 'shard_00002.npy', 'shard_00011.npy']) {
    truncateSync(join(folder, 'b', name), 100 + name.length)
  }
  put(join(folder, 'c'), 'shard_00000.npy', Buffer.concat([
    npyHeader({ dtype: 'int32', rows: 3, columns: 8 }), Buffer.alloc(96, 255)
  ]))
  const damaged = await verified(components, verifier)
  t.strictSame(damaged.findings, (await verified(components)).findings)
  t.strictSame(damaged.findings.map(({ length }) => length), [0, 6, 2])
})

for (const workers of [1, 2]) {
  t.test(`with ${workers} workers, an abort stops within a shard and starts no other work`, async t => {
    const folder = temporaryFolder(t)
    const stats = writeShards(folder, 'a', new Int32Array(64), { seqLen: 8, sequencesPerShard: 2 })
    const columns = 2 ** 28 // seconds of reading, from sparse files
    const bytes = 128 + 8 * columns
    for (const { file } of stats.shard_files) {
      put(stats.output_dir, file, npyHeader({ dtype: 'int32', rows: 2, columns }))
      truncateSync(join(stats.output_dir, file), bytes)
    }
    const long = { ...stats, shard_files: stats.shard_files.map(info => ({ ...info, bytes })) }
    const stop = new AbortController()
    const verifier = new ShardVerifier({ workers, signal: stop.signal })
    const running = failure(verifyShards(long, { statsPath: 'stats.json', signal: stop.signal, verifier }))
    setTimeout(() => { stop.abort() }, 100)
    t.match(await running, { code: 'ERR_ABORTED', message: 'a: stopped' })
    await verifier.close()
    const [info] = stats.shard_files
    t.match(
      await failure(verifier.add({ component: stats, info: info!, index: 0, shards: 4, quick: true }).take()),
      { message: 'the verifier is closed' }
    )
  })
}

t.test('a closed verifier ends at once, also in this thread, and starts nothing more', async t => {
  const folder = temporaryFolder(t)
  const stats = writeShards(folder, 'a', new Int32Array(64), { seqLen: 8, sequencesPerShard: 2 })
  const verifier = new ShardVerifier({ workers: 1 })
  const [first, second] = stats.shard_files.map((info, index) =>
    verifier.add({ component: stats, info, index, shards: 4, quick: false }))
  t.strictSame((await first!.take()).findings, [])
  await verifier.close()
  t.match(await failure(second!.take()), { message: 'the verifier is closed' })
})
