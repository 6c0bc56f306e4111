import { z } from 'zod'
import { PartialError, SluiceError, messageOf } from '../../lib/errors.ts'
import { positive } from '../../lib/options.ts'
import { shardComponent } from '../components/component.ts'
import { runTraining } from '../components/training.ts'
import { withThreads } from '../flow/workers/threads.ts'
import { keepsLinesTrainedWith, keepsLinesWith, warnOfLostLines } from '../forecast/indentation.ts'
import { type Mixture, inputsOf } from '../manifest/found.ts'
import type { MixStats } from './mix/stats.ts'
import { type MixStep, checkMixStep, mixStep, plannedMixStep } from './mix-step.ts'
import { type MixtureRun, loadTokenizerOf, statsPathOf } from './mixture.ts'
import { planComponents, refusalOf, refusedSteps, stepsAsMade, watching } from './plan-components.ts'
import { type PlannedTraining, plannedTraining } from './plan-training.ts'
import { type MixtureStats, readDates } from './stats.ts'
import { type RunStep, type StepOutcome, DAMAGED } from './steps.ts'
import type { MadeByTasks } from './tasks/on.ts'
import {
  type MakeComponent, type ProcessedMixture, MixtureError, processManifest, processMixtureOptions
} from '../process-mixture.ts'
import type { VersionReport } from '../versions/report.ts'
import { type VerifyError, checkInventories, verifyOptions, verifyParsed } from '../verify.ts'

const { inventory, inventoryJson } = verifyOptions.shape

const ON_HELP = 'where tasks make the shards: local, as processes of this machine (default: no tasks, one process)'
const TASKS_HELP = 'tasks of each phase, with on'

/** The options of a run of a manifest that has been read. */
export const runMixtureOptions = processMixtureOptions.omit({ format: true }).extend({
  on: z.enum(['local']).optional().describe(ON_HELP),
  tasks: positive.default(2).describe(TASKS_HELP),
  inventory,
  inventoryJson
})

export type RunMixtureOptions = z.output<typeof runMixtureOptions>

/** What a run has done, or what a dry run would do. */
export interface RunReport {
  readonly manifest: string
  readonly dry_run: boolean
  readonly steps: readonly RunStep[]
  /** Null for a dry run. */
  readonly stats: MixtureStats | null
  /** Where the stats are; null for a dry run. */
  readonly stats_path: string | null
  /** The stats of the training set; null if the manifest has none, or it wasn't made and verified. */
  readonly training_set: MixStats | null
  readonly run_record: string | null
  /** Only with `ifChanged`. */
  readonly version?: VersionReport
}

/**
 * Runs a manifest that has been read: all steps, of which those that are up to date are skipped.
 *
 * @throws SluiceError as `run`
 */
export async function runMixture (
  manifest: Mixture, options: RunMixtureOptions, context: MixtureRun
): Promise<RunReport> {
  return await executed(await wantedRun(manifest, options, context), context)
}

/** What `runMixture` would do; nothing is written. @throws SluiceError as `run` for a step that is refused */
export async function planMixture (
  manifest: Mixture, options: RunMixtureOptions, context: MixtureRun
): Promise<RunReport> {
  const { report, refusal, refused } = await planned(await wantedRun(manifest, options, context), context)
  if (refusal !== null) throw new RunError({ ...report, steps: refused }, refusal)
  return report
}

/**
 * Like `planMixture`; a step that is refused has that outcome.
 *
 * @param next the manifest with the folders in which a run would make what is made anew
 */
export async function tryMixture (
  manifest: Mixture, next: Mixture, options: RunMixtureOptions, context: MixtureRun
): Promise<RunReport> {
  return (await planned(await wantedRun(manifest, options, context), context, next)).report
}

async function wantedRun (manifest: Mixture, asked: RunMixtureOptions, context: MixtureRun): Promise<WantedRun> {
  const { inventory, inventoryJson, ...mixture } = asked
  const statsPath = statsPathOf(manifest, mixture.stats)
  await checkInventories(statsPath, { inventory, inventoryJson }, manifest.datasets.map(({ outputDir }) => outputDir))
  const training = context.tokenizer === undefined ? await plannedTraining(manifest, mixture) : null
  const isToTrain = training !== null && training.step.outcome !== 'up to date'
  return { manifest, statsPath, training, isToTrain, asked }
}

/** A requested run: its manifest, with the training that comes first, and its options. */
interface WantedRun {
  readonly manifest: Mixture
  readonly statsPath: string
  /** Null if no tokenizer is trained. */
  readonly training: PlannedTraining | null
  readonly isToTrain: boolean
  readonly asked: RunMixtureOptions
}

/** A dry run: its report, and if a step is refused, the error and the steps that are reported instead. */
interface Planned {
  readonly report: RunReport
  readonly refusal: SluiceError | null
  readonly refused: readonly RunStep[]
}

async function planned (wanted: WantedRun, context: MixtureRun, next: Mixture = wanted.manifest): Promise<Planned> {
  const { manifest, statsPath, training, isToTrain, asked } = wanted
  const loaded = isToTrain ? null : await loadTokenizerOf(manifest, asked, context.tokenizer)
  const tokenizer = loaded?.tokenizer ?? training!.standIn
  const path = loaded?.tokenizerPath ?? null
  const plans = await planComponents(manifest, path, statsPath, { ...context, ...asked, tokenizer })
  const first = firstSteps(wanted, path ?? training!.job.model, !isToTrain)
  const steps = plans.flatMap(({ steps }) => steps)
  const newStats = statsPathOf(next, asked.stats)
  const verification = await plannedVerification(steps, { statsPath, newStats, isAsked: asked.verify })
  const isUpToDate = steps.every(({ outcome }) => outcome === 'up to date')
  const newFolder = next.mixture?.outputDir ?? ''
  const before = { statsPath, isUpToDate, verify: asked.verify, newFolder, tokenizer }
  const mixed = await plannedMixStep(manifest, before, context)
  const refusal = refusalOf(plans)
  const all = [...first, ...steps, verification, ...mixed.steps]
  return {
    report: {
      manifest: manifest.path,
      dry_run: true,
      steps: all,
      stats: null,
      stats_path: null,
      training_set: null,
      run_record: null
    },
    refusal: refusal ?? mixed.error ?? null,
    refused: refusal === null ? all : [...first, ...refusedSteps(plans)]
  }
}

/** Runs all steps, and reports the outcome of each. @throws a RunError when steps have failed */
async function executed (wanted: WantedRun, context: MixtureRun): Promise<RunReport> {
  const { manifest, statsPath, asked: { inventory, inventoryJson, ...mixture } } = wanted
  const reading = { ...context, ...mixture }
  if (wanted.isToTrain) {
    await warnOfLostLines(manifest.datasets, keepsLinesTrainedWith(manifest.tokenizer), reading)
    await train(wanted, wanted.training!, context)
  }
  const { tokenizerPath, tokenizer } = await loadTokenizerOf(manifest, mixture, context.tokenizer)
  checkMixStep(manifest, tokenizer)
  const plans = await planComponents(manifest, tokenizerPath, statsPath, { ...context, ...mixture, tokenizer })
  if (!wanted.isToTrain) {
    const waiting = manifest.datasets.filter((_, i) => plans[i]!.steps.some(({ outcome }) => outcome !== 'up to date'))
    await warnOfLostLines(waiting, keepsLinesWith(tokenizer), reading)
  }
  const byTasks = await madeOn(manifest, mixture, { ...context, tokenizer })
  const { make, statuses } = watching(byTasks?.make ?? shardComponent)
  const { stats, record, failed } = await processed(manifest, mixture, { ...context, tokenizer }, make)
  const errors = new Map(failed?.stats.failed.map(({ name, error }) => [name, error]))
  const steps = manifest.datasets.flatMap(({ name }, i) =>
    failing(stepsAsMade(plans[i]!.steps, statuses.get(name)), errors.get(name)))
  const { workers, takeover } = mixture
  const verifying = { tokenizerPath, inventory, inventoryJson, workers, takeover, quick: false }
  const verified = await verification(stats, statsPath, { isAsked: mixture.verify, options: verifying }, context)
  const isSound = failed === undefined && verified.error === undefined && stats.stats.length > 0
  const mixed: MixStep = isSound ? await mixStep(manifest, statsPath, wanted.asked, context) : { steps: [] }
  const runRecord = await record?.(mixed.stats) ?? null
  if (isSound) await byTasks?.end(runRecord)
  const report: RunReport = {
    manifest: manifest.path,
    dry_run: false,
    steps: [...firstSteps(wanted, tokenizerPath, true), ...steps, verified.step, ...mixed.steps],
    stats,
    stats_path: statsPath,
    training_set: mixed.stats ?? null,
    run_record: runRecord
  }
  const error = failed ?? verified.error ?? mixed.error
  if (error !== undefined) throw new RunError(report, error, verified.error)
  return report
}

/** Makes the shards by tasks, if that is requested. */
async function madeOn (
  manifest: Mixture, options: Omit<RunMixtureOptions, 'inventory' | 'inventoryJson'>, context: MixtureRun
): Promise<MadeByTasks | null> {
  if (options.on === undefined) return null
  const { madeByTasks } = await import('./tasks/on.ts')
  return await madeByTasks(manifest, options, context)
}

/** Trains the tokenizer, unless a component would be refused with it. */
async function train (
  { manifest, statsPath, asked }: WantedRun, { job, standIn }: PlannedTraining, context: MixtureRun
): Promise<void> {
  checkMixStep(manifest, standIn)
  const plans = await planComponents(manifest, null, statsPath, { ...context, ...asked, tokenizer: standIn })
  const refusal = refusalOf(plans)
  if (refusal !== null) throw refusal
  await withThreads(inputsOf(manifest.datasets), { ...context, ...asked }, options => runTraining(job, options))
}

/** The steps before those of the components. @param isThere whether the tokenizer exists */
function firstSteps ({ manifest: { tokenizer }, training }: WantedRun, path: string, isThere: boolean): RunStep[] {
  const has = `${isThere ? 'has' : 'must have'} the SHA-256 that the manifest requires`
  const why = tokenizer.sha256 === null ? 'the manifest requires no SHA-256' : has
  const checked: RunStep = { component: null, step: 'check-tokenizer', outcome: 'done', why: `${path}: ${why}` }
  return training === null ? [checked] : [training.step, checked]
}

interface VerificationBefore {
  readonly statsPath: string
  /** The stats file of what is made anew. */
  readonly newStats: string
  readonly isAsked: boolean
}

async function plannedVerification (
  steps: readonly RunStep[], { statsPath, newStats, isAsked }: VerificationBefore
): Promise<RunStep> {
  const date = (await readDates(statsPath))?.verified_at_utc
  const isVerified = !isAsked && date !== undefined && steps.every(({ outcome }) => outcome === 'up to date')
  return isVerified
    ? { component: null, step: 'verify', outcome: 'up to date', why: verifiedAt(statsPath, date) }
    : { component: null, step: 'verify', outcome: 'done', why: `${newStats}: compares the shards with it` }
}

/** Some steps of a run have failed; `report` has the outcome of each. */
export class RunError extends PartialError {
  readonly report: RunReport

  constructor (report: RunReport, error: SluiceError, findings?: VerifyError) {
    const messages = findings === undefined || findings === error ? [error.message] : [error.message, findings.message]
    super(error.code, messages.join('\n'), report, { isResult: true, cause: error })
    this.report = report
  }
}

/** The steps of a component that failed. Which step failed is not known, so the last one is reported as failed. */
function failing (steps: readonly RunStep[], error: string | undefined): readonly RunStep[] {
  return error === undefined ? steps : [...steps.slice(0, -1), { ...steps.at(-1)!, outcome: 'failed', why: error }]
}

interface Processed {
  readonly stats: MixtureStats
  /** Absent if components failed. */
  readonly record?: ProcessedMixture['record']
  readonly failed?: MixtureError
}

async function processed (
  manifest: Mixture, options: z.output<typeof processMixtureOptions>, context: MixtureRun, make: MakeComponent
): Promise<Processed> {
  try {
    return await processManifest(manifest, options, context, make)
  } catch (error) {
    if (error instanceof MixtureError) return { stats: error.stats, failed: error }
    throw error
  }
}

interface Verification {
  readonly step: RunStep
  readonly error?: VerifyError
}

interface AskedVerification {
  /** Whether to verify shards again that were verified before and haven't changed since. */
  readonly isAsked: boolean
  readonly options: z.output<typeof verifyOptions>
}

/** Verifies the shards. */
async function verification (
  stats: MixtureStats, statsPath: string, { isAsked, options }: AskedVerification, context: MixtureRun
): Promise<Verification> {
  const stepWas = (outcome: StepOutcome, why: string): RunStep => ({ component: null, step: 'verify', outcome, why })
  if (stats.stats.length === 0) return { step: stepWas('left out', 'there are no shards') }
  const date = stats.verified_at_utc
  if (date !== undefined && !isAsked) return { step: stepWas('up to date', verifiedAt(statsPath, date)) }
  try {
    const { totals: { shards } } = await verifyParsed(statsPath, options, context)
    const found = `${shards} ${shards === 1 ? 'shard matches' : 'shards match'} the stats`
    return { step: stepWas('done', `${statsPath}: ${found}`) }
  } catch (error) {
    const { code, findings } = error as Partial<VerifyError>
    if (code !== 'ERR_VERIFY' || findings === undefined) throw error
    const isOther = findings.some(({ component }) => !stats.failed.some(({ name }) => name === component))
    if (!isOther) return { step: stepWas('done', `${statsPath}: ${ONLY_FAILED}`) }
    return { step: stepWas('failed', `${messageOf(error).split('\n')[0]!}; ${DAMAGED}`), error: error as VerifyError }
  }
}

const ONLY_FAILED = 'the existing shards match the stats; components failed'

function verifiedAt (statsPath: string, date: string): string {
  return `${statsPath}: verified at ${date}`
}
