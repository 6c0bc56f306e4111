import {
  appendFileSync, existsSync, readFileSync, readdirSync, rmSync, truncateSync, utimesSync, writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { processMixture } from '../../../../recipes/process-mixture.ts'
import { plan } from '../../../../recipes/mixture/tasks/plan.ts'
import { status } from '../../../../recipes/mixture/tasks/status.ts'
import { type TaskReport, task } from '../../../../recipes/mixture/tasks/task.ts'
import { UnitWriter } from '../../../../recipes/mixture/tasks/unit-writer.ts'
import { failure, folderInMemory, put, sluice, strictSame } from '../../../helpers.ts'
import { type Test, t } from '../../../tap.ts'
import { type Dataset, jsonLines, manifestIn, resultIn, runTasks } from './sample.ts'

interface Planned {
  readonly inputs: string
  readonly folder: string
  readonly manifest: string
  /** The folder of the plan. */
  readonly plan: string
  readonly run: (phase: 'map' | 'decide' | 'pack' | 'finish', rank?: number, world?: number) => Promise<TaskReport>
}

/** A plan of some units of NDJSON. */
async function planned (t: Test, more: Partial<Dataset> = {}): Promise<Planned> {
  const inputs = folderInMemory(t)
  const folder = folderInMemory(t)
  const data = put(inputs, 'a.ndjson', jsonLines(150, 9))
  const dataset = { name: 'one', dataset: 'json', data_files: data, seq_len: 32, sequences_per_shard: 20, eos_id: 2 }
  const manifest = manifestIn(folder, [{ ...dataset, ...more }])
  const made = await plan(manifest, { unitBytes: 4000, maxBad: '50%', runsDir: join(folder, 'runs') })
  t.ok(made.units > 3)
  const run: Planned['run'] = (phase, rank = 0, world = 1) => task(made.plan, { phase, rank, world })
  return { inputs, folder, manifest, plan: join(made.plan, '..'), run }
}

function mapped (plan: string, ending: string): string {
  const folder = join(plan, 'map', '000000')
  return join(folder, readdirSync(folder).filter(name => name.endsWith(ending)).sort()[0]!)
}

t.test('phases that begin too early name what is missing', async t => {
  const { run, plan } = await planned(t)
  const unmapped = /one: unit 0 of \d+ was not mapped; run the map phase/
  t.match(await failure(run('decide')), { code: 'ERR_PLAN', message: unmapped })
  t.match(await failure(run('pack')), { code: 'ERR_PLAN', message: /nothing was decided.*run the decide phase first/ })
  t.match(await failure(run('finish')), { code: 'ERR_PLAN', message: /nothing was decided on it; run the earlier ph/ })
  await run('map', 1, 2)
  t.match(await failure(run('decide')), { code: 'ERR_PLAN', message: /unit 0 of/ })
  t.match(await status(plan), { next: 'map', finished: false })
  await run('map', 0, 2)
  await run('decide')
  t.match(await failure(run('finish')), { code: 'ERR_PLAN', message: /shard 0 of \d+ was not packed/ })
  t.match(await status(plan), { next: 'pack', phases: [{ phase: 'map' }, { done: 1 }, { done: 0 }, { done: 0 }] })
})

t.test('a plan of another version, of changed inputs, or of another place is refused', async t => {
  const { inputs, folder, manifest, plan: path, run } = await planned(t)
  const data = join(inputs, 'a.ndjson')
  const file = join(path, 'plan.json')
  const content = readFileSync(file, 'utf8')
  const other = async (change: object): Promise<unknown> => {
    writeFileSync(file, JSON.stringify({ ...JSON.parse(content) as object, ...change }))
    return await failure(run('map'))
  }
  t.match(await other({ sluice_plan: 2 }), { code: 'ERR_PLAN', message: /not a plan of this version.*again/ })
  t.match(await other({ sluice: '0.1.0' }), { code: 'ERR_PLAN', message: /is of sluice 0\.1\.0, this is/ })
  t.match(await other({ root: '/' }), { code: 'ERR_PLAN', message: /relative to \/; run its tasks there/ })
  const elsewhere = { code: 'ERR_PLAN', message: /missing on this host, expected the same file/ }
  t.match(await other({ folder: 'no such folder' }), elsewhere)
  t.match(await failure(task(join(folder, 'none'), { phase: 'map' })), { code: 'ERR_PLAN', message: /cannot be read/ })
  t.match(await failure(task(put(folder, 'x.json', '{"a": 1}'), { phase: 'map' })), { code: 'ERR_PLAN' })
  writeFileSync(file, content)

  appendFileSync(data, '{"text": "more"}\n')
  const larger = /a\.ndjson has changed \(\d+ bytes, was \d+\).*plan again/
  t.match(await failure(run('map')), { code: 'ERR_PLAN', message: larger })
  truncateSync(data, readFileSync(data).length - 17)
  utimesSync(data, 1, 1)
  t.match(await failure(run('map')), { code: 'ERR_PLAN', message: /modified at 1970-.*, was 20/ })
  appendFileSync(manifest, ' \n')
  const manifestChanged = /the manifest .* has changed since the plan was made/
  t.match(await failure(run('map')), { code: 'ERR_PLAN', message: manifestChanged })
  t.match(await failure(plan(manifest, { unitBytes: 9000, runsDir: folder })),
    { code: 'ERR_OUTPUT_EXISTS', message: /has another plan, whose tasks may be running; delete the folder/ })
})

t.test('units and shards that are missing, cut or changed are named, with what to do', async t => {
  const { plan, run, folder } = await planned(t)
  await run('map')
  const records = mapped(plan, '.records')
  const bytes = readFileSync(records)
  truncateSync(records, bytes.length - 9)
  t.match(await failure(run('decide')), { code: 'ERR_PLAN', message: /has \d+ bytes, expected \d+; delete the marker/ })
  writeFileSync(records, Buffer.from(bytes.map((byte, i) => i === bytes.length - 20 ? byte ^ 1 : byte)))
  t.match(await failure(run('decide')), { code: 'ERR_PLAN', message: /\.records: (was changed|cannot be read)/ })
  writeFileSync(records, bytes)
  await run('decide')
  const ids = mapped(plan, '.ids')
  const idBytes = readFileSync(ids)
  writeFileSync(ids, Buffer.from(idBytes.map((byte, i) => i === 10 ? byte ^ 1 : byte)))
  t.match(await failure(run('pack')), { code: 'ERR_PLAN', message: /\.ids: was changed after it was written/ })
  rmSync(ids)
  t.match(await failure(run('pack')), { code: 'ERR_PLAN', message: /\.ids: cannot be read: no such file/ })
  writeFileSync(ids, idBytes)
  await run('pack')
  await run('finish')
  t.ok(existsSync(join(folder, 'shards', 'one', 'shard_00000.npy')))
  t.strictSame(await run('finish'), { phase: 'finish', rank: 0, world: 1, done: 1, skipped: 0 }, 'again')
})

t.test('two attempts of a task at once are harmless, and a retry skips what is committed', async t => {
  const { inputs, folder, plan, run } = await planned(t)
  const both = await Promise.all([run('map'), run('map')])
  t.ok(both.every(({ done, skipped }) => done + skipped > 3))
  t.equal((await run('map')).done, 0)
  await Promise.all([run('decide'), run('decide')])
  await Promise.all([run('pack'), run('pack')])
  t.equal((await run('pack')).done, 0)
  await run('finish')
  const other = folderInMemory(t)
  const data = { name: 'one', dataset: 'json', data_files: join(inputs, 'a.ndjson'), eos_id: 2 }
  const manifest = manifestIn(other, [{ ...data, seq_len: 32, sequences_per_shard: 20 }])
  await processMixture(manifest, { maxBad: '50%', workers: 1, runsDir: join(other, 'runs') })
  strictSame(t, resultIn(folder), resultIn(other))
  t.strictSame(readdirSync(plan).sort(), ['finish.json', 'plan.json'])
})

t.test('a unit that kills its tasks is named, with what to delete to try again', async t => {
  const { plan, run } = await planned(t)
  const folder = join(plan, 'map', '000000')
  for (const attempt of [1, 2, 3]) put(folder, `000001.attempt-${attempt}`, 'killed')
  const advice = /one, unit 1: 3 attempts have not ended, so it kills its task.*delete .*000001\.attempt-1/
  t.match(await failure(run('map')), { code: 'ERR_PLAN', message: advice })
  t.match((await status(plan)).phases[0], { started: [{ unit: 1 }, { unit: 1 }, { unit: 1 }] })
  rmSync(join(folder, '000001.attempt-2'))
  t.ok((await run('map')).done > 1)
  t.equal((await run('map')).done, 0)
})

t.test('of two attempts at a unit that differ, the second one fails and names both', async t => {
  const folder = folderInMemory(t)
  const attempted = async (attempt: string, text: string): Promise<void> => {
    const place = { folder, marker: join(folder, '000000.json'), attempt, name: 'one, unit 0' }
    const writer = await UnitWriter.create(place, 'uint16', 0)
    const bytes = Buffer.from(text)
    await writer.add({ offset: 0, end: 9, size: 9, bytes, outcome: 'bad_json', line: 1, nextLine: 2 }, 9)
    await writer.commit({ seconds: 1, columns: null, isBlank: null, rest: 0, failure: null })
  }
  await attempted('first', 'some text')
  await attempted('same', 'some text')
  t.strictSame(readdirSync(folder).sort(), ['000000.json', 'first.ids', 'first.records'])
  const both = /one, unit 0: the attempts first and other differ.*on one machine/
  t.match(await failure(attempted('other', 'same size')), { code: 'ERR_PLAN', message: both })
  t.strictSame(readdirSync(folder).sort(), ['000000.json', 'first.ids', 'first.records'])
})

t.test('a component that fails does so with the error that it has on one machine; others are finished', async t => {
  const inputs = folderInMemory(t)
  const data = put(inputs, 'a.ndjson', jsonLines(80, 3))
  const json = { dataset: 'json', data_files: data, seq_len: 32, eos_id: 2 }
  const datasets = (folder: string): Dataset[] => [
    { name: 'good', ...json, filters: [{ length: { min_chars: 20 } }] },
    { name: 'none', ...json, filters: [{ length: { min_chars: 9000 } }] },
    { name: 'cut', dataset: 'json', data_files: put(folder, 'cut.json', '[{"text": "a b c"}, {"te'), eos_id: 2 }
  ]
  const one = folderInMemory(t)
  const options = (folder: string) => ({ maxBad: '50%', runsDir: join(folder, 'runs') })
  const alone = await failure(processMixture(manifestIn(one, datasets(inputs)), { ...options(one), workers: 1 }))
  const two = folderInMemory(t)
  const tasks = await failure(runTasks(manifestIn(two, datasets(inputs)), { unitBytes: 2000, world: 2 }, options(two)))
  t.match(alone, { code: 'ERR_COMPONENT', message: /2 of 3 components failed/ })
  t.equal((tasks as Error).message, (alone as Error).message)
  strictSame(t, resultIn(two), resultIn(one))
})

t.test('calls that are wrong are refused before any work', async t => {
  const { plan } = await planned(t)
  const tooMany = await failure(task(plan, { phase: 'map', rank: 2, world: 2 }))
  t.match(tooMany, { code: 'ERR_OPTION', message: /less than world/ })
  const several = await failure(task(plan, { phase: 'finish', world: 2 }))
  t.match(several, { code: 'ERR_OPTION', message: /finish is one task/ })
  const { code, stderr } = await sluice(['task', plan], { cwd: '/' })
  t.equal(code, 2)
  t.match(stderr, /--phase/)
  const ran = await sluice(['task', plan, '--phase', 'map', '--world', '3'], { cwd: '/' })
  t.match(ran, { code: 0, stdout: /map, task 0 of 3: \d+ done/ }, 'in any working directory')
})
