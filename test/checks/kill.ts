/**
 * Interrupts runs at random moments, runs them to their end, and compares what they leave with what a run leaves that
 * nobody interrupted: `npm run kill`, 200 runs that are killed, some several times, 20 that are stopped by SIGTERM, and
 * 20 whose disk is full for a while; `npm run kill -- --runs 40 --seed 5` for fewer, at other moments.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { schedule } from '../../recipes/schedule.ts'
import { Random } from '../fuzz.ts'
import { type CleanRun, type Interruption, type InterruptedRun, runClean, runInterrupted, waits } from '../kill.ts'
import { killJobs } from '../kill-jobs.ts'
import { Checks } from './checks.ts'
import { writeKillInputs } from './kill-inputs.ts'

/** In each of the four inputs. */
const DOCUMENTS = 800
const WANTED_INSIDE = 0.8
const WANTED_BEHIND_CHECKPOINT = 0.5

const { values } = parseArgs({ options: { runs: { type: 'string', default: '200' }, seed: { type: 'string', default: '0' } } })
const kills = Number(values.runs)
const folder = mkdtempSync(join(tmpdir(), 'sluice-kill-'))
const checks = new Checks()

interface Planned {
  readonly name: string
  readonly job: string
  readonly how: Interruption
  readonly after: readonly number[]
}

interface Done extends Planned {
  readonly run: InterruptedRun | string
}

const jobs = Object.keys(killJobs)
// Half of the runs are of mixtures, as most is in them.
const chosen = [...jobs, ...jobs.filter(job => job.startsWith('mixture'))]

function plan (how: Interruption, count: number, clean: ReadonlyMap<string, CleanRun>): Planned[] {
  return Array.from({ length: count }, (_, i) => {
    const random = new Random((Number(values.seed) * 1_000_003 + i) * 7919 + how.length)
    const job = chosen[i % chosen.length]!
    const times = how === 'disk full' ? 1 : [1, 1, 1, 2, 2, 3, 4][random.below(7)]!
    return { name: `${how} ${i}`, job, how, after: waits(random, times, clean.get(job)!.milliseconds) }
  })
}

/** As many at once as there are cores. */
async function atOnce<In, Out> (items: ReadonlyArray<In & { readonly name: string }>, work: (item: In & { readonly name: string }) => Promise<Out>): Promise<Out[]> {
  const outcomes = await schedule(items.map(item => ({ name: item.name, run: () => work(item) })), availableParallelism())
  return outcomes.map(outcome => {
    if ('error' in outcome) throw outcome.error
    return outcome.result
  })
}

function share (part: number, whole: number): string {
  return `${(100 * part / whole).toFixed(0)} %`
}

function report (how: Interruption, done: readonly Done[]): void {
  for (const { name, job, after, run } of done) {
    if (typeof run !== 'string' && run.wrong.length > 0) console.log(`${name}, ${job}, after ${after.join(' ms, ')} ms: ${run.wrong.join('; ').slice(0, 2000)}`)
  }
  const runs = done.map(({ run }) => run).filter(run => typeof run !== 'string')
  const skipped = done.find(({ run }) => typeof run === 'string')
  if (skipped !== undefined) checks.skip(`${how}: ${done.length} runs`, skipped.run as string)
  if (runs.length === 0) return
  const hits = runs.flatMap(({ hits }) => hits)
  const late = runs.reduce((sum, run) => sum + run.late, 0)
  const inside = hits.filter(({ flows }) => flows.length > 0)
  const behind = inside.filter(({ hasCheckpoint }) => hasCheckpoint)
  const wrong = runs.filter(run => run.wrong.length > 0)
  const several = runs.filter(run => run.hits.length > 1).length
  checks.check(`${how}: ${runs.length} runs, ${several} of them several times, end with the same files; ${wrong.length} don't`, wrong.length === 0)
  console.log(`  ${hits.length} interruptions, ${late} more came too late; in ${jobs.map(job => `${job} ${done.filter(each => each.job === job).length}`).join(', ')}`)
  const places = new Map<string, number>()
  for (const flow of inside.flatMap(({ flows }) => flows)) places.set(flow, (places.get(flow) ?? 0) + 1)
  console.log(`  flows under way: ${[...places].map(([flow, times]) => `${flow} ${times}`).join(', ')}`)
  checkEncodedAgain(how, runs)
  if (how !== 'SIGKILL') return
  checks.check(`${how}: ${inside.length} of ${hits.length + late} fell inside a component: ${share(inside.length, hits.length + late)}, wanted ${share(WANTED_INSIDE, 1)}`, inside.length >= WANTED_INSIDE * (hits.length + late))
  checks.check(`${how}: ${behind.length} of these after its first checkpoint: ${share(behind.length, inside.length)}, wanted ${share(WANTED_BEHIND_CHECKPOINT, 1)}`, behind.length >= WANTED_BEHIND_CHECKPOINT * inside.length)
}

function checkEncodedAgain (how: Interruption, runs: readonly InterruptedRun[]): void {
  const sum = (key: 'excess' | 'allowed'): number => runs.reduce((sum, run) => sum + run[key], 0)
  const largest = runs.reduce((largest, run) => run.excess > largest.excess ? run : largest)
  const interval = killJobs.mixture!.every
  const afterOne = Math.max(0, ...runs.filter(({ allowed }) => allowed === interval).map(({ excess }) => excess))
  checks.check(`${how}: at most a checkpoint interval of ${interval} documents is encoded again for each flow that is interrupted: ${afterOne} at most where it was one; ` +
    `most in a run ${largest.excess}, ${largest.allowed} allowed; in all ${sum('excess')}, ${sum('allowed')} allowed`, runs.every(({ excess, allowed }) => excess >= 0 && excess <= allowed))
}

try {
  await writeKillInputs(join(folder, 'inputs'), DOCUMENTS)
  const clean = new Map(await atOnce(jobs.map((job, i) => ({ name: `clean ${i}`, job })), async ({ name, job }): Promise<[string, CleanRun]> => [job, await runClean(folder, name, job)]))
  for (const [job, { milliseconds, encoded, files }] of clean) console.log(`${job}: ${files.size} files in ${milliseconds.toFixed(0)} ms, ${encoded} documents encoded`)
  const fewer = Math.ceil(kills / 10)
  for (const [how, count] of [['SIGKILL', kills], ['SIGTERM', fewer], ['disk full', fewer]] as const) {
    const done = await atOnce(plan(how, count, clean), async (planned): Promise<Done> => ({ ...planned, run: await runInterrupted(folder, planned.name, planned.job, how, planned.after, clean.get(planned.job)!) }))
    report(how, done)
  }
} finally {
  if (checks.failed === 0) rmSync(folder, { recursive: true, force: true })
  else console.log(`what is wrong is in ${folder}`)
}
process.exitCode = checks.end()
