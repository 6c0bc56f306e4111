/** Mixtures, filters, tokenizers and licences of datasets on a stand-in Hub. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, t } from '../tap.ts'
import { closeHubs } from '../../lib/hub/hub.ts'
import { checkCoverage } from '../../recipes/check-coverage.ts'
import { checkManifest } from '../../recipes/check.ts'
import { filterCorpus } from '../../recipes/filter-corpus.ts'
import { licenses } from '../../recipes/licenses.ts'
import type { MixtureResult } from '../../recipes/mixture/stats.ts'
import { processMixture } from '../../recipes/process-mixture.ts'
import { run } from '../../recipes/run.ts'
import { trainTokenizer } from '../../recipes/train-tokenizer.ts'
import type { Hub } from '../hub/stand-in.ts'
import { command } from '../commands.ts'
import { contentIn, fixture, folderInMemory, howMany, isThorough, put } from '../helpers.ts'
import { CODE, codeOf, hubFor, pulledIn, requestsOf, tables } from './hub-datasets.ts'

const MODEL = fixture('tiny.model')

interface Mixture {
  readonly hub: Hub
  readonly folder: string
  readonly manifest: string
  readonly process: (options?: Parameters<typeof processMixture>[1]) => Promise<MixtureResult>
}

/** One component that is read from the Hub while it is sharded, and one with a raw copy. */
async function mixture (t: Test, head = '', more = ''): Promise<Mixture> {
  const hub = await hubFor(t, [CODE, await tables()])
  const folder = folderInMemory(t)
  const manifest = put(folder, 'mix.yaml', `${head}datasets:
  - { name: code, dataset: some/code, license: apache-2.0, filters: [{ length: { min_chars: 5 } }],
      seq_len: 64${more}, output_dir: DIR/shards/code }
  - { name: tables, dataset: some/tables, subset: en, columns: url, raw_dir: DIR/raw,
      seq_len: 64${more}, output_dir: DIR/shards/tables }
`.replaceAll('DIR', folder))
  const own = { logFile: join(folder, 'stats.json'), runsDir: join(folder, 'runs') }
  return {
    hub,
    folder,
    manifest,
    process: async options => await processMixture(manifest, { tokenizerPath: MODEL, ...own, ...options })
  }
}

t.test('process-mixture writes shards, stats and licences; a finished mixture needs no Hub', async t => {
  const { hub, folder, manifest, process } = await mixture(t)
  const commits = { code: hub.commitOf('some/code'), tables: hub.commitOf('some/tables') }
  const first = await process({ workers: 1 })
  const shards = npyIn(folder)
  t.ok(Object.keys(shards).length > 1)
  t.match(first.stats, [
    {
      name: 'code',
      dataset: 'some/code',
      subset: 'default',
      split: 'train',
      license: 'apache-2.0',
      commit: commits.code,
      read: 900,
      kept: 900
    },
    { name: 'tables', dataset: 'some/tables', subset: 'en', split: 'train', commit: commits.tables, read: 600 }
  ])
  t.equal(first.stats[0]!.data_files, `hf://datasets/some/code@${commits.code}`)
  const card = (name: keyof typeof commits): string =>
    `${hub.endpoint}/datasets/some/${name}/blob/${commits[name]}/README.md`
  t.match(first.licenses, [
    {
      commit: commits.code,
      found: [{ license: 'apache-2.0', read_from: manifest }, { license: 'odc-by', read_from: card('code') }]
    },
    {
      commit: commits.tables,
      found: [
        { license: 'cc-by-sa-3.0' }, { license: 'gfdl' }, { license: 'cc-by-sa-3.0', read_from: card('tables') },
        { license: 'gfdl' }
      ]
    }
  ])
  const raw = (await pulledIn(join(folder, 'raw')))['tables.ndjson.gz']!.split('\n')
  t.equal(raw[2], JSON.stringify({
    id: 'hf://datasets/some/tables/en/a.parquet#2',
    text: codeOf('p', 3)[2]!.text,
    meta: { url: 'https://example.org/p-2' }
  }))

  await hub.commit('some/code', { 'data/train-0.jsonl': null })
  await hub.commit('some/tables', { 'new.txt': 'new' })
  const asked = await requestsOf(hub, async () => {
    const { run_record: _, stats_path: _path, ...second } = await process()
    const { run_record: __, stats_path: __path, ...before } = first
    t.strictSame(second, before)
  })
  t.strictSame(asked.map(({ path }) => path), [], 'a finished mixture makes no request')

  await closeHubs()
  const third = await process({ restart: true, workers: howMany(1, 2) })
  t.match(third.stats, [{ read: 600, commit: hub.commitOf('some/code') }])
  const ofTables = (made: Record<string, string>): unknown =>
    Object.entries(made).filter(([name]) => name.startsWith('tables/'))
  t.strictSame(ofTables(npyIn(folder)), ofTables(shards), 'the shards are the same, in npm run thorough by two threads')
})

/** The shards of both components. */
function npyIn (folder: string): Record<string, string> {
  return Object.fromEntries(Object.entries(contentIn(join(folder, 'shards'))).filter(([name]) => name.endsWith('.npy')))
}

if (isThorough()) {
  t.test('one thread and two threads make the same shards', async t => {
    const { folder, process } = await mixture(t)
    const made: Array<Record<string, string>> = []
    for (const workers of [1, 2]) {
      await process({ workers, restart: true })
      made.push(npyIn(folder))
    }
    t.ok(Object.keys(made[0]!).length > 1)
    t.strictSame(made[1], made[0])
  })
}

t.test('run trains on datasets of the Hub, and makes the shards', async t => {
  const vocabSize = howMany(40, 80)
  const { hub, folder, manifest } = await mixture(t, 'tokenizer_output_dir: DIR/tokenizer\ntokenizer: ' +
    `{ vocab_size: ${vocabSize}, normalization_rule_name: identity }\nstats: DIR/stats.json\n`, isThorough()
    ? ''
    : ', sample_limit: 100, max_records: 150')
  const runsDir = join(folder, 'runs')
  await run(manifest, { workers: 1, runsDir, inventory: join(folder, 'inventory.md') })
  const commit = hub.commitOf('some/code')
  t.match(JSON.parse(readFileSync(join(folder, `tokenizer/spm_${vocabSize}_unigram.json`), 'utf8')), {
    datasets: [
      { name: 'code', dataset: 'some/code', samples: howMany(100, 900) },
      { name: 'tables', samples: howMany(100, 600) }
    ]
  })
  t.match(JSON.parse(readFileSync(join(folder, 'stats.json'), 'utf8')), {
    stats: [{ commit }, {}], tokenizer: { vocab_size: vocabSize }
  })
  await hub.commit('some/code', { 'data/train-1.jsonl': null })
  const requests = await requestsOf(hub, () =>
    run(manifest, { workers: 1, runsDir, inventory: join(folder, 'inventory.md') }))
  t.strictSame(requests.map(({ path }) => path), [], 'the second run makes no request')
  t.match(await checkCoverage(undefined, { manifest }), {
    documents: howMany(300, 1500), components: [{ name: 'code' }, { name: 'tables' }]
  })
})

t.test('a command looks up a branch once, and the next command looks it up again', async t => {
  const hub = await hubFor(t, [CODE])
  const folder = folderInMemory(t)
  const manifest = put(folder, 'mix.yaml', `tokenizer_output_dir: DIR/tokenizer
tokenizer: { vocab_size: 40, normalization_rule_name: identity }
stats: DIR/stats.json
datasets:
  - { name: a, dataset: some/code, sample_limit: 50, max_records: 50, output_dir: DIR/a }
  - { name: b, dataset: some/code, sample_limit: 50, max_records: 50, output_dir: DIR/b }
  - { name: c, dataset: json, data_files: ['hf://datasets/some/code/data/*.jsonl', '${put(
    folder, 'x.ndjson', '{"text":"x"}\n'
  )}', hf://datasets/some/code@main/data/train-0.jsonl], sample_limit: 50, max_records: 50, output_dir: DIR/c }
`.replaceAll('DIR', folder))
  const lookedUp = async (work: () => Promise<unknown>): Promise<number> => {
    const before = hub.requests.length
    await work()
    return hub.requests.slice(before).filter(({ path }) => path.includes('/revision/')).length
  }
  t.equal(await lookedUp(() => licenses(manifest)), 1)
  t.equal(await lookedUp(() => checkManifest(manifest)), 1)
  t.equal(await lookedUp(() =>
    run(manifest, { workers: 1, runsDir: join(folder, 'runs'), inventory: join(folder, 'i.md') })), 1)
  await hub.commit('some/code', { 'README.md': null })
  const { components } = await licenses(put(folder, 'other.yaml', '[{ name: a, dataset: some/code, output_dir: ' +
    `'${folder}/d' }]`))
  t.equal(components[0]!.commit, hub.commitOf('some/code'))
})

t.test('licenses reads the card and the manifest', async t => {
  const { hub, folder, manifest } = await mixture(t)
  t.match((await licenses(manifest)).components, [
    {
      name: 'code',
      commit: hub.commitOf('some/code'),
      found: [{ license: 'apache-2.0', read_from: manifest }, { license: 'odc-by' }],
      redistributable: 'yes'
    },
    { name: 'tables', found: [{ license: 'cc-by-sa-3.0' }, { license: 'gfdl' }] }
  ])
  await hub.commit('some/code', { 'README.md': '---\nlicense: cc-by-nc-4.0\n---\n' })
  await closeHubs()
  t.match((await licenses(manifest)).components, [{
    found: [{ license: 'apache-2.0' }, { license: 'cc-by-nc-4.0' }], spdx: /CC-BY-NC-4\.0/
  }])
  const { code, stderr } = await command([
    'licenses',
    put(folder, 'none.yaml', '[{ name: a, dataset: some/none, output_dir: s }]'),
    '--require-redistributable'
  ])
  t.match({ code, stderr }, { code: 1, stderr: /a: unknown: .*\[ERR_LICENSE\]/s })
})

t.test('check reports what a run would do', async t => {
  const { folder, manifest } = await mixture(t)
  t.match(await checkManifest(manifest, { tokenizerPath: MODEL }), {
    components: [{ name: 'code' }, { name: 'tables' }], failed: []
  })
  const other = put(folder, 'other.yaml', '[{ name: a, dataset: some/tables, subset: fr, output_dir: s }, { name: ' +
    'b, dataset: some/code, output_dir: u }]')
  t.match(await checkManifest(other).catch((error: unknown) => error), {
    code: 'ERR_COMPONENT', message: /a: .*no subset "fr"; its subsets are: en, de/
  })
})

t.test('filter-corpus and train-tokenizer read a dataset', async t => {
  const { folder } = await mixture(t)
  const stats = await filterCorpus({
    dataset: 'some/code', split: 'test', targetLang: 'any', minChars: 1, outputPath: join(folder, 'out.ndjson')
  })
  t.match(stats, { name: 'some_code', read: 20, kept: 20 })
  t.match((await pulledIn(folder))['out.ndjson'], /^\{"id":"t-0","text":"The gate number 0 of file t/)
  // `run` trains as well; see above.
  if (isThorough()) {
    t.match(await trainTokenizer({
      dataset: 'some/code', dataFiles: 'data/train-2.jsonl', vocabSize: 60, outputDir: join(folder, 'model')
    }), { vocab_size: 60, datasets: [{ dataset: 'some/code', samples: 300 }] })
  }
})
