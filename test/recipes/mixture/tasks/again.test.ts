import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { placing } from '../../../../recipes/mixture/tasks/finish.ts'
import { plan, readPlan } from '../../../../recipes/mixture/tasks/plan.ts'
import { task } from '../../../../recipes/mixture/tasks/task.ts'
import { openWork } from '../../../../recipes/mixture/tasks/work.ts'
import { contentIn, folderInMemory, put, strictSame } from '../../../helpers.ts'
import { t } from '../../../tap.ts'
import { jsonLines, manifestIn } from './sample.ts'

const NAMES = ['first', 'second'] as const

function manifestOf (folder: string, seqLen = 16): string {
  const data = put(folder, 'a.ndjson', jsonLines(30, 1))
  const options = { dataset: 'json', data_files: data, seq_len: seqLen, sequences_per_shard: 8, eos_id: 2 }
  return manifestIn(folder, NAMES.map(name => ({ name, ...options })))
}

async function pack (path: string): Promise<void> {
  for (const phase of ['map', 'decide', 'pack'] as const) await task(path, { phase })
}

t.test('a plan is resumed after a kill in its last phase, and what its attempts have left is deleted', async t => {
  const folder = folderInMemory(t)
  const manifest = manifestOf(folder)
  const options = { runsDir: join(folder, 'runs'), maxBad: 10 }
  const made = await plan(manifest, options)
  await pack(made.plan)
  const next = join(folder, 'shards', 'first', '.next')
  mkdirSync(join(next, 'attempt-0123456789ab')) // of a pack task that was killed
  const work = await openWork(await readPlan(made.plan), {})
  await (await placing(work))(work.components[0]!.component, work.options)
  t.notOk(existsSync(next))
  t.strictSame(await plan(manifest, options), made, 'a component that is finished is still part of the plan')
  t.strictSame(await plan(manifest, { ...options, takeover: true }), made, 'a takeover is no part of it')
  await task(made.plan, { phase: 'finish' })
  t.strictSame(readdirSync(join(folder, 'shards')).sort(), [...NAMES])
})

t.test('a plan that has ended does nothing again, and another one replaces it', async t => {
  const folder = folderInMemory(t)
  const options = { runsDir: join(folder, 'runs'), maxBad: 10, overwrite: true }
  const made = await plan(manifestOf(folder), options)
  await pack(made.plan)
  await task(made.plan, { phase: 'finish' })
  const shards = contentIn(join(folder, 'shards'))
  t.match(await task(made.plan, { phase: 'map' }), { done: 0 }, 'a late attempt')
  mkdirSync(join(made.plan, '..', 'map')) // the task that ended the plan was killed
  await task(made.plan, { phase: 'finish' })
  t.strictSame(readdirSync(join(made.plan, '..')).sort(), ['finish.json', 'plan.json'])

  rmSync(join(folder, 'shards'), { recursive: true })
  await plan(manifestOf(folder), options)
  await pack(made.plan)
  await task(made.plan, { phase: 'finish' })
  strictSame(t, contentIn(join(folder, 'shards')), shards, 'shards that were deleted are made again')
  await plan(manifestOf(folder, 8), options)
  await pack(made.plan)
  await task(made.plan, { phase: 'finish' })
  t.equal((await readPlan(made.plan)).components.length, NAMES.length)
  t.notSame(contentIn(join(folder, 'shards')), shards, 'other settings')
})
