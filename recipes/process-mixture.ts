import { join } from 'node:path'
import { z } from 'zod'
import { type WithAliases, parseNamed } from './cli/aliases.ts'
import { PartialError, SluiceError, codeOf, messageOf } from '../lib/errors.ts'
import { hubOptions } from '../lib/hub/settings.ts'
import { positive } from '../lib/options.ts'
import { checkWritable } from '../lib/output/open.ts'
import { writeOwn } from '../lib/output/own-file.ts'
import { isResumable } from '../lib/output/resumable.ts'
import { inTurn } from '../lib/output/with-lock.ts'
import { recordSourceOptions } from '../lib/records/source-options.ts'
import { formatNames } from '../lib/shards/formats/format.ts'
import { STATS } from '../lib/shards/stats.ts'
import { TOKENIZER_FILES } from '../lib/tokenizer/files.ts'
import { loadOptions } from '../lib/tokenizer/options.ts'
import { shardComponent } from './components/component.ts'
import { licenseRows } from './components/licenses.ts'
import { keptKeysOf } from './components/paths.ts'
import type { ShardOptions } from './components/shard-job.ts'
import { componentTable } from './components/table.ts'
import { type ThreadOptions, withThreads, workersOption } from './flow/workers/threads.ts'
import { runsDirOption } from './history/read.ts'
import { runName, sourcesOf, writeRunRecord } from './history/write.ts'
import { resumeOptions, verifyOption } from './jobs/checkpoints.ts'
import { lockOf } from './jobs/job.ts'
import { schedule } from './jobs/schedule.ts'
import { type Mixture, inputsOf } from './manifest/found.ts'
import type { MixStats } from './mixture/mix/stats.ts'
import {
  type MixtureJob, type MixtureRun, checkPlaces, loadTokenizerOf, mixtureKeysOf, statusBeforeRun, statsPathOf
} from './mixture/mixture.ts'
import { readMixture } from './mixture/read.ts'
import { type MixtureResult, type MixtureStats, withOthers, withVerifiedDates } from './mixture/stats.ts'

const TOKENIZER_HELP = `${TOKENIZER_FILES} (default: the manifest's)`
const STATS_HELP = 'JSON file for the stats (default: the manifest\'s stats, else data/mixtures/mixture_stats.json)'
const FORMAT_HELP = 'format of the shards of every component (default: that of each component in the manifest)'
const CONCURRENCY_HELP = 'components processed at once; one at a time where they are compared with each other'
const OVERWRITE_HELP = 'delete the shards of another run in an output folder instead of refusing it'

export const processMixtureOptions = z.strictObject({
  tokenizerPath: z.string().min(1).optional().describe(TOKENIZER_HELP),
  ...loadOptions,
  stats: z.string().min(1).optional().describe(STATS_HELP),
  format: z.enum(formatNames).optional().describe(FORMAT_HELP),
  concurrency: positive.default(1).describe(CONCURRENCY_HELP),
  runsDir: runsDirOption,
  overwrite: z.boolean().default(false).describe(OVERWRITE_HELP),
  verify: verifyOption,
  workers: workersOption,
  ...resumeOptions,
  ...hubOptions,
  ...recordSourceOptions
}).describe('every component of a manifest -> shards, with their stats as JSON')

export const processMixtureAliases = { python: { logFile: 'stats' } } as const

/**
 * Makes shards of every component of a manifest. It resumes an earlier run that was stopped, and skips finished
 * components. A component that fails doesn't stop the others. If none failed, the run writes its record, unless the
 * last record is the same. Several runs of one manifest at once share its components: one that another run is making
 * fails with `ERR_LOCKED`.
 *
 * @returns the stats, which are in the stats file too, and the path of the record
 * @throws SluiceError `ERR_MANIFEST`, `ERR_TOKENIZER`, `ERR_CHECKSUM`, `ERR_OPTION` or `ERR_OUTPUT_EXISTS` before
 *   anything is written; `ERR_COMPONENT` when components failed, after the others were finished and the stats written;
 *   `ERR_ABORTED`
 */
export async function processMixture (
  manifestPath: string, options: WithAliases<z.input<typeof processMixtureOptions>, typeof processMixtureAliases> = {},
  run: MixtureRun = {}
): Promise<MixtureResult> {
  const parsed = parseNamed('process-mixture', processMixtureOptions, options, processMixtureAliases)
  return await processMixtureParsed(manifestPath, parsed, run)
}

type Options = z.output<typeof processMixtureOptions>

/** Like `processMixture`, with parsed options. */
export async function processMixtureParsed (
  manifestPath: string, options: Options, run: MixtureRun
): Promise<MixtureResult> {
  const mixture = await readMixture(manifestPath, { ...options, ...run })
  const { format } = options
  const datasets = mixture.datasets.map(component => ({ ...component, format: format ?? component.format }))
  const { stats, statsPath, record } = await processManifest({ ...mixture, datasets }, options, run)
  return { ...stats, stats_path: statsPath, run_record: await record() }
}

/** Makes the shards of a component, or finds that they are up to date. */
export type MakeComponent = typeof shardComponent

/** The shards of a manifest's components, of which none failed. */
export interface ProcessedMixture {
  readonly stats: MixtureStats
  /** The file that the stats were written to. */
  readonly statsPath: string
  /**
   * Writes the record of the run, and returns its path.
   *
   * @param trainingSet what the run has made of the shards
   */
  readonly record: (trainingSet?: MixStats) => Promise<string>
}

/**
 * Like `processMixture`, for a manifest that has been read. The caller writes the record.
 *
 * @param make makes the shards of a component
 */
export async function processManifest (
  manifest: Mixture, options: Options, run: MixtureRun, make: MakeComponent = shardComponent
): Promise<ProcessedMixture> {
  const inputs = inputsOf(manifest.datasets)
  return await withThreads(inputs, { ...run, ...options }, withOwn => shardMixture(manifest, withOwn, make))
}

type MixtureOptions = Options & MixtureRun & ThreadOptions

async function shardMixture (
  manifest: Mixture, asked: MixtureOptions, make: MakeComponent
): Promise<ProcessedMixture> {
  const { concurrency, runsDir } = asked
  const { tokenizerPath, tokenizer } = await loadTokenizerOf(manifest, asked, asked.tokenizer)
  const statsPath = statsPathOf(manifest, asked.stats)
  await checkPlaces({ manifest, tokenizerPath }, statsPath)
  const options: ShardOptions & MixtureRun = { ...asked, tokenizer }
  for (const component of manifest.datasets) await statusBeforeRun(component, { ...options, verify: false })
  const withStats: Places['withStats'] = async work => await isResumable(statsPath)
    ? await inTurn(lockOf(statsPath), statsPath, work, asked)
    : await work()
  await withStats(() => checkWritable(statsPath))
  await checkWritable(join(runsDir, '.record')) // no run has a folder of that name
  const job: MixtureJob = { manifest, tokenizerPath, tokenizer }
  return await processComponents(job, { statsPath, withStats, runsDir, concurrency, make }, options)
}

interface Places {
  readonly statsPath: string
  /** Does work with the stats file while no other run does. */
  readonly withStats: <T>(work: () => Promise<T>) => Promise<T>
  readonly runsDir: string
  readonly concurrency: number
  readonly make: MakeComponent
}

async function processComponents (
  { manifest, tokenizerPath, tokenizer }: MixtureJob, { statsPath, withStats, runsDir, concurrency, make }: Places,
  options: ShardOptions & Pick<MixtureRun, 'licenseOf'>
): Promise<ProcessedMixture> {
  const inputs = await sourcesOf(manifest.datasets)
  const kept = new Set<string>() // by name: components whose shards an earlier run has finished
  const onStatusOf = (name: string): ShardOptions['onStatus'] => ({ is }) => {
    if (is === 'finished') kept.add(name)
    else kept.delete(name)
  }
  const mixtureKeys = mixtureKeysOf(manifest)
  const outcomes = await schedule(manifest.datasets.map(component => ({
    name: component.name,
    run: async () => {
      const own = { ...options, onStatus: onStatusOf(component.name) }
      if (mixtureKeys === null) return await make(component, own)
      return await mixtureKeys.during(component.name, keptKeysOf(component), keys => make(component, { ...own, keys }))
    }
  })), mixtureKeys === null ? concurrency : 1).finally(() => mixtureKeys?.close())
  if (options.signal?.aborted === true) throw new SluiceError('ERR_ABORTED', `${manifest.path}: ${STOPPED}`)

  const failures = outcomes.filter(outcome => 'error' in outcome)
  const made: MixtureStats = {
    manifest: manifest.path,
    stats: outcomes.flatMap(outcome => 'result' in outcome ? [outcome.result] : []),
    failed: failures.map(({ name, error }) => ({ name, code: codeOf(error) ?? null, error: messageOf(error) })),
    licenses: await licenseRows(manifest, options.licenseOf),
    manifest_sha256: manifest.sha256,
    tokenizer: { path: tokenizerPath, sha256: tokenizer.sha256, vocab_size: tokenizer.vocabSize }
  }
  return await withStats(async () => {
    const stats = await withVerifiedDates(statsPath, kept, made)
    const names = manifest.datasets.map(({ name }) => name)
    await writeOwn(statsPath, JSON.stringify(await withOthers(statsPath, names, stats), null, 2) + '\n', STATS)
    if (failures.length > 0) throw new MixtureError(stats, failures[0]!.error, statsPath)
    const run = { runsDir, name: runName(manifest), manifest, stats, statsPath, inputs }
    return { stats, statsPath, record: trainingSet => withStats(() => writeRunRecord({ ...run, trainingSet })) }
  })
}

const STOPPED = 'stopped; the same command resumes from the last checkpoints, and skips what is finished'

/** Components have failed; `stats` has the results of the others. */
export class MixtureError extends PartialError {
  readonly stats: MixtureStats

  constructor (stats: MixtureStats, cause: unknown, statsPath: string) {
    const { failed } = stats
    const message = `${failed.length} of ${failed.length + stats.stats.length} components failed`
    const lines = failed.map(({ name, error }) => `${name}: ${error}`)
    const partial = { ...stats, stats_path: statsPath }
    super('ERR_COMPONENT', [message, ...lines].join('\n'), partial, { isResult: stats.stats.length > 0, cause })
    this.stats = stats
  }
}

type ShownResult = Pick<MixtureResult, 'stats' | 'stats_path'> & Partial<MixtureResult>

/** The result of a run as text: what was kept and dropped, and where the results are. */
export function mixtureText ({ stats, stats_path: path, run_record: record }: ShownResult): string {
  const places = [`Stats: ${path}`, ...(record === undefined ? [] : [`Record of the run: ${record}`])]
  return [...(stats.length === 0 ? [] : [componentTable(stats), '']), ...places].join('\n')
}
