import { join } from 'node:path'
import { z } from 'zod'
import { PartialError, SluiceError, codeOf, messageOf } from '../lib/errors.ts'
import { hubOptions } from '../lib/hub/settings.ts'
import { parseOptions, positive } from '../lib/options.ts'
import { checkWritable } from '../lib/output/open.ts'
import { writeOwn } from '../lib/output/own-file.ts'
import { isResumable } from '../lib/output/resumable.ts'
import { recordSourceOptions } from '../lib/records/source-options.ts'
import { STATS } from '../lib/shards/stats.ts'
import { shardComponent } from './components/component.ts'
import { licenseRows } from './components/licenses.ts'
import type { ShardOptions } from './components/shard-job.ts'
import { componentTable } from './components/table.ts'
import { type ThreadOptions, withThreads, workersOption } from './flow/workers/threads.ts'
import { runsDirOption } from './history/read.ts'
import { runName, sourcesOf, writeRunRecord } from './history/write.ts'
import { resumeOptions } from './jobs/checkpoints.ts'
import { withLocks } from './jobs/job.ts'
import { schedule } from './jobs/schedule.ts'
import { type Mixture, inputsOf } from './manifest/found.ts'
import {
  type MixtureJob, type MixtureRun, checkPlaces, loadTokenizerOf, standingOf, statsPathOf
} from './mixture/mixture.ts'
import { readMixture } from './mixture/read.ts'
import { type MixtureResult, type MixtureStats, withVerifiedDates } from './mixture/stats.ts'

export const processMixtureOptions = z.strictObject({
  tokenizerPath: z.string().min(1).optional().describe('SentencePiece .model file (default: the one in the manifest\'s tokenizer_output_dir)'),
  logFile: z.string().min(1).optional().describe('where the stats go, as JSON (default: the manifest\'s stats, else data/mixtures/mixture_stats.json)'),
  concurrency: positive.default(1).describe('components processed at once'),
  runsDir: runsDirOption,
  overwrite: z.boolean().default(false).describe('delete the shards of another run in an output folder instead of refusing it'),
  verify: z.boolean().default(false).describe('hash the shards of finished components, to see whether they are still what they were'),
  workers: workersOption,
  ...resumeOptions,
  ...hubOptions,
  ...recordSourceOptions
}).describe('every component of a manifest -> shards, with their stats as JSON')

/**
 * Makes shards of every component of a manifest, from where a run before has left off; what is finished is not done
 * again. A component that fails doesn't stop the others. A run in which none failed leaves its record, unless the last
 * one tells of the same.
 *
 * @returns the stats, which are in the stats file too, and the record's path
 * @throws SluiceError `ERR_MANIFEST`, `ERR_TOKENIZER`, `ERR_CHECKSUM`, `ERR_OPTION` or `ERR_OUTPUT_EXISTS` before
 *   anything is written; `ERR_COMPONENT` when components failed, after the others were finished and the stats written;
 *   `ERR_ABORTED`
 */
export async function processMixture (manifestPath: string, given: z.input<typeof processMixtureOptions> = {}, run: MixtureRun = {}): Promise<MixtureResult> {
  const checked = parseOptions('process-mixture', processMixtureOptions, given)
  return await processManifest(await readMixture(manifestPath, { ...checked, ...run }), checked, run)
}

/** As `processMixture`, of a manifest that is read. */
export async function processManifest (manifest: Mixture, checked: z.output<typeof processMixtureOptions>, run: MixtureRun): Promise<MixtureResult> {
  return await withThreads(inputsOf(manifest.datasets), { ...run, ...checked }, options => shardMixture(manifest, options))
}

type MixtureOptions = z.output<typeof processMixtureOptions> & MixtureRun & ThreadOptions

async function shardMixture (manifest: Mixture, asked: MixtureOptions): Promise<MixtureResult> {
  const { concurrency, runsDir } = asked
  const { tokenizerPath, tokenizer } = await loadTokenizerOf(manifest, asked.tokenizerPath, asked.tokenizer)
  const logFile = statsPathOf(manifest, asked.logFile)
  await checkPlaces({ manifest, tokenizerPath }, logFile)
  const options: ShardOptions & MixtureRun = { ...asked, tokenizer }
  for (const component of manifest.datasets) await standingOf(component, { ...options, verify: false })
  await checkWritable(logFile)
  await checkWritable(join(runsDir, '.record')) // no run has a folder of that name
  const work = (): Promise<MixtureResult> => processComponents({ manifest, tokenizerPath, tokenizer }, { logFile, runsDir, concurrency }, options)
  return await isResumable(logFile) ? await withLocks([logFile], work) : await work()
}

interface Places {
  readonly logFile: string
  readonly runsDir: string
  readonly concurrency: number
}

async function processComponents ({ manifest, tokenizerPath, tokenizer }: MixtureJob, { logFile, runsDir, concurrency }: Places, options: ShardOptions & Pick<MixtureRun, 'licenseOf'>): Promise<MixtureResult> {
  const inputs = await sourcesOf(manifest.datasets)
  const kept = new Set<string>() // by name: components whose shards were finished by a run before
  const outcomes = await schedule(manifest.datasets.map(component => ({
    name: component.name,
    run: () => shardComponent(component, { ...options, onStatus: ({ is }) => { is === 'finished' ? kept.add(component.name) : kept.delete(component.name) } })
  })), concurrency)
  if (options.signal?.aborted === true) throw new SluiceError('ERR_ABORTED', `${manifest.path}: stopped; the same command goes on from the last checkpoints, and skips what is finished`)

  const failures = outcomes.filter(outcome => 'error' in outcome)
  const stats: MixtureStats = await withVerifiedDates(logFile, kept, {
    manifest: manifest.path,
    stats: outcomes.flatMap(outcome => 'result' in outcome ? [outcome.result] : []),
    failed: failures.map(({ name, error }) => ({ name, code: codeOf(error) ?? null, error: messageOf(error) })),
    licenses: await licenseRows(manifest, options.licenseOf),
    manifest_sha256: manifest.sha256,
    tokenizer: { path: tokenizerPath, sha256: tokenizer.sha256, vocab_size: tokenizer.vocabSize }
  })
  await writeOwn(logFile, JSON.stringify(stats, null, 2) + '\n', STATS)
  if (failures.length > 0) throw new MixtureError(stats, failures[0]!.error, logFile)
  return { ...stats, stats_path: logFile, run_record: await writeRunRecord({ runsDir, name: runName(manifest), manifest, stats, statsPath: logFile, inputs }) }
}

/** Components have failed; `stats` has what became of the others. */
export class MixtureError extends PartialError {
  readonly stats: MixtureStats

  constructor (stats: MixtureStats, cause: unknown, statsPath: string) {
    const { failed } = stats
    super('ERR_COMPONENT', `${failed.length} of ${failed.length + stats.stats.length} components failed\n${failed.map(({ name, error }) => `${name}: ${error}`).join('\n')}`, { ...stats, stats_path: statsPath }, { isResult: stats.stats.length > 0, cause })
    this.stats = stats
  }
}

/** A mixture that was processed, for people: what was kept and dropped, and where everything is. */
export function mixtureText ({ stats, stats_path: path, run_record: record }: Pick<MixtureResult, 'stats' | 'stats_path'> & Partial<MixtureResult>): string {
  return [...(stats.length === 0 ? [] : [componentTable(stats), '']), `Stats: ${path}`, ...(record === undefined ? [] : [`Record of the run: ${record}`])].join('\n')
}
