import { z } from 'zod'
import { PartialError, SluiceError, messageOf } from '../lib/errors.ts'
import { parseOptions } from '../lib/options.ts'
import { shownInLine } from '../lib/text/shown.ts'
import type { ComponentStatus, ShardOptions } from './components/component.ts'
import { runTraining } from './components/training.ts'
import { withThreads } from './flow/workers/threads.ts'
import { type JobStatus, statusText } from './jobs/job.ts'
import type { Component, Manifest } from './manifest/schema.ts'
import { type MixtureRun, checkPlaces, loadTokenizerOf, standingOf, statsPathOf } from './mixture/mixture.ts'
import { plannedTraining } from './mixture/plan-training.ts'
import { readMixture } from './mixture/read.ts'
import { type MixtureResult, type MixtureStats, readDates } from './mixture/stats.ts'
import { type RunStep, type StepOutcome, OUTCOMES } from './mixture/steps.ts'
import { MixtureError, mixtureText, processManifest, processMixtureOptions } from './process-mixture.ts'
import { type VerifyError, checkInventories, verify, verifyOptions } from './verify.ts'

const { inventory, inventoryJson } = verifyOptions.shape

export const runOptions = processMixtureOptions.extend({
  dryRun: z.boolean().default(false).describe('say what would be done, and why; nothing is written'),
  inventory,
  inventoryJson
}).describe('a whole manifest, in order: tokenizer, copies, shards, verification; what is up to date is skipped')

/** What a run has done, or would. */
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
 * Does all that a manifest asks for: the tokenizer's training, unless there is one, and its checksum, copies to `raw_dir`,
 * filters and shards, and their verification. What is up to date is skipped, what was begun is gone on with. A component that fails doesn't stop the
 * others.
 *
 * @throws SluiceError as `processMixture` and `verify`; a RunError (`ERR_COMPONENT`, `ERR_VERIFY`), once all that could be
 *   done is done, with what became of each step
 */
export async function run (manifestPath: string, options: z.input<typeof runOptions> = {}, context: MixtureRun = {}): Promise<RunReport> {
  const { dryRun, inventory, inventoryJson, ...mixture } = parseOptions('run', runOptions, options)
  const asked = await readMixture(manifestPath, { ...mixture, ...context })
  const statsPath = statsPathOf(asked, mixture.logFile)
  await checkInventories(statsPath, { inventory, inventoryJson }, asked.datasets.map(({ outputDir }) => outputDir))
  const training = context.tokenizer === undefined ? await plannedTraining(asked, mixture) : null
  const isToTrain = training !== null && training.step.outcome !== 'up to date'
  const planned = isToTrain ? await planAll(asked, null, statsPath, { ...context, ...mixture, tokenizer: training.standIn }) : []
  if (isToTrain && !dryRun) {
    const refused = planned.find(({ error }) => error !== null)?.error
    if (refused != null) throw refused
    await withThreads(asked.datasets.map(({ dataFiles }) => dataFiles), { ...context, ...mixture }, options => runTraining(training.job, options))
  }
  const isLoaded = !isToTrain || !dryRun
  const { manifest, tokenizerPath, tokenizer } = isLoaded ? await loadTokenizerOf(asked, mixture.tokenizerPath, context.tokenizer) : { manifest: asked, tokenizerPath: training.job.model, tokenizer: null }
  if (tokenizer !== null) planned.splice(0, Infinity, ...await planAll(manifest, tokenizerPath, statsPath, { ...context, ...mixture, tokenizer }))
  const first = [...(training === null ? [] : [training.step]), checkedStep(manifest, tokenizerPath, isLoaded)]
  const report = (steps: readonly RunStep[], stats: MixtureStats | null, record: string | null): RunReport => ({ manifest: manifestPath, dry_run: dryRun, steps: [...first, ...steps], stats, stats_path: stats === null ? null : statsPath, run_record: record })
  if (dryRun || tokenizer === null) {
    const refusal = planned.find(({ error }) => error !== null)?.error
    if (refusal != null) throw new RunError(report(planned.flatMap(({ steps, error }) => error === null ? steps.map(leftOut) : steps), null, null), refusal)
    const steps = planned.flatMap(({ steps }) => steps)
    const date = (await readDates(statsPath))?.verified_at_utc
    const isVerified = !mixture.verify && date !== undefined && steps.every(({ outcome }) => outcome === 'up to date')
    return report([...steps, { component: null, step: 'verify', outcome: isVerified ? 'up to date' : 'done', why: isVerified ? verifiedAt(statsPath, date) : `${statsPath}: compares the shards with it` }], null, null)
  }

  const { stats, record, failed } = await processed(manifest, mixture, { ...context, tokenizer })
  const steps = planned.flatMap(({ steps }, i) => failing(steps, failed?.stats.failed.find(({ name }) => name === manifest.datasets[i]!.name)?.error))
  const verified = await verification(stats, statsPath, { verify: mixture.verify, options: { tokenizerPath, inventory, inventoryJson, workers: mixture.workers } }, context)
  const done = report([...steps, verified.step], stats, record)
  const error = failed ?? verified.error
  if (error !== undefined) throw new RunError(done, error, verified.error)
  return done
}

async function planAll (manifest: Manifest, tokenizerPath: string | null, statsPath: string, options: ShardOptions): Promise<Plan[]> {
  await checkPlaces({ manifest, tokenizerPath }, statsPath)
  return await Promise.all(manifest.datasets.map(component => planOf(component, options)))
}

function checkedStep ({ tokenizer: { sha256 } }: Manifest, path: string, isThere: boolean): RunStep {
  const why = sha256 === null ? 'the manifest asks for no SHA-256' : isThere ? 'has the SHA-256 that the manifest asks for' : 'is to have the SHA-256 that the manifest asks for'
  return { component: null, step: 'check-tokenizer', outcome: 'done', why: `${path}: ${why}` }
}

/** Some steps of a run have failed; `report` has what became of all. */
export class RunError extends PartialError {
  readonly report: RunReport

  constructor (report: RunReport, error: SluiceError, findings?: VerifyError) {
    const messages = findings === undefined || findings === error ? [error.message] : [error.message, findings.message]
    super(error.code, messages.join('\n'), report, { isResult: true, cause: error })
    this.report = report
  }
}

/** What a component's jobs come to; one that is refused, as `process-mixture` refuses them, stops all before anything is written. */
interface Plan {
  readonly steps: readonly RunStep[]
  readonly error: SluiceError | null
}

function leftOut (step: RunStep): RunStep {
  return { ...step, outcome: 'left out', why: 'another component is refused, and nothing is done then' }
}

async function planOf (component: Component, options: ShardOptions): Promise<Plan> {
  let status: ComponentStatus
  try {
    status = await standingOf(component, options)
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    return { steps: [{ component: component.name, step: 'process', outcome: 'refused', why: error.message }], error }
  }
  const pull: RunStep[] = status.pull === null ? [] : [stepOf(component.name, 'acquire', status.pull, `copies the documents to ${component.rawDir!}`)]
  return { steps: [...pull, stepOf(component.name, 'process', status.shards, `filters, encodes and packs into ${component.outputDir}`)], error: null }
}

function stepOf (component: string, step: RunStep['step'], status: JobStatus, what: string): RunStep {
  const why = status.is === 'new' ? status.why : 'why' in status ? status.why : statusText(status)
  return { component, step, outcome: OUTCOMES[status.is], why: why == null ? what : status.is === 'new' ? `${what}: ${why}` : why }
}

/** The steps of a component that has failed: which of them it was isn't known, so that it is said of the last. */
function failing (steps: readonly RunStep[], error: string | undefined): readonly RunStep[] {
  return error === undefined ? steps : [...steps.slice(0, -1), { ...steps.at(-1)!, outcome: 'failed', why: error }]
}

interface Processed {
  readonly stats: MixtureStats
  readonly record: string | null
  readonly failed?: MixtureError
}

async function processed (manifest: Manifest, options: z.output<typeof processMixtureOptions>, context: MixtureRun): Promise<Processed> {
  try {
    const { run_record: record, stats_path: _, ...stats }: MixtureResult = await processManifest(manifest, options, context)
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

/** Verifies what was made; what was verified, and is as it was, only where that is asked for. */
async function verification (stats: MixtureStats, statsPath: string, { verify: isAsked, options }: { readonly verify: boolean, readonly options: z.input<typeof verifyOptions> }, context: MixtureRun): Promise<Verification> {
  const step = { component: null, step: 'verify' } as const
  if (stats.stats.length === 0) return { step: { ...step, outcome: 'left out', why: 'there are no shards' } }
  if (stats.verified_at_utc !== undefined && !isAsked) return { step: { ...step, outcome: 'up to date', why: verifiedAt(statsPath, stats.verified_at_utc) } }
  try {
    const { totals } = await verify(statsPath, options, context)
    return { step: { ...step, outcome: 'done', why: `${statsPath}: ${totals.shards} ${totals.shards === 1 ? 'shard is' : 'shards are'} what the stats say` } }
  } catch (error) {
    const { code, findings } = error as Partial<VerifyError>
    if (code !== 'ERR_VERIFY' || findings === undefined) throw error
    const isOther = findings.some(({ component }) => !stats.failed.some(({ name }) => name === component))
    if (!isOther) return { step: { ...step, outcome: 'done', why: `${statsPath}: the shards that there are are what the stats say; components failed` } }
    return { step: { ...step, outcome: 'failed', why: `${messageOf(error).split('\n')[0]!}; run it with --verify (verify) to make again what is damaged` }, error: error as VerifyError }
  }
}

function verifiedAt (statsPath: string, date: string): string {
  return `${statsPath}: verified at ${date}`
}

/** A run for people: a row a step, what was kept and dropped, and where everything is. */
export function runText ({ steps, dry_run: dryRun, stats, stats_path: path, run_record: record }: RunReport): string {
  const rows = steps.map(({ component, step, outcome, why }) => [component ?? '(all)', step, dryRun ? DRY[outcome] : outcome, why.split('\n')[0]!])
  const lines = leftTable([['component', 'step', dryRun ? 'would be' : 'was', 'why'], ...rows])
  if (stats === null || path === null) return lines
  return `${lines}\n\n${mixtureText({ ...stats, stats_path: path, ...(record !== null && { run_record: record }) })}`
}

const DRY: Readonly<Record<StepOutcome, string>> = { done: 'done', 'gone on with': 'gone on with', 'done again': 'done again', 'up to date': 'skipped', failed: 'failed', refused: 'refused', 'left out': 'left out' }

/** All columns to the left. */
function leftTable (given: ReadonlyArray<readonly string[]>): string {
  const rows = given.map(row => row.map(shownInLine))
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  return rows.map(row => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd()).join('\n')
}
