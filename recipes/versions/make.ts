import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SluiceError } from '../../lib/errors.ts'
import { writeFileWhole } from '../../lib/output/open.ts'
import type { ShardOptions } from '../components/shard-job.ts'
import { type RunDifference, compareRuns } from '../history/compare.ts'
import { readRun } from '../history/read.ts'
import type { Mixture } from '../manifest/found.ts'
import { type MixtureRun, loadTokenizerOf } from '../mixture/mixture.ts'
import { plannedTraining } from '../mixture/plan-training.ts'
import { type RunMixtureOptions, type RunReport, RunError, runMixture } from '../mixture/run-mixture.ts'
import { readDates } from '../mixture/stats.ts'
import type { RunStep } from '../mixture/steps.ts'
import { OWN_FILES, inFolder } from './paths.ts'
import { Reuse } from './reuse.ts'
import { type Version, type Versions, makeCurrent, removeOld } from './store.ts'

/** A version that is made or resumed. */
export interface MakingVersion {
  readonly version: Version
  readonly versions: Versions
  /** Why it is made. */
  readonly why: readonly string[]
  /** The mixture with the paths of its manifest. */
  readonly mixture: Mixture
  readonly keep: number | undefined
}

/** Makes a version of what the current one has and of what has changed, verifies it, and makes it the current one. */
export async function makeVersion (
  making: MakingVersion, options: RunMixtureOptions, context: MixtureRun
): Promise<RunReport> {
  const { version, versions, why, keep } = making
  const { current } = versions
  const reportOf = (now: Version | null, changes: RunDifference | null = null, removed: readonly string[] = []) =>
    ({ current: now?.path ?? null, previous: current?.path ?? null, why, changes, removed })
  try {
    const made = await makeIn(making, options, context)
    const record = join(version.path, OWN_FILES.record)
    await writeFileWhole(record, await readFile(made.run_record!))
    const changes = current === null ? null : await changesOf(join(current.path, OWN_FILES.record), record, context)
    await writeFileWhole(join(version.path, OWN_FILES.changes), JSON.stringify(changes, null, 2) + '\n')
    await makeCurrent(versions, version)
    const removed = keep === undefined ? [] : await removeOld(versions, version, keep)
    return { ...made, version: reportOf(version, changes, removed) }
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    const stays = current === null ? 'no version is current yet' : `${current.path} stays the current version`
    const message = `${error.message}\n${version.path} is not finished, and the next run resumes it; ${stays}`
    const failure = new SluiceError(error.code, message, { cause: error })
    throw error instanceof RunError ? new RunError({ ...error.report, version: reportOf(current) }, failure) : failure
  }
}

/** Reuses what is the same in the current version, and does all other steps. */
async function makeIn (
  { version, versions, mixture }: MakingVersion, options: RunMixtureOptions, context: MixtureRun
): Promise<RunReport> {
  const { current, unfinished } = versions
  const target = inFolder(mixture, version.path)
  // Shards of a version whose verification failed are hashed, and those that are damaged are made again.
  const isKnown = unfinished === null && (current === null || await isVerified(inFolder(mixture, current.path)))
  const checked = { ...options, verify: options.verify || !isKnown }
  const reused = current === null || options.restart
    ? new Set<string>()
    : await reuse(inFolder(mixture, current.path), target, checked, context)
  const report = await runMixture(target, checked, { ...context, startsOver: true })
  const from = current?.path ?? ''
  const steps = report.steps.map((step): RunStep => reused.has(nameOf(step)) && step.outcome === 'up to date'
    ? { ...step, outcome: 'reused', why: `is the same as in ${from}` }
    : step)
  return { ...report, steps }
}

async function isVerified ({ stats }: Mixture): Promise<boolean> {
  return (await readDates(stats!))?.verified_at_utc !== undefined
}

function nameOf ({ component, step }: Pick<RunStep, 'component' | 'step'>): string {
  return JSON.stringify([component, step])
}

/** Reuses the finished work of one version in another. @returns the steps, as `nameOf` */
async function reuse (
  before: Mixture, now: Mixture, options: RunMixtureOptions, context: MixtureRun
): Promise<ReadonlySet<string>> {
  const reused = new Set<string>()
  const note = (isReused: boolean, component: string | null, step: RunStep['step']): void => {
    if (isReused) reused.add(nameOf({ component, step }))
  }
  const work = new Reuse(before, now, { takeover: options.takeover, signal: context.signal })
  const isOwn = context.tokenizer === undefined && options.tokenizerPath === undefined
  if (isOwn) note(await work.tokenizer(), null, 'train-tokenizer')
  const planned = isOwn ? await plannedTraining(now, options) : null
  const isThere = planned === null || planned.step.outcome === 'up to date'
  const tokenizer = isThere ? (await loadTokenizerOf(now, options, context.tokenizer)).tokenizer : null
  for (const [i, { name }] of now.datasets.entries()) {
    const { signal } = context
    if (signal?.aborted === true) throw new SluiceError('ERR_ABORTED', `${name}: stopped`)
    note(await work.copy(i, { ...options, signal }), name, 'acquire')
    if (tokenizer === null) continue
    const asked: ShardOptions = { ...options, signal, tokenizer }
    note(await work.shards(i, asked), name, 'process')
  }
  if (work.note !== null) context.tell?.(work.note)
  return reused
}

/** What changed between two records; null if one can't be read. */
async function changesOf (before: string, after: string, { tell }: MixtureRun): Promise<RunDifference | null> {
  try {
    return await compareRuns(await readRun(before), await readRun(after))
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    tell?.(`the versions can't be compared: ${error.message}`)
    return null
  }
}
