import { z } from 'zod'
import { type WithAliases, parseNamed } from './cli/aliases.ts'
import { PartialError, SluiceError, messageOf } from '../lib/errors.ts'
import { runTraining } from './components/training.ts'
import { withThreads } from './flow/workers/threads.ts'
import { keepsLinesTrainedWith, keepsLinesWith, warnOfLostLines } from './forecast/indentation.ts'
import { type Mixture, inputsOf } from './manifest/found.ts'
import { type MixtureRun, loadTokenizerOf, statsPathOf } from './mixture/mixture.ts'
import { planComponents, refusalOf, refusedSteps } from './mixture/plan-components.ts'
import { type PlannedTraining, plannedTraining } from './mixture/plan-training.ts'
import { readMixture } from './mixture/read.ts'
import { type MixtureResult, type MixtureStats, readDates } from './mixture/stats.ts'
import type { RunStep, StepOutcome } from './mixture/steps.ts'
import {
  MixtureError, mixtureText, processManifest, processMixtureAliases, processMixtureOptions
} from './process-mixture.ts'
import { table } from './text.ts'
import { type VerifyError, checkInventories, verifyOptions, verifyParsed } from './verify.ts'

const { inventory, inventoryJson } = verifyOptions.shape

export const runManifestOptions = processMixtureOptions.extend({
  dryRun: z.boolean().default(false).describe('print what would be done, and why; nothing is written'),
  inventory,
  inventoryJson
}).describe('a whole manifest, in order: tokenizer, copies, shards, verification; what is up to date is skipped')

/** What a run has done, or what a dry run would do. */
export interface RunReport {
  readonly manifest: string
  readonly dry_run: boolean
  readonly steps: readonly RunStep[]
  /** Null for a dry run. */
  readonly stats: MixtureStats | null
  /** Where the stats are; null for a dry run. */
  readonly stats_path: string | null
  readonly run_record: string | null
}

/**
 * Runs a whole manifest: trains the tokenizer unless there is one, checks its hash, copies documents to `raw_dir`,
 * makes shards, and verifies them. Steps that are up to date are skipped, and stopped steps are resumed. A component
 * that fails doesn't stop the others.
 *
 * @throws SluiceError as `processMixture` and `verify`; a RunError (`ERR_COMPONENT`, `ERR_VERIFY`) with the outcome of
 *   each step, after the other components were finished
 */
export async function run (
  manifestPath: string, options: WithAliases<z.input<typeof runManifestOptions>, typeof processMixtureAliases> = {},
  context: MixtureRun = {}
): Promise<RunReport> {
  return await runParsed(manifestPath, parseNamed('run', runManifestOptions, options, processMixtureAliases), context)
}

/** Like `run`, with parsed options. */
export async function runParsed (
  manifestPath: string, { dryRun, ...asked }: z.output<typeof runManifestOptions>, context: MixtureRun
): Promise<RunReport> {
  const { inventory, inventoryJson, ...mixture } = asked
  const manifest = await readMixture(manifestPath, { ...mixture, ...context })
  const statsPath = statsPathOf(manifest, mixture.stats)
  await checkInventories(statsPath, { inventory, inventoryJson }, manifest.datasets.map(({ outputDir }) => outputDir))
  const training = context.tokenizer === undefined ? await plannedTraining(manifest, mixture) : null
  const isToTrain = training !== null && training.step.outcome !== 'up to date'
  const wanted: WantedRun = { manifest, statsPath, training, isToTrain, asked }
  return dryRun ? await planned(wanted, context) : await executed(wanted, context)
}

/** A requested run: its manifest, with the training that comes first, and its options. */
interface WantedRun {
  readonly manifest: Mixture
  readonly statsPath: string
  /** Null if no tokenizer is trained. */
  readonly training: PlannedTraining | null
  readonly isToTrain: boolean
  readonly asked: Omit<z.output<typeof runManifestOptions>, 'dryRun'>
}

/** The report of a dry run. @throws a RunError when a component is refused */
async function planned (wanted: WantedRun, context: MixtureRun): Promise<RunReport> {
  const { manifest, statsPath, training, isToTrain, asked } = wanted
  const loaded = isToTrain ? null : await loadTokenizerOf(manifest, asked, context.tokenizer)
  const tokenizer = loaded?.tokenizer ?? training!.standIn
  const path = loaded?.tokenizerPath ?? null
  const plans = await planComponents(manifest, path, statsPath, { ...context, ...asked, tokenizer })
  const first = firstSteps(wanted, path ?? training!.job.model, !isToTrain)
  const report = (steps: readonly RunStep[]): RunReport => ({
    manifest: manifest.path,
    dry_run: true,
    steps: [...first, ...steps],
    stats: null,
    stats_path: null,
    run_record: null
  })
  const refusal = refusalOf(plans)
  if (refusal !== null) throw new RunError(report(refusedSteps(plans)), refusal)
  const steps = plans.flatMap(({ steps }) => steps)
  return report([...steps, await plannedVerification(steps, statsPath, asked.verify)])
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
  const plans = await planComponents(manifest, tokenizerPath, statsPath, { ...context, ...mixture, tokenizer })
  if (!wanted.isToTrain) {
    const waiting = manifest.datasets.filter((_, i) => plans[i]!.steps.some(({ outcome }) => outcome !== 'up to date'))
    await warnOfLostLines(waiting, keepsLinesWith(tokenizer), reading)
  }
  const { stats, record, failed } = await processed(manifest, mixture, { ...context, tokenizer })
  const errors = new Map(failed?.stats.failed.map(({ name, error }) => [name, error]))
  const steps = plans.flatMap(({ steps }, i) => failing(steps, errors.get(manifest.datasets[i]!.name)))
  const verifying = { tokenizerPath, inventory, inventoryJson, workers: mixture.workers, quick: false }
  const verified = await verification(stats, statsPath, { isAsked: mixture.verify, options: verifying }, context)
  const report: RunReport = {
    manifest: manifest.path,
    dry_run: false,
    steps: [...firstSteps(wanted, tokenizerPath, true), ...steps, verified.step],
    stats,
    stats_path: statsPath,
    run_record: record
  }
  const error = failed ?? verified.error
  if (error !== undefined) throw new RunError(report, error, verified.error)
  return report
}

/** Trains the tokenizer, unless a component would be refused with it. */
async function train (
  { manifest, statsPath, asked }: WantedRun, { job, standIn }: PlannedTraining, context: MixtureRun
): Promise<void> {
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

async function plannedVerification (steps: readonly RunStep[], statsPath: string, isAsked: boolean): Promise<RunStep> {
  const date = (await readDates(statsPath))?.verified_at_utc
  const isVerified = !isAsked && date !== undefined && steps.every(({ outcome }) => outcome === 'up to date')
  return isVerified
    ? { component: null, step: 'verify', outcome: 'up to date', why: verifiedAt(statsPath, date) }
    : { component: null, step: 'verify', outcome: 'done', why: `${statsPath}: compares the shards with it` }
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
  readonly record: string | null
  readonly failed?: MixtureError
}

async function processed (
  manifest: Mixture, options: z.output<typeof processMixtureOptions>, context: MixtureRun
): Promise<Processed> {
  try {
    const result: MixtureResult = await processManifest(manifest, options, context)
    const { run_record: record, stats_path: _, ...stats } = result
    return { stats, record }
  } catch (error) {
    if (error instanceof MixtureError) return { stats: error.stats, record: null, failed: error }
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
const DAMAGED = 'run it with --verify (verify) to make the damaged shards again'

function verifiedAt (statsPath: string, date: string): string {
  return `${statsPath}: verified at ${date}`
}

/** A run as text: a row for each step, what was kept and dropped, and where the results are. */
export function runText ({ steps, dry_run: dryRun, stats, stats_path: path, run_record: record }: RunReport): string {
  const rows = steps.map(({ component, step, outcome, why }) => {
    return [component ?? '(all)', step, dryRun && outcome === 'up to date' ? 'skipped' : outcome, why.split('\n')[0]!]
  })
  const lines = table([['component', 'step', dryRun ? 'would be' : 'was', 'why'], ...rows], 'left')
  if (stats === null || path === null) return lines
  return `${lines}\n\n${mixtureText({ ...stats, stats_path: path, ...(record !== null && { run_record: record }) })}`
}
