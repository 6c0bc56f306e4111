/** Several runs at once, and locks that runs on other machines have left. */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Test } from 'tap'
import { lock } from '../../lib/output/lock.ts'
import { thisProcess } from '../../lib/output/process-identity.ts'
import type { MixtureStats } from '../../recipes/mixture/stats.ts'
import { filterCorpus } from '../../recipes/filter-corpus.ts'
import { processMixture } from '../../recipes/process-mixture.ts'
import { shardCorpus } from '../../recipes/shard-corpus.ts'
import { trainTokenizer } from '../../recipes/train-tokenizer.ts'
import { verify } from '../../recipes/verify.ts'
import { docs, failure, filesIn, fixture, folderInMemory, ndjsonOf, put } from '../helpers.ts'
import { t } from '../tap.ts'

const MODEL = fixture('tiny.model')

/** A folder with a manifest of two components. */
function twoComponents (t: Test): { folder: string, manifest: string, stats: string } {
  const folder = folderInMemory(t)
  const files = put(folder, 'in.ndjson', ndjsonOf(docs(40)))
  const datasets = ['a', 'b'].map(name => ({
    name, dataset: 'json', data_files: files, seq_len: 8, output_dir: join(folder, name)
  }))
  return { folder, manifest: put(folder, 'mix.yaml', JSON.stringify({ datasets })), stats: join(folder, 'stats.json') }
}

function namesIn (path: string): { made: string[], failed: string[] } {
  const { stats, failed } = JSON.parse(readFileSync(path, 'utf8')) as MixtureStats
  return { made: stats.map(({ name }) => name), failed: failed.map(({ name }) => name) }
}

t.test('two runs of one manifest at once: each component is made by one of them, and the stats have both', async t => {
  const { folder, manifest, stats } = twoComponents(t)
  const options = { tokenizerPath: MODEL, stats, runsDir: join(folder, 'runs'), concurrency: 2, workers: 1 }
  const runs = await Promise.allSettled([0, 1].map(() => processMixture(manifest, options)))
  for (const run of runs) {
    if (run.status === 'fulfilled') continue
    t.match(run.reason, { code: 'ERR_COMPONENT', partial: { failed: [{ code: 'ERR_LOCKED' }] } })
  }
  t.strictSame(namesIn(stats), { made: ['a', 'b'], failed: [] })
  t.strictSame(filesIn(folder).filter(name => /lock|tmp|partial/.test(name)), [])
  t.match(await processMixture(manifest, options), { stats: [{ name: 'a' }, { name: 'b' }], failed: [] })
})

t.test('a component that another run is making is refused, the others are made, and its results are kept', async t => {
  const { folder, manifest, stats } = twoComponents(t)
  const options = { tokenizerPath: MODEL, stats, runsDir: join(folder, 'runs'), workers: 1 }
  const refused = async (): Promise<void> => {
    const held = await lock(join(folder, 'a/checkpoint.json.lock'), 'a')
    t.match(await failure(processMixture(manifest, options)), {
      code: 'ERR_COMPONENT',
      message: /^1 of 2 components failed\na: .* is being written to by another run, /,
      partial: { stats: [{ name: 'b' }], failed: [{ name: 'a' }] }
    })
    await held.release()
  }
  await refused()
  t.strictSame(namesIn(stats), { made: ['b'], failed: ['a'] }, 'the other run has not written its results')
  await processMixture(manifest, options)
  await refused()
  t.strictSame(namesIn(stats), { made: ['a', 'b'], failed: [] })
  const other = readFileSync(stats, 'utf8').replace(/"manifest_sha256": "\w/, '"manifest_sha256": "x')
  put(folder, 'stats.json', other)
  await refused()
  t.strictSame(namesIn(stats), { made: ['b'], failed: ['a'] }, 'results of another manifest are not kept')
})

t.test('the stats file is locked only while it is written; another run waits for that', async t => {
  const { folder, manifest, stats } = twoComponents(t)
  const options = { tokenizerPath: MODEL, stats, runsDir: join(folder, 'runs'), workers: 1 }
  const held = await lock(`${stats}.lock`, stats)
  let isReleased = false
  setTimeout(() => {
    isReleased = true
    held.release().catch(() => {})
  }, 100)
  await processMixture(manifest, options)
  t.ok(isReleased)
  const again = await lock(`${stats}.lock`, stats)
  setTimeout(() => { again.release().catch(() => {}) }, 20)
  const inventory = { inventory: join(folder, 'page.md'), inventoryJson: join(folder, 'inventory.json') }
  await verify(stats, { ...inventory, workers: 1 })
  t.match(JSON.parse(readFileSync(stats, 'utf8')), { verified_at_utc: /^2/ })
})

t.test('takeover, an option of every command that locks: the lock of a run on another host is taken over', async t => {
  const { folder, manifest, stats } = twoComponents(t)
  const [dataFiles, runsDir] = [join(folder, 'in.ndjson'), join(folder, 'runs')]
  const output = join(folder, 'filtered.ndjson')
  const runs: ReadonlyArray<[locked: string, run: (takeover: boolean) => Promise<unknown>]> = [
    [`${output}.checkpoint.json`, takeover => filterCorpus({
      dataFiles, keep: 'any', minChars: 0, output, workers: 1, takeover
    })],
    [join(folder, 'c/checkpoint.json'), takeover => shardCorpus({
      dataFiles, tokenizerPath: MODEL, outputDir: join(folder, 'c'), seqLen: 8, stats: join(folder, 'c.json'), takeover
    })],
    [join(folder, 'a/checkpoint.json'), takeover => processMixture(manifest, {
      tokenizerPath: MODEL, stats, runsDir, workers: 1, takeover
    })],
    [join(folder, 't/spm_20_unigram.model'), takeover => trainTokenizer({
      dataFiles, vocabSize: 20, outputDir: join(folder, 't'), takeover
    })]
  ]
  for (const [locked, run] of runs) {
    const place = { host: 'elsewhere', boot: randomUUID() }
    const holder = { ...await thisProcess(), ...place, id: randomUUID(), began_at_utc: '2026-11-22T22:37:33.000Z' }
    put(dirname(locked), `${basename(locked)}.lock`, JSON.stringify(holder))
    t.match(await failure(run(false)), { message: /on host elsewhere, .* add --takeover/ }, locked)
    await t.resolves(run(true), locked)
  }
  t.strictSame(filesIn(folder).filter(name => name.endsWith('.lock')), [])
})
