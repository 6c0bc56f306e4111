/** Training sets that are made again. */
import { readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mix } from '../../../recipes/mixture/mix/mix.ts'
import { run } from '../../../recipes/run.ts'
import { verify } from '../../../recipes/verify.ts'
import { failure, folderInMemory } from '../../helpers.ts'
import { stoppedInFlow } from '../../resuming.ts'
import { t } from '../../tap.ts'
import { corporaIn } from '../export/corpora.ts'

const NAMES = ['web']
const MIXTURE = { epochs: 1, sequences_per_shard: 200, shuffle_memory: '1MiB' }

/** Changes a token in a shard. */
function damage (shard: string): void {
  const bytes = readFileSync(shard)
  bytes[bytes.length - 4]! ^= 1
  writeFileSync(shard, bytes)
}

t.test('a training set that was stopped starts over when its settings have changed', async t => {
  const { folder, write } = await corporaIn(folderInMemory(t), NAMES)
  const shard = join(folder, 'mixture/train/shard_00000.npy')
  await mix(write({ ...MIXTURE, seed: 1 }))
  const expected = readFileSync(shard)
  const manifest = write({ ...MIXTURE, seed: 2 })
  const checkpoint = join(folder, 'mixture/checkpoint.json')
  const stopped = stoppedInFlow(() => checkpoint, signal => mix(manifest, { checkpointEvery: 1 }, { signal }))
  t.match(await stopped, { code: 'ERR_ABORTED' })
  write({ ...MIXTURE, seed: 1 })
  const told: string[] = []
  await mix(manifest, {}, { tell: message => { told.push(message) } })
  t.strictSame(told, ['mix: starts over: seed: 2 -> 1'])
  t.ok(readFileSync(shard).equals(expected))
})

t.test('a damaged shard of a training set is found and made again with verify', async t => {
  const { folder, write } = await corporaIn(folderInMemory(t), NAMES)
  const manifest = write(MIXTURE)
  const pages = { inventory: join(folder, 'inventory.md'), workers: 1 }
  const options = { ...pages, runsDir: join(folder, 'runs') }
  const mixed = async (more: object): Promise<unknown> =>
    (await run(manifest, { ...options, ...more })).steps.find(({ step }) => step === 'mix')!.outcome
  t.equal(await mixed({}), 'done')
  const shard = join(folder, 'mixture/train/shard_00001.npy')
  const expected = readFileSync(shard)
  damage(shard)
  t.equal(await mixed({ verify: true }), 'done again')
  t.ok(readFileSync(shard).equals(expected))

  damage(shard)
  t.match(await failure(verify(join(folder, 'mixture/stats.json'), pages)), { code: 'ERR_VERIFY' })
  const error = await failure(run(manifest, options))
  t.match(error, { code: 'ERR_VERIFY', report: { steps: { 3: { why: /1 finding; .*run it with --verify/ } } } })
  await mix(manifest, { verify: true })
  t.ok(readFileSync(shard).equals(expected))
})

t.test('no document is drawn for a training set that is up to date', async t => {
  const { folder, write } = await corporaIn(folderInMemory(t), NAMES)
  const manifest = write({ ...MIXTURE, validation: { share: 0.2 } })
  await mix(manifest)
  // The same sizes and times: only to draw documents shows that all of them would be on the validation side.
  const shards = join(folder, 'shards/web')
  for (const name of readdirSync(shards).filter(name => name.endsWith('.docs'))) {
    const { size, mtime } = statSync(join(shards, name))
    writeFileSync(join(shards, name), Buffer.alloc(size))
    utimesSync(join(shards, name), mtime, mtime)
  }
  const told: string[] = []
  await mix(manifest, {}, { tell: message => { told.push(message) } })
  t.strictSame(told, ['mix: is finished, and up to date'])
  t.match(await failure(mix(manifest, { restart: true })), { code: 'ERR_OPTION', message: /puts all of them into/ })
})
