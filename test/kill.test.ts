/**
 * A short form of `npm run kill`, which also counts the interruptions inside a component: their number depends on the
 * machine.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { t } from './tap.ts'
import { loadTokenizer } from '../lib/tokenizer/tokenizer.ts'
import { processMixture } from '../recipes/process-mixture.ts'
import { writeKillInputs } from './checks/kill-inputs.ts'
import { Random } from './fuzz.ts'
import { docs, failure, fixture, howMany, isThorough, ndjsonOf, put, temporaryFolder } from './helpers.ts'
import { type CleanRun, type Interruption, drive, moments, runClean, runInterrupted } from './kill.ts'
import { whatDiffers } from './snapshot.ts'

const DOCUMENTS = 80
const RUNS: ReadonlyArray<[job: string, how: Interruption, times: number]> = [
  ['mixture', 'SIGKILL', 1],
  ['filter-corpus .ndjson.zst', 'SIGTERM', 1]
]

t.test('runs that are killed, stopped or out of disk space end like an uninterrupted run', async t => {
  const folder = temporaryFolder(t)
  if (isThorough()) await drive(['inputs', join(folder, 'inputs'), String(DOCUMENTS)])
  else await writeKillInputs(join(folder, 'inputs'), DOCUMENTS)
  const runs = RUNS.slice(0, howMany(1, RUNS.length))
  const jobs = [...new Set(runs.map(([job]) => job))]
  const clean = new Map(await Promise.all(jobs.map(async (job, i): Promise<[string, CleanRun]> =>
    [job, await runClean(folder, `clean-${i}`, job)])))
  const random = new Random(1)
  await Promise.all(runs.map(async ([job, how, times], i) => {
    const expected = clean.get(job)!
    const after = moments(random, times).map(moment => moment * expected.milliseconds)
    const run = await runInterrupted({ folder, name: `run-${i}`, job, how, after, clean: expected })
    if (typeof run === 'string') {
      t.pass(`${job}, ${how}`, { skip: run })
      return
    }
    t.strictSame(run.wrong, [], `${job}, ${how}`)
  }))

  const { files } = clean.get('mixture')!
  const others = new Map([...files, ['stats.json', ''], ['more', '']])
  others.delete('result.json')
  t.strictSame(whatDiffers(files, others), [
    'result.json is missing', 'more is not expected', 'stats.json has other content'
  ], 'a different result is found')
})

t.test('shards that were finished before the first checkpoint belong to the run', async t => {
  const folder = temporaryFolder(t)
  const output = join(folder, 'shards')
  const manifest = put(folder, 'mix.yaml', JSON.stringify([{
    name: 'a',
    dataset: 'json',
    data_files: put(folder, 'a.ndjson', ndjsonOf(docs(40))),
    seq_len: 4,
    sequences_per_shard: 1,
    output_dir: output
  }]))
  const tokenizerPath = fixture('tiny.model')
  const options = { tokenizerPath, logFile: join(folder, 'stats.json'), runsDir: join(folder, 'runs') }
  const tokenizer = await loadTokenizer(tokenizerPath)
  const append: typeof tokenizer.append = (text, ids) => {
    if (existsSync(join(output, 'shard_00000.npy'))) throw new Error('stopped')
    tokenizer.append(text, ids)
  }
  t.match(
    await failure(processMixture(manifest, options, { tokenizer: { ...tokenizer, append } })),
    { code: 'ERR_COMPONENT', message: /stopped/ }
  )
  t.ok(existsSync(join(output, 'shard_00000.npy')))
  const told: string[] = []
  const { stats: [stats] } = await processMixture(manifest, options, { tell: message => { told.push(message) } })
  t.strictSame(told, ['a: starts over: it had not reached a checkpoint'])
  t.equal(stats!.records, 40)
})
