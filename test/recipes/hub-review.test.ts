/** Recipes and the Hub: their requests and timeouts, and what is known without it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { closeHubs } from '../../lib/hub/hub.ts'
import { checkCoverage } from '../../recipes/check-coverage.ts'
import { checkManifest } from '../../recipes/check.ts'
import { licenses } from '../../recipes/licenses.ts'
import type { MixtureResult } from '../../recipes/mixture/stats.ts'
import { processMixture } from '../../recipes/process-mixture.ts'
import { shardCorpus } from '../../recipes/shard-corpus.ts'
import { builtModule, failure, fixture, put, runProgram, temporaryFolder } from '../helpers.ts'
import { setHubEnvironment } from '../hub/environment.ts'
import { type Hub, startHub } from '../hub/stand-in.ts'
import { type Test, t } from '../tap.ts'

const MODEL = fixture('tiny.model')
const lines = (name: string, count = 3): string => Array.from({ length: count }, (_, i) =>
  `{"id":"${name}${i}","text":"The water ${name} goes over the weir ${i}."}\n`).join('')

async function start (t: Test): Promise<{ hub: Hub, folder: string }> {
  const hub = await startHub({
    token: 'hf_good',
    repos: [{
      name: 'o/n',
      files: {
        'README.md': '---\nlicense: odc-by\n---\n', 'data/train.jsonl': lines('a'), 'data/a b#c?.jsonl': lines('odd')
      },
      refs: { 'feature/x': { 'data/train.jsonl': lines('x') } }
    }]
  })
  const reset = setHubEnvironment({ HF_ENDPOINT: hub.endpoint })
  t.teardown(async () => {
    await reset()
    await hub.close()
  })
  return { hub, folder: temporaryFolder(t) }
}

const manifestIn = (folder: string, dataset: string): string => put(folder, 'm.yaml', `stats: ${folder}/stats.json
datasets:
  - { name: a, ${dataset}, output_dir: ${folder}/a, seq_len: 8 }
`)

t.test('files named by hf:// have their provenance, and are read at the current commit', async t => {
  const { hub, folder } = await start(t)
  const output = join(folder, 'x.ndjson')
  await shardCorpus({
    dataset: 'json',
    dataFiles: ['hf://datasets/o/n@feature%2Fx/data/*.jsonl', 'hf://datasets/o/n/data/a b#c?.jsonl'],
    output,
    maxRetries: 1
  })
  t.match(readFileSync(output, 'utf8'), /"x2".*\n.*"odd0"/)
  const { pulls } = JSON.parse(readFileSync(join(folder, 'provenance.json'), 'utf8')) as {
    pulls: Record<string, unknown>
  }
  t.match(pulls['x.ndjson'], {
    source: { dataset: 'json', commit: null },
    files: [
      {
        path: `hf://datasets/o/n@${hub.commitOf('o/n', 'feature/x')}/data/train.jsonl`,
        bytes: lines('x').length,
        git_oid: /^[0-9a-f]{40}$/
      },
      { path: `hf://datasets/o/n@${hub.commitOf('o/n')}/data/a b#c?.jsonl` }
    ]
  })
  const manifest = manifestIn(folder, 'dataset: json, data_files: "hf://datasets/o/n@feature%2Fx/data/*.jsonl"')
  const { run_record: record } = await processMixture(manifest, { tokenizerPath: MODEL, runsDir: folder, timeout: 7 })
  const file = { path: /^hf:.*@[0-9a-f]{40}\/data\/train\.jsonl$/, bytes: lines('x').length, modified_at_utc: null }
  t.match(JSON.parse(readFileSync(record, 'utf8')), { sources: [{ files: [file] }] })
  t.match((await licenses(manifest)).components, [{
    found: [], redistributable: 'unknown', reason: 'no licence is stated'
  }])
})

t.test('a manifest is validated without the Hub, by names alone', async t => {
  const folder = temporaryFolder(t)
  t.match(
    await failure(checkManifest(manifestIn(folder, 'dataset: json, data_files: "hf://o/n/x"'))),
    { code: 'ERR_MANIFEST', message: /m\.yaml:3:.*expected hf:\/\/datasets\/OWNER\/NAME@REVISION\/PATH/ }
  )
  t.match(await failure(checkManifest(manifestIn(folder, 'dataset: o/n, revision: ""'))), {
    code: 'ERR_MANIFEST', message: /m\.yaml:3:\d+: expected at least 1/
  })
})

t.test('a finished run needs no Hub, with any timeout; its licence is that of the commit it read', async t => {
  const { hub, folder } = await start(t)
  const manifest = manifestIn(folder, 'dataset: o/n')
  const run = async (options = {}): Promise<MixtureResult> =>
    await processMixture(manifest, { tokenizerPath: MODEL, runsDir: folder, ...options })
  const first = await run()
  const commit = hub.commitOf('o/n')
  hub.commit('o/n', { 'README.md': '---\nlicense: cc-by-nc-4.0\n---\n', 'data/train.jsonl': lines('later') })
  process.env.HF_HUB_OFFLINE = '1'
  await closeHubs()
  const told: string[] = []
  t.strictSame(await processMixture(
    manifest, { tokenizerPath: MODEL, runsDir: folder, maxRetries: 0, timeout: 3 },
    { tell: message => told.push(message) }
  ), first)
  t.strictSame(told, ['a: is finished, and up to date'])
  t.match((await licenses(manifest)).components, [{ commit, found: [{ license: 'odc-by' }], redistributable: 'yes' }])
  t.match(await failure(run({ restart: true })), { code: 'ERR_HUB', message: /^a: .*HF_HUB_OFFLINE/ })
  t.match((await licenses(manifestIn(folder, 'dataset: o/n, revision: feature/x'))).components, [{
    redistributable: 'unknown', reason: 'the card of o/n can\'t be read, and may say something'
  }])
})

t.test('an abort while the Hub doesn\'t answer', async t => {
  const { hub, folder } = await start(t)
  const manifest = manifestIn(folder, 'dataset: o/n')
  hub.misbehave({ fault: { kind: 'delay', ms: null }, on: { kind: 'api' }, times: 100 })
  const stopped = async (work: (run: { signal: AbortSignal }) => Promise<unknown>): Promise<unknown> =>
    await failure(work({ signal: AbortSignal.timeout(20) }))
  const named = 'hf://datasets/o/n/data/train.jsonl'
  t.match(await stopped(run => checkManifest(manifest, {}, run)), {
    code: 'ERR_ABORTED', message: `${manifest}: stopped`
  })
  t.match(await stopped(run => licenses(manifest, {}, run)), { code: 'ERR_ABORTED', message: `${manifest}: stopped` })
  t.match(await stopped(run => checkCoverage(named, { tokenizerPath: MODEL }, run)), { code: 'ERR_ABORTED' })
  t.match(await stopped(run => checkCoverage(undefined, { manifest, tokenizerPath: MODEL }, run)), {
    code: 'ERR_ABORTED', message: 'a: stopped'
  })
  t.match(
    await stopped(run => shardCorpus({ dataset: 'json', dataFiles: named, output: join(folder, 'x.ndjson') }, run)),
    { code: 'ERR_ABORTED' }
  )
  hub.misbehave({ fault: { kind: 'delay', ms: null }, on: { path: 'train.jsonl' }, times: 100 })
  t.match(await stopped(run => checkManifest(manifest, {}, run)), { code: 'ERR_ABORTED' })
})

t.test('an abort between the records and the provenance', async t => {
  const { hub, folder } = await start(t)
  const output = join(folder, 'x.ndjson')
  const stop = new AbortController()
  const ending = (): void => {
    hub.misbehave({ fault: { kind: 'delay', ms: null }, on: { path: 'README.md' }, times: 100 })
    setTimeout(() => { stop.abort() }, 20)
  }
  t.match(
    await failure(shardCorpus({ dataset: 'o/n', output }, { signal: stop.signal, watch: () => ending })),
    { code: 'ERR_ABORTED', message: `${output}: stopped; the file is complete, but its provenance is not written yet` }
  )
  t.equal(readFileSync(output, 'utf8').trim().split('\n').length, 3)
})

t.test('a dataset with more files than can be open at once', async t => {
  const home = temporaryFolder(t)
  put(home, 'token', 'hf_none\n')
  const program = `
    const [{ theHub }, { inputFiles }] = await Promise.all(${JSON.stringify(
      ['lib/hub/hub', 'recipes/jobs/known-files'].map(builtModule)
    )}.map(module => import(module)))
    const fileOf = (_, i) => ({ path: i + '.jsonl', size: i, oid: String(i), sha256: null })
    const listed = Array.from({ length: 3000 }, fileOf)
    const names = (await theHub()).know('o/n', 'a'.repeat(40), listed).map(({ name, size }) => ({ path: name, size }))
    const inputs = await inputFiles(names)
    console.log(inputs.length, JSON.stringify(inputs[2999]))`
  const printed = runProgram('env', [
    '-u', 'HF_TOKEN', `HF_HOME=${home}`, 'HF_HUB_OFFLINE=1', 'bash', '-c',
    'ulimit -n 100; exec "$0" --input-type=module -e "$1"', process.execPath, program
  ])
  const last = {
    path: 'hf://datasets/o/n/2999.jsonl',
    at: `hf://datasets/o/n@${'a'.repeat(40)}/2999.jsonl`,
    bytes: 2999,
    modified: '2999'
  }
  t.equal(printed, `3000 ${JSON.stringify(last)}\n`)
})
