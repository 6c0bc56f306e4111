/** Versions with a training set. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportConfig } from '../../../recipes/export/config.ts'
import { verify } from '../../../recipes/verify.ts'
import { docs, failure, ndjsonOf, put } from '../../helpers.ts'
import { stoppedInFlow } from '../../resuming.ts'
import { t } from '../../tap.ts'
import { BOOKS, outcomes, versioned, yamlOf } from './versioned.ts'

const MIXTURE = 'mixture: { epochs: 1, shuffle_memory: 1MiB, validation: { share: 0.4 }, output_dir: mix }\n'
const YAML = yamlOf([BOOKS]).replace('datasets:', `${MIXTURE}datasets:`)

const MIX = 'mix/checkpoint.json'

/** The newest version. */
function newest (versions: string): string {
  return join(versions, readdirSync(versions).filter(name => name.startsWith('20')).sort().at(-1)!)
}

t.test('a training set that was stopped starts over when there is new data', async t => {
  const { folder, versions, run, current } = versioned(t, YAML)
  await run()
  const [first, old] = [current(), join(versions, current())]
  put(folder, 'books.ndjson', ndjsonOf(docs(300)))
  const inMix = (): string | undefined => newest(versions) === old ? undefined : join(newest(versions), MIX)
  const stopped = stoppedInFlow(inMix, signal => run({ checkpointEvery: 20 }, { signal }))
  t.match(await stopped, { code: 'ERR_ABORTED' })
  put(folder, 'books.ndjson', ndjsonOf(docs(60)))
  const planned = await run({ dryRun: true })
  t.match(outcomes(planned), ['all check-tokenizer: done', 'books process: done again'])
  const report = await run()
  t.strictSame(outcomes(report).slice(1), ['books process: done again', 'all verify: done', 'all mix: done again'])
  t.not(current(), first)
  t.strictSame((await run()).version!.why, [])

  t.test('a damaged one is found by verify, and is in a new version made anew', async t => {
    const version = join(versions, current())
    const shard = join(version, 'mix/train/shard_00000.npy')
    const bytes = readFileSync(shard)
    bytes[bytes.length - 4]! ^= 1
    writeFileSync(shard, bytes)
    t.strictSame((await run()).version!.why, [], 'its size is the same')
    t.match((await run({ verify: true, dryRun: true })).version!.why, [/^mix: .*shard_00000\.npy: has SHA-256/])
    await failure(verify(join(version, 'mix/stats.json'), { inventory: join(folder, 'inventory.md') }))
    t.match((await run()).version!.why, [/^mix: .*not known to match their stats/])
    bytes[bytes.length - 4]! ^= 1
    t.ok(readFileSync(join(versions, 'current/mix/train/shard_00000.npy')).equals(bytes))
  })
})

t.test('a dry run names the folder of the next version, and the changes have the training set', async t => {
  const { folder, versions, run } = versioned(t, YAML)
  const lastSteps = async (): Promise<string[]> => (await run({ dryRun: true })).steps.slice(-2).map(({ why }) => why)
  const expected = [
    `${join(versions, 'VERSION/stats.json')}: compares the shards with it`,
    `draws documents into ${join(versions, 'VERSION/mix')}`
  ]
  t.strictSame(await lastSteps(), expected)
  await run()
  put(folder, 'books.ndjson', ndjsonOf(docs(80)))
  t.strictSame(await lastSteps(), expected)
  const { version } = await run()
  const isMore = version!.changes!.training_set.find(({ path }) => path === 'train.tokens')
  t.ok(Number(isMore!.after) > Number(isMore!.before))
  const changes = readFileSync(join(versions, 'current/changes.json'), 'utf8')
  t.match(JSON.parse(changes), { training_set: version!.changes!.training_set })
})

t.test('a component that was stopped starts over when its file has changed, also in the first version', async t => {
  const { folder, versions, run } = versioned(t, yamlOf([BOOKS]))
  put(folder, 'books.ndjson', ndjsonOf(docs(400)))
  put(versions, 'notes.txt', '')
  const started = (): string | undefined => {
    const name = readdirSync(versions).find(name => name.startsWith('20'))
    return name === undefined ? undefined : join(versions, name, 'shards/books/checkpoint.json')
  }
  const stopped = stoppedInFlow(started, signal => run({ checkpointEvery: 1 }, { signal }))
  t.match(await stopped, { code: 'ERR_ABORTED' })
  put(folder, 'books.ndjson', ndjsonOf(docs(20)))
  const report = await run()
  t.strictSame(outcomes(report).slice(1), ['books process: done again', 'all verify: done'])
  t.equal(report.stats!.stats[0]!.kept, 20)
})

t.test('export-config finds the training set of a version by its stats', async t => {
  const { versions, manifest, run, current, write } = versioned(t, YAML)
  await run()
  const stats = join(versions, 'current/stats.json')
  const { config, notes } = await exportConfig(manifest, { for: 'nested-learning', stats })
  t.match(config, `shards_dir: ${join(versions, current(), 'mix/train')}\n`)
  t.notMatch(notes.join(), /validation/)
  write(YAML.replace('epochs: 1', 'epochs: 2'))
  const changed = await exportConfig(manifest, { for: 'nested-learning', stats })
  t.match(changed.notes.join(), /is not up to date \(epochs: 1 -> 2\).*sluice run .* --if-changed makes it again/)
})
