import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { SluiceError } from '../../../lib/errors.ts'
import { sha256OfFile } from '../../../lib/hash.ts'
import { count, parseOptions, positive } from '../../../lib/options.ts'
import { shardComponent } from '../../components/component.ts'
import { type ThreadOptions, Threads, workersOption } from '../../flow/workers/threads.ts'
import type { MixtureRun } from '../mixture.ts'
import { attempting } from './attempts.ts'
import { attemptName, commitMarker, readMarker } from './commit.ts'
import { type Decision, decide, failureOf } from './decide.ts'
import { finish } from './finish.ts'
import { KeptDocuments } from './kept.ts'
import { ComponentMap, refuseAborted } from './map.ts'
import { type ShardMarker, packShards } from './pack.ts'
import { PHASES, attemptFile, decideFolder, decisionMarker, finishMarker, shardMarker, unitMarker } from './places.ts'
import { checkRoot, readPlan } from './plan.ts'
import { shareOf } from './share.ts'
import { changed } from './unit-reader.ts'
import { type TaskComponent, type Work, checkInput, markerOf, openWork, storedUnits } from './work.ts'

const RANK_HELP = 'number of this task, from 0; with --world it says which part of the phase is done here'
const WORLD_HELP = 'number of tasks of the phase; a retry of some tasks must have the same'

export const taskOptions = z.strictObject({
  phase: z.enum(PHASES).describe('phase of the plan; each begins when all tasks of the one before have ended'),
  rank: count.default(0).describe(RANK_HELP),
  world: positive.default(1).describe(WORLD_HELP),
  workers: workersOption
}).refine(({ rank, world }) => rank < world, { path: ['rank'], error: 'expected less than world (--world)' })
  .refine(({ phase, world }) => phase !== 'finish' || world === 1, {
    path: ['world'], error: 'finish is one task, expected 1'
  })
  .describe('one task of a plan, as an engine starts it: rank R of N tasks of a phase')

type TaskOptions = z.output<typeof taskOptions>

/** The result of a task. */
export interface TaskReport {
  readonly phase: string
  readonly rank: number
  readonly world: number
  /** Units, components or shards that this task has completed. */
  readonly done: number
  /** Those of its share that earlier attempts had completed. */
  readonly skipped: number
}

/**
 * Runs one task of a plan. What earlier attempts have committed is skipped; two attempts at the same time are harmless.
 *
 * @param planPath the plan file, or its folder
 * @throws SluiceError `ERR_PLAN` for a plan of another version or of inputs that have changed, for a unit that is
 *   missing or that kills its task; `ERR_OUTPUT`, `ERR_ABORTED`
 */
export async function task (
  planPath: string, options: z.input<typeof taskOptions>, run: MixtureRun & ThreadOptions = {}
): Promise<TaskReport> {
  return await taskParsed(planPath, parseOptions('task', taskOptions, options), run)
}

/** Like `task`, with parsed options. */
export async function taskParsed (
  planPath: string, options: TaskOptions, run: MixtureRun & ThreadOptions = {}
): Promise<TaskReport> {
  const { phase, rank, world, workers } = options
  const plan = await readPlan(planPath)
  await checkRoot(plan, planPath)
  if (process.cwd() !== plan.root) {
    throw new SluiceError('ERR_PLAN', `${planPath}: its paths are relative to ${plan.root}; run its tasks there`)
  }
  const work = await openWork(plan, { ...run, workers })
  // A late attempt must not begin the plan anew: what its tasks have stored is deleted.
  const hasEnded = phase !== 'finish' && await readMarker(finishMarker(work.folder)) !== null
  const counts = hasEnded ? { done: 0, skipped: 0 } : await TASKS[phase](work, options, run.signal)
  return { phase, rank, world, ...counts }
}

interface TaskCounts { readonly done: number, readonly skipped: number }

type RunTask = (work: Work, options: TaskOptions, signal: AbortSignal | undefined) => Promise<TaskCounts>

const TASKS: Readonly<Record<TaskOptions['phase'], RunTask>> = { map, decide: decideAll, pack, finish: finishAll }

/** A unit of a component; null for a component that is made whole. */
interface MapUnit {
  readonly of: TaskComponent
  readonly unit: number | null
  readonly bytes: number
}

async function map (work: Work, { rank, world, workers = 1 }: TaskOptions, signal?: AbortSignal): Promise<TaskCounts> {
  const all = work.components.flatMap(mapUnits)
  const [from, to] = shareOf(all.map(({ bytes }) => bytes), rank, world)
  const threads = new Threads({ workers, signal })
  let opened: { readonly of: TaskComponent, readonly map: ComponentMap } | undefined
  let done = 0
  try {
    for (const { of, unit } of all.slice(from, to)) {
      refuseAborted(of.component.name, signal)
      if (unit === null) {
        await shardComponent(of.component, { ...work.options, threads }).catch(failureOf)
        done++
        continue
      }
      const { index, component, planned } = of
      if (await markerOf(work.folder, index, unit) !== null) continue
      await checkInput(of, planned.units[unit]![0])
      if (opened?.of !== of) {
        await opened?.map.close()
        opened = { of, map: await ComponentMap.open(component, work.tokenizer, threads, work.options) }
      }
      const target = { folder: work.folder, index, unit, attempt: attemptName() }
      const name = `${component.name}, unit ${unit}`
      const { map } = opened
      await attempting(unitMarker(work.folder, index, unit), { name, attempt: target.attempt },
        () => map.run(target, planned.units[unit]!, signal))
      done++
    }
  } finally {
    await opened?.map.close()
    await threads.close()
  }
  return { done, skipped: to - from - done }
}

function mapUnits (of: TaskComponent): MapUnit[] {
  const { planned, component } = of
  if (planned.whole === null) return planned.units.map(([,,, bytes], unit) => ({ of, unit, bytes }))
  return [{ of, unit: null, bytes: component.files.reduce((sum, { size }) => sum + (size ?? 0), 0) }]
}

async function decideAll (work: Work, { rank, world }: TaskOptions): Promise<TaskCounts> {
  const all = work.components.filter(({ planned }) => planned.whole === null)
  const sizes = all.map(({ planned }) => planned.units.reduce((sum, [,,, bytes]) => sum + bytes, 0))
  const [from, to] = shareOf(sizes, rank, world)
  let done = 0
  for (const of of all.slice(from, to)) {
    const path = decisionMarker(work.folder, of.index)
    if (await readMarker<Decision>(path) !== null) continue
    const attempt = attemptName()
    const units = await storedUnits(work, of)
    const fileOf = (unit: number): number => of.planned.units[unit]![0]
    const target = { folder: work.folder, attempt, units, fileOf }
    const decision: Decision = await decide(of.job, target, work.options)
      .then(decided => ({ attempt, failure: null, ...decided }))
      .catch((error: unknown) => ({ ...NOTHING, attempt, failure: failureOf(error) }))
    const other = await commitMarker<Decision>(path, decision, attempt)
    if (other !== null) {
      for (const output of of.job.outputs) await rm(attemptFile(output, attempt), { force: true })
    }
    done++
  }
  return { done, skipped: to - from - done }
}

const NOTHING = { stats: null, starts: [], items: 0, kept: null } as const

async function pack (work: Work, { rank, world }: TaskOptions, signal?: AbortSignal): Promise<TaskCounts> {
  const all: Array<{ readonly of: TaskComponent, readonly decision: Decision, readonly shard: number }> = []
  for (const of of work.components) {
    const decision = of.planned.whole === null ? await decisionOf(work, of) : null
    for (const shard of decision?.starts.keys() ?? []) all.push({ of, decision: decision!, shard })
  }
  const [from, to] = shareOf(all.map(() => 1), rank, world)
  const share = all.slice(from, to)
  let done = 0
  for (const of of new Set(share.map(({ of }) => of))) {
    const own = share.filter(other => other.of === of)
    const missing: number[] = []
    for (const { shard } of own) {
      if (await readMarker<ShardMarker>(shardMarker(work.folder, of.index, shard)) === null) missing.push(shard)
    }
    if (missing.length === 0) continue
    const { decision } = own[0]!
    const units = await storedUnits(work, of)
    const kept = new KeptDocuments(units.map(({ marker }) => marker.documents), await keptBits(work, decision))
    const source = { component: of.component, tokenizer: work.tokenizer, units, kept, decision }
    const target = { folder: work.folder, index: of.index, attempt: attemptName() }
    for (const range of runsOf(missing)) await packShards(source, target, range, signal)
    done += missing.length
  }
  return { done, skipped: share.length - done }
}

/** The decision on a component. @throws SluiceError `ERR_PLAN` when there is none */
async function decisionOf ({ folder }: Work, { index, planned }: TaskComponent): Promise<Decision> {
  const decision = await readMarker<Decision>(decisionMarker(folder, index))
  if (decision !== null) return decision
  throw new SluiceError('ERR_PLAN', `${planned.name}: nothing was decided on its documents; run the decide phase first`)
}

async function keptBits ({ folder }: Work, { kept }: Decision): Promise<Uint8Array> {
  const path = join(decideFolder(folder), kept!.file)
  if (await sha256OfFile(path) !== kept!.sha256) throw changed(path, 'was changed after it was written')
  return await readFile(path)
}

/** Ranges of consecutive numbers. */
function runsOf (numbers: readonly number[]): Array<readonly [first: number, end: number]> {
  const firsts = numbers.filter((number, i) => i === 0 || numbers[i - 1] !== number - 1)
  return firsts.map((first, i) => {
    const next = firsts[i + 1]
    return [first, (next === undefined ? numbers.at(-1)! : numbers[numbers.indexOf(next) - 1]!) + 1]
  })
}

async function finishAll (work: Work): Promise<TaskCounts> {
  await finish(work)
  return { done: work.components.length, skipped: 0 }
}

/** What a task has done, as text. */
export function taskText ({ phase, rank, world, done, skipped }: TaskReport): string {
  const before = skipped === 0 ? '' : `; ${skipped} were done before`
  return `${phase}, task ${rank} of ${world}: ${done} done${before}`
}
