import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { SluiceError, codeOf, messageOf } from '../lib/errors.ts'
import { parseJson } from '../lib/json/json.ts'
import type { Component, Manifest } from './manifest/schema.ts'
import { parseOptions, positive } from '../lib/options.ts'
import { checkWritable } from '../lib/output/output.ts'
import { checkOutputs } from './jobs/places.ts'
import { readOwn, refuseForeign, writeOwn } from '../lib/output/own-file.ts'
import { hubOptions } from '../lib/hub/settings.ts'
import { recordSourceOptions } from '../lib/records/source-options.ts'
import { isResumable } from '../lib/output/resumable.ts'
import { refuseShards } from '../lib/shards/writer.ts'
import { STATS } from '../lib/shards/stats.ts'
import { type Tokenizer, loadTokenizer } from '../lib/tokenizer/tokenizer.ts'
import { resumeOptions } from './jobs/checkpoints.ts'
import { type ComponentStats, type ShardOptions, checkFit, type ComponentStatus, componentStatus, filesOf, refuseForeignIn, sharedFilesOf, shardComponent } from './components/component.ts'
import type { FindOptions } from './components/find-on-hub.ts'
import type { RunOptions } from './flow/flow.ts'
import { withLocks } from './jobs/job.ts'
import { type LicenseOf, type LicenseRow, licenseRows } from './licenses.ts'
import { PartialError } from './partial-error.ts'
import { readMixture } from './mixture/read.ts'
import { componentTable } from './text.ts'
import { runName, sourcesOf, writeRunRecord } from './history/write.ts'
import { runsDirOption } from './history/read.ts'
import { refuseForeignNext } from './jobs/remake.ts'
import { schedule } from './jobs/schedule.ts'
import { type ThreadOptions, withThreads, workersOption } from './flow/workers/threads.ts'

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

/** What a run leaves as its stats file. */
export interface MixtureStats {
  readonly manifest: string
  /** One for each component that was finished, in the manifest's order. */
  readonly stats: readonly ComponentStats[]
  readonly failed: ReadonlyArray<{ readonly name: string, readonly code: string | null, readonly error: string }>
  /** What the licences of each component permit, as `licenses` tells it. */
  readonly licenses: readonly LicenseRow[]
  readonly manifest_sha256: string
  readonly tokenizer: { readonly path: string, readonly sha256: string, readonly vocab_size: number }
  /** When `verify` found all shards as these stats say; absent until then. */
  readonly verified_at_utc?: string
}

/** What a run gives: its stats, and the path of the record that tells what made its shards. */
export interface MixtureResult extends MixtureStats {
  readonly run_record: string
  /** Where the stats are. */
  readonly stats_path: string
}

/** What the recipe can be told in code. */
export interface MixtureRun extends RunOptions {
  /** The tokenizer at `tokenizerPath`, where it is loaded already. */
  readonly tokenizer?: Tokenizer
  /** Tells the licence on a dataset's card. @default nobody does */
  readonly licenseOf?: LicenseOf | undefined
}

/**
 * Makes shards of every component of a manifest, from where a run before has left off; what is finished is not done
 * again. A component that fails doesn't stop the others. A run in which none failed leaves its record, unless the last
 * one tells of the same.
 *
 * @returns the stats, which are in the stats file too, and the record's path
 * @throws SluiceError `ERR_MANIFEST`, `ERR_TOKENIZER`, `ERR_CHECKSUM`, `ERR_OPTION` or `ERR_OUTPUT_EXISTS` before anything is written;
 *   `ERR_COMPONENT` when components failed, after the others were finished and the stats written; `ERR_ABORTED`
 */
export async function processMixture (manifestPath: string, given: z.input<typeof processMixtureOptions> = {}, run: MixtureRun = {}): Promise<MixtureResult> {
  const checked = parseOptions('process-mixture', processMixtureOptions, given)
  const manifest = await readMixture(manifestPath, { ...checked, ...run })
  return await withThreads(manifest.datasets.map(({ dataFiles }) => dataFiles), { ...run, ...checked }, options => shardMixture(manifest, options))
}

type MixtureOptions = z.output<typeof processMixtureOptions> & MixtureRun & ThreadOptions

async function shardMixture (manifest: Manifest, asked: MixtureOptions): Promise<MixtureResult> {
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

/**
 * How a component stands, before anything is written.
 *
 * @throws SluiceError `ERR_TOKENIZER`, `ERR_CHECKPOINT`, or `ERR_OUTPUT_EXISTS`, where it can't be done as it is asked for
 */
export async function standingOf (component: Component, options: ShardOptions): Promise<ComponentStatus> {
  checkFit(component, options.tokenizer)
  if (options.restart === true) return { pull: component.rawDir === null ? null : { is: 'new' }, shards: { is: 'new' } }
  const status = await componentStatus(component, options)
  if (status.shards.is === 'outdated') await refuseForeignNext(component.outputDir)
  if (status.shards.is === 'new' && status.shards.why === undefined && options.overwrite !== true) await refuseShards(component.outputDir)
  return status
}

/** What a manifest and a tokenizer are to one another; what `run` begins with too. */
export interface MixtureJob {
  readonly manifest: Manifest
  readonly tokenizerPath: string
  readonly tokenizer: Tokenizer
}

/** Reads a manifest, and loads the tokenizer that it asks for. @throws SluiceError `ERR_MANIFEST`, `ERR_TOKENIZER`, `ERR_CHECKSUM` */
export async function loadMixture (manifestPath: string, asked: string | undefined, loaded?: Tokenizer, finding: FindOptions = {}): Promise<MixtureJob> {
  return await loadTokenizerOf(await readMixture(manifestPath, finding), asked, loaded)
}

async function loadTokenizerOf (manifest: Manifest, asked: string | undefined, loaded?: Tokenizer): Promise<MixtureJob> {
  const tokenizerPath = asked ?? manifest.tokenizerPath
  if (tokenizerPath === null) throw new SluiceError('ERR_MANIFEST', `${manifest.path}:1:1: the manifest names no tokenizer_output_dir; name one, or the model by --tokenizer-path`)
  if (loaded === undefined && asked === undefined && !existsSync(tokenizerPath)) throw new SluiceError('ERR_TOKENIZER', `${tokenizerPath}: no such file, expected a SentencePiece .model file; train-tokenizer --manifest ${manifest.path} trains it, and so does run`)
  const tokenizer = loaded ?? await loadTokenizer(tokenizerPath)
  checkHash(manifest, tokenizer, tokenizerPath)
  return { manifest, tokenizerPath, tokenizer }
}

/** Looks at all files that a mixture writes. @throws SluiceError `ERR_OPTION` for one that would be written twice or lies in the way of a shard, `ERR_OUTPUT_EXISTS` for one that is an input, or would replace a file of another kind */
export async function checkPlaces ({ manifest: { path, datasets }, tokenizerPath }: { readonly manifest: Manifest, readonly tokenizerPath: string | null }, logFile: string): Promise<void> {
  const modules = datasets.flatMap(({ filters }) => filters.flatMap(({ module, model }) => [module, model].flatMap(file => file === undefined ? [] : [file.path])))
  await checkOutputs([logFile, ...datasets.flatMap(filesOf)], [path, ...(tokenizerPath === null ? [] : [tokenizerPath]), ...datasets.map(({ dataFiles }) => dataFiles), ...modules], {
    shards: datasets.map(({ outputDir }) => outputDir),
    shared: datasets.flatMap(sharedFilesOf)
  })
  await refuseForeign(logFile, STATS)
  for (const component of datasets) await refuseForeignIn(component)
}

/** Where the stats go. */
export function statsPathOf (manifest: Manifest, asked: string | undefined): string {
  return asked ?? manifest.stats ?? 'data/mixtures/mixture_stats.json'
}

/** Stats with the dates of those before them, for components that were kept as they are. */
async function withVerifiedDates (path: string, kept: ReadonlySet<string>, stats: MixtureStats): Promise<MixtureStats> {
  const before = await readDates(path)
  const dates = new Map(before?.stats.map(component => [shardsOf(component), component.verified_at_utc]))
  const dated = stats.stats.map(component => {
    const date = kept.has(component.name) ? dates.get(shardsOf(component)) : undefined
    return date === undefined ? component : { ...component, verified_at_utc: date }
  })
  const areAll = stats.failed.length === 0 && dated.every(component => component.verified_at_utc !== undefined)
  return { ...stats, stats: dated, ...(areAll && before?.verified_at_utc !== undefined && { verified_at_utc: before.verified_at_utc }) }
}

/** What of a stats file tells when its shards were verified. */
const datedStats = z.object({
  verified_at_utc: z.string().optional(),
  stats: z.array(z.object({ output_dir: z.string(), shard_files: z.array(z.object({ file: z.string(), sha256: z.string() })), verified_at_utc: z.string().optional() }))
})

/** Null where there is no such file, or it is another. */
export async function readDates (path: string): Promise<z.output<typeof datedStats> | null> {
  const text = await readOwn(path).catch(() => null) ?? ''
  return datedStats.safeParse(parseJson(text)).data ?? null
}

/** What tells the shards of one component from those of another, and from others of its own. */
function shardsOf ({ output_dir: folder, shard_files: files }: z.output<typeof datedStats>['stats'][number] | ComponentStats): string {
  return JSON.stringify([folder, files.map(({ file, sha256 }) => [file, sha256])])
}

function checkHash ({ path, tokenizer: { sha256 } }: Manifest, tokenizer: Tokenizer, tokenizerPath: string): void {
  if (sha256 !== null && sha256.toLowerCase() !== tokenizer.sha256) {
    throw new SluiceError('ERR_CHECKSUM', `${tokenizerPath}: has SHA-256 ${tokenizer.sha256}, expected ${sha256.toLowerCase()} (tokenizer.sha256 in ${path})`)
  }
}

/** A mixture that was processed, for people: what was kept and dropped, and where everything is. */
export function mixtureText ({ stats, stats_path: path, run_record: record }: Pick<MixtureResult, 'stats' | 'stats_path'> & Partial<MixtureResult>): string {
  return [...(stats.length === 0 ? [] : [componentTable(stats), '']), `Stats: ${path}`, ...(record === undefined ? [] : [`Record of the run: ${record}`])].join('\n')
}
