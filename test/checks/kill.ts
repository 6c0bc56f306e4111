/**
 * Interrupts runs at random moments, resumes them to their end, and compares their files with those of an uninterrupted
 * run: `npm run kill`, 200 runs that are killed, some several times; 20 each that are killed together with their
 * container and resumed in another one, that are stopped by SIGTERM, and whose disk is full for a while; and 20 plans
 * whose tasks are killed. `npm run kill -- --runs 40 --seed 5` for fewer runs, at other moments; `--job mix` for one
 * job; `--job tasks` for 200 plans; `--how container` for 200 runs of one kind of interruption.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { schedule } from '../../recipes/jobs/schedule.ts'
import { Random } from '../fuzz.ts'
import { type CleanRun, type Interruption, type InterruptedRun, moments, runClean, runInterrupted } from '../kill.ts'
import { killJobs } from '../kill-jobs.ts'
import { Checks } from './checks.ts'
import { writeKillInputs } from './kill-inputs.ts'
import { checkKilledTasks } from './kill-plans.ts'

/** Documents in each of the four inputs. */
const DOCUMENTS = 800
const MOST_REPEATED = 5
/** The job of plans, besides those of `killJobs`. */
const TASKS = 'tasks'
const WANTED_INSIDE = 0.8
const WANTED_AFTER_CHECKPOINT = 0.5

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '200' },
    seed: { type: 'string', default: '0' },
    job: { type: 'string' },
    how: { type: 'string' }
  }
})
const kills = Number(values.runs)
const folder = mkdtempSync(join(tmpdir(), 'sluice-kill-'))
const checks = new Checks()

interface Planned {
  readonly name: string
  readonly job: string
  readonly how: Interruption
  /** As returned by `moments`. */
  readonly at: readonly number[]
}

interface Done extends Planned {
  readonly run: InterruptedRun | string
  /** How many times it ended before the interruption, and was repeated. */
  readonly repeated: number
}

const jobs = Object.keys(killJobs).filter(name => values.job === undefined || values.job === name)
if (jobs.length === 0 && values.job !== TASKS) {
  throw new Error(`no such job: ${values.job}; expected ${[...Object.keys(killJobs), TASKS].join(' | ')}`)
}
// Half of the runs are mixtures, which use the most code.
const chosen = [...jobs, ...jobs.filter(job => job.startsWith('mixture'))]

function plan (how: Interruption, count: number): Planned[] {
  return Array.from({ length: count }, (_, i) => {
    const random = new Random((Number(values.seed) * 1_000_003 + i) * 7919 + how.length)
    const job = chosen[i % chosen.length]!
    const times = how === 'disk full' ? 1 : [1, 1, 1, 2, 2, 3, 4][random.below(7)]!
    return { name: `${how} ${i}`, job, how, at: moments(random, times) }
  })
}

/** The current duration of each job: the machine may have been slower or faster during its first run. */
const took = new Map<string, number>()

/** Interrupts a run at least once: one that ended before is repeated, with the duration that it had. */
async function carryOut (planned: Planned, clean: CleanRun): Promise<Done> {
  const { name, job, how, at } = planned
  for (let repeated = 0; ; repeated++) {
    const milliseconds = took.get(job) ?? clean.milliseconds
    const after = at.map(share => share * milliseconds)
    const run = await runInterrupted({ folder, name: `${name}, ${repeated}`, job, how, after, clean })
    if (typeof run === 'string' || run.wrong.length > 0 || run.hits.length > 0 || repeated === MOST_REPEATED) {
      return { ...planned, run, repeated }
    }
    took.set(job, Math.min(milliseconds, run.milliseconds))
  }
}

/** One worker for each core. */
async function atOnce<In, Out> (
  items: ReadonlyArray<In & { readonly name: string }>,
  work: (item: In & { readonly name: string }) => Promise<Out>
): Promise<Out[]> {
  const outcomes = await schedule(
    items.map(item => ({ name: item.name, run: () => work(item) })), availableParallelism()
  )
  return outcomes.map(outcome => {
    if ('error' in outcome) throw outcome.error
    return outcome.result
  })
}

function share (part: number, whole: number): string {
  return `${(100 * part / whole).toFixed(0)} %`
}

function report (how: Interruption, done: readonly Done[]): void {
  for (const { name, job, at, run } of done) {
    if (typeof run !== 'string' && run.wrong.length > 0) {
      console.log(`${name}, ${job}, at ${at.join(', ')} of its time: ${run.wrong.join('; ').slice(0, 2000)}`)
    }
  }
  const runs = done.map(({ run }) => run).filter(run => typeof run !== 'string')
  const skipped = done.find(({ run }) => typeof run === 'string')
  if (skipped !== undefined) checks.skip(`${how}: ${done.length} runs`, skipped.run as string)
  if (runs.length === 0) return
  const hits = runs.flatMap(({ hits }) => hits)
  const late = runs.reduce((sum, run) => sum + run.late, 0)
  const inside = hits.filter(({ flows }) => flows.length > 0)
  const saved = inside.filter(({ hasCheckpoint }) => hasCheckpoint)
  const wrong = runs.filter(run => run.wrong.length > 0)
  const several = runs.filter(run => run.hits.length > 1).length
  const missed = runs.filter(run => run.hits.length === 0).length
  checks.check(`${how}: ${runs.length - missed} runs, ${several} of them several times, end with the same files; ` +
    `${wrong.length} don't, ${missed} were never interrupted`, wrong.length === 0 && missed === 0)
  console.log(`  ${hits.length} interruptions; ${late} more were not sent, as the run had ended, and ${done.reduce((
    sum,
    { repeated }
  ) => sum + repeated, 0)} runs were repeated for that; in ${jobs.map(job =>
    `${job} ${done.filter(each => each.job === job).length}`).join(', ')}`)
  const places = new Map<string, number>()
  for (const flow of inside.flatMap(({ flows }) => flows)) places.set(flow, (places.get(flow) ?? 0) + 1)
  console.log(`  active flows: ${[...places].map(([flow, times]) => `${flow} ${times}`).join(', ')}`)
  checkEncodedAgain(how, runs)
  if (how !== 'SIGKILL') return
  checks.check(`${how}: ${inside.length} of ${hits.length} fell inside a component: ` +
    `${share(inside.length, hits.length)}, wanted ${share(WANTED_INSIDE, 1)}`,
  inside.length >= fewest(WANTED_INSIDE, hits.length))
  checks.check(`${how}: ${saved.length} of these after its first checkpoint: ` +
    `${share(saved.length, inside.length)}, wanted ${share(WANTED_AFTER_CHECKPOINT, 1)}`,
  saved.length >= fewest(WANTED_AFTER_CHECKPOINT, inside.length))
}

/**
 * The minimum count for a share of a number to be considered reached. For small numbers, it is lower by 2.6 standard
 * deviations.
 */
function fewest (share: number, of: number): number {
  return share * of - (of < 200 ? 2.6 * Math.sqrt(share * (1 - share) * of) : 0)
}

function checkEncodedAgain (how: Interruption, runs: readonly InterruptedRun[]): void {
  const sum = (key: 'excess' | 'allowed'): number => runs.reduce((sum, run) => sum + run[key], 0)
  const largest = runs.reduce((largest, run) => run.excess > largest.excess ? run : largest)
  const interval = killJobs.mixture!.every
  const afterOne = Math.max(0, ...runs.filter(({ allowed }) => allowed === interval).map(({ excess }) => excess))
  checks.check(
    `${how}: at most a checkpoint interval of ${interval} documents is encoded again for each interrupted flow: ` +
      `${afterOne} at most for a single flow; maximum in a run ${largest.excess}, ${largest.allowed} allowed; ` +
      `in total ${sum('excess')}, ${sum('allowed')} allowed`,
    runs.every(({ excess, allowed }) => excess >= 0 && excess <= allowed)
  )
}

try {
  await writeKillInputs(join(folder, 'inputs'), DOCUMENTS)
  const clean = new Map(await atOnce(
    jobs.map((job, i) => ({ name: `clean ${i}`, job })),
    async ({ name, job }): Promise<[string, CleanRun]> => [job, await runClean(folder, name, job)]
  ))
  for (const [job, { milliseconds, encoded, files }] of clean) {
    console.log(`${job}: ${files.size} files in ${milliseconds.toFixed(0)} ms, ${encoded} documents encoded`)
  }
  const fewer = Math.ceil(kills / 10)
  for (const [how, count] of [
    ['SIGKILL', kills], ['container', fewer], ['SIGTERM', fewer], ['disk full', fewer]
  ] as const) {
    if (jobs.length === 0 || (values.how !== undefined && values.how !== how)) continue
    const runs = values.how === undefined ? count : kills
    const done = await atOnce(plan(how, runs), planned => carryOut(planned, clean.get(planned.job)!))
    report(how, done)
  }
  if (values.job === undefined || values.job === TASKS) {
    await checkKilledTasks(checks, {
      folder, kills: values.job === TASKS ? kills : fewer, seed: Number(values.seed), only: values.how
    })
  }
} finally {
  if (checks.failed === 0) rmSync(folder, { recursive: true, force: true })
  else console.log(`the failed runs are in ${folder}`)
}
process.exitCode = checks.end()
