import { join } from 'node:path'
import { z } from 'zod'
import { SluiceError } from '../../../lib/errors.ts'
import { Sides } from '../../../lib/mix/sides.ts'
import { parseOptions, snakeCase } from '../../../lib/options.ts'
import { writeOwn } from '../../../lib/output/own-file.ts'
import { formatNames } from '../../../lib/shards/formats/format.ts'
import { isFlat } from '../../../lib/shards/formats/formats.ts'
import { STATS } from '../../../lib/shards/stats.ts'
import { refuseShards, removeShards } from '../../../lib/shards/shard-folder.ts'
import { verifyShards } from '../../../lib/verify/shards.ts'
import { number } from '../../../lib/text/numbers.ts'
import { checkpointIn } from '../../components/paths.ts'
import { shardSettings } from '../../components/shard-output.ts'
import type { RunOptions } from '../../flow/flow.ts'
import { resumeOptions, verifyOption } from '../../jobs/checkpoints.ts'
import {
  type Check, type Job, type JobOptions, type JobPlan, type JobStatus, runJob, statusOf, workingFiles
} from '../../jobs/job.ts'
import { checkOutputs, realPlace } from '../../jobs/places.ts'
import { readManifest } from '../../manifest/read.ts'
import type { Manifest } from '../../manifest/schema.ts'
import { formatMisfit, isClash } from '../../manifest/mix-check.ts'
import { type MixSettings, shuffleOf } from '../../manifest/mix-schema.ts'
import { knownStages } from '../../stages.ts'
import { statsPathOf } from '../mixture.ts'
import { withVerifiedDates } from '../stats.ts'
import { type DrawnSource, draw } from './draw.ts'
import { MixMaker } from './make.ts'
import { type MixSource, checkBytes, findSources } from './sources.ts'
import { type MixShape, checkFilled, shapeOf } from './shape.ts'
import { type MixStats, mixNotes, mixStats } from './stats.ts'

const STATS_HELP = 'stats file of the run that made the shards (default: the one of the manifest)'

export const mixOptions = z.strictObject({
  stats: z.string().min(1).optional().describe(STATS_HELP),
  format: z.enum(formatNames).optional().describe('format of the shards (default: that of the manifest\'s mixture)'),
  overwrite: z.boolean().default(false).describe('delete the shards of another run in the output folder'),
  verify: verifyOption,
  ...resumeOptions
}).describe('shards of a manifest -> a training set: shares in tokens, shuffled, with a validation side')

/**
 * Draws documents from the shards of a manifest's components, by shares of tokens, and packs them anew, as the
 * manifest's `mixture` says: a training set in `train`, and the documents of the validation side in `validation`, in
 * its `output_dir`, with `stats.json`, which `verify` reads. Resumes from the last checkpoint, or starts over if shards
 * or settings have changed; what is finished and up to date is skipped.
 *
 * @returns the stats, which are also written
 * @throws SluiceError `ERR_MANIFEST`, `ERR_STATS`, `ERR_OPTION`, `ERR_VERIFY`, `ERR_OUTPUT_EXISTS` before anything is
 *   written; `ERR_CHECKPOINT`, `ERR_SHARD`, `ERR_OUTPUT`, `ERR_LOCKED`, `ERR_ABORTED`
 */
export async function mix (
  manifestPath: string, options: z.input<typeof mixOptions> = {}, run: RunOptions = {}
): Promise<MixStats> {
  return await mixParsed(manifestPath, parseOptions('mix', mixOptions, options), run)
}

/** Like `mix`, with parsed options. */
export async function mixParsed (
  manifestPath: string, options: z.output<typeof mixOptions>, run: RunOptions
): Promise<MixStats> {
  return await mixManifest(await readManifest(manifestPath, knownStages), options, run)
}

/** The parts of a manifest that `mix` reads. */
export type MixManifest = Pick<Manifest, 'path' | 'sha256' | 'name' | 'stats' | 'mixture'> & {
  readonly datasets: ReadonlyArray<{ readonly name: string }>
}

/** A manifest with a mixture, and what it is made of. */
interface Mixing extends MixShape {
  readonly manifest: MixManifest
  readonly settings: MixSettings
  readonly sources: readonly MixSource[]
  /** The stats file of the run that made the sources' shards. */
  readonly statsPath: string
}

/** Like `mix`, of a manifest that has been read. */
export async function mixManifest (
  manifest: MixManifest, options: z.output<typeof mixOptions>, run: RunOptions & Pick<JobOptions, 'onStatus'>
): Promise<MixStats> {
  const { path, mixture } = manifest
  if (mixture === null) {
    const example = 'mixture: { tokens: 10B, output_dir: data/mixture }'
    throw new SluiceError('ERR_MANIFEST', `${path}:1:1: has no mixture to make, expected ${example}`)
  }
  const settings: MixSettings = { ...mixture, format: options.format ?? mixture.format }
  const statsPath = statsPathOf(manifest, options.stats)
  const mixing = await findMixing(manifest, settings, statsPath)
  checkPlaces(mixing)
  const progress = { state: 'looks for an earlier run' }
  const done = run.watchWork?.({ name: 'mix', state: () => progress.state })
  try {
    return await drawAndMake(mixing, { ...options, ...run, progress })
  } finally {
    done?.()
  }
}

interface Making extends RunOptions, z.output<typeof mixOptions>, Pick<JobOptions, 'onStatus'> {
  /** What a progress line shows. */
  readonly progress: { state: string }
}

/** All output of an unfinished mixture is its own, and made from shards that are still there. */
const STARTS_OVER = { startsOver: true } as const

async function drawAndMake (mixing: Mixing, options: Making): Promise<MixStats> {
  const { settings, sources } = mixing
  const { progress } = options
  // To draw documents takes long, so a finished mixture is found first; otherwise it comes before anything is written.
  const { is } = options.restart ? { is: 'new' } : await statusOf(planOf(mixing), checkOf(settings, {}), STARTS_OVER)
  let drawing = is === 'finished' ? null : await drawFor(mixing, options)
  let kept: readonly string[] = []
  const onStatus = (status: JobStatus): void => {
    if (status.is === 'finished') kept = ['train', 'validation']
    options.onStatus?.(status)
  }
  const running = { ...options, ...STARTS_OVER, onStatus }
  const made = await runJob(planOf(mixing), running, checkOf(settings, options), async job => {
    drawing ??= await drawFor(mixing, options) // its shards are damaged, which only their hashes show
    if (job.flow === null) {
      progress.state = 'checks the shards of the sources'
      await checkBytes(sources, mixing.statsPath, options.signal)
    }
    if (job.begins && !options.overwrite) for (const folder of foldersOf(settings)) await refuseShards(folder)
    // An earlier checkpoint must not describe the files that are written from now on.
    if (job.flow === null) await job.begin()
    return await makeMix(mixing, drawing, job, options)
  })
  const stats = await withVerifiedDates(statsFileOf(settings), new Set(kept), made)
  await writeOwn(statsFileOf(settings), JSON.stringify(stats, null, 2) + '\n', STATS)
  for (const note of mixNotes(stats)) options.tell?.(`warning: mix: ${note}`)
  return stats
}

/**
 * The status of a manifest's mixture.
 *
 * @param statsPath the stats file of the run that made the components' shards
 * @param checking whether its shards are hashed
 * @throws SluiceError as `mix`, before anything is written
 */
export async function statusOfMix (
  manifest: MixManifest, settings: MixSettings, statsPath: string, checking: Checking = {}
): Promise<JobStatus> {
  const mixing = await findMixing(manifest, settings, statsPath)
  return await statusOf(planOf(mixing), checkOf(settings, checking), STARTS_OVER)
}

/** @throws SluiceError as `mix`, before anything is written */
async function findMixing (manifest: MixManifest, settings: MixSettings, statsPath: string): Promise<Mixing> {
  const mismatch = formatMisfit(settings)
  if (mismatch !== null) throw new SluiceError('ERR_OPTION', `mixture.${mismatch.key}: ${mismatch.message}`)
  const sources = await findSources(manifest, settings, statsPath)
  return { manifest, settings, sources, statsPath, ...await shapeOf(settings, sources[0]!.stats) }
}

interface Drawn {
  readonly drawn: readonly DrawnSource[]
  readonly sides: Sides
}

/** Chooses the documents of a mixture. @throws SluiceError as `draw` and `checkFilled` */
async function drawFor ({ settings, sources, packing }: Mixing, { progress, signal }: Making): Promise<Drawn> {
  progress.state = 'chooses documents'
  const sides = new Sides(settings.validation?.share ?? 0)
  const drawn = await draw(sources, settings, sides, signal)
  checkFilled(settings, packing, drawn)
  return { drawn, sides }
}

async function makeMix (
  { manifest, settings, packing, choice }: Mixing, { drawn, sides }: Drawn, job: Job, making: Making
): Promise<MixStats> {
  const { checkpointEvery: every, signal, progress } = making
  const items = isFlat(choice.format) ? 'documents' : 'sequences'
  const onProgress = (read: number, written: number): void => {
    progress.state = `${number(read)} documents read, ${number(written)} ${items} written`
  }
  const maker = new MixMaker(drawn, { settings, packing, choice, sides, job, every, signal, onProgress })
  const made = await maker.make()
  // Those of an earlier mixture may have documents of this one's training side.
  if (made.validation === null) await removeShards(join(settings.outputDir, 'validation'))
  const stats = mixStats({ manifest, settings, drawn, made, packing, choice, seconds: job.seconds })
  await job.finish(stats, [])
  await maker.clear()
  return stats
}

/** The stats file of a mixture. */
export function statsFileOf ({ outputDir }: MixSettings): string {
  return join(outputDir, 'stats.json')
}

function foldersOf ({ outputDir }: MixSettings): string[] {
  return ['train', 'validation'].map(side => join(outputDir, side))
}

function planOf ({ manifest: { name }, settings, sources, choice }: Mixing): JobPlan {
  const { outputDir, shuffleMemory: _, tokensPerShard: __, ...own } = settings
  const [{ stats: first }] = sources as readonly [MixSource]
  return {
    name: 'mix',
    path: checkpointIn(outputDir),
    settings: JSON.parse(JSON.stringify({
      name: 'mix',
      mixture: name,
      ...Object.fromEntries(Object.entries(own).map(([key, value]) => [snakeCase(key), value])),
      shuffle: shuffleOf(settings),
      ...shardSettings(choice, { vocabSize: first.vocab_size }),
      tokenizer_sha256: first.tokenizer_sha256,
      shards: sources.map(({ stats: { name, shard_files: files } }) => [name, ...files.map(({ sha256 }) => sha256)])
    })) as Record<string, unknown>,
    inputs: sources.flatMap(({ shards, documents }) =>
      [...shards.map(({ path }) => path), ...documents].map(path => ({ path, size: null })))
  }
}

/** @throws SluiceError `ERR_OPTION` or `ERR_OUTPUT_EXISTS` when the output is in an input, or an input in the output */
function checkPlaces ({ manifest, settings, sources, statsPath }: Mixing): void {
  const outputs = [statsFileOf(settings), ...workingFiles(checkpointIn(settings.outputDir), [])]
  const folders = sources.map(({ stats }) => stats.output_dir)
  checkOutputs(outputs, [manifest.path, statsPath], { shards: [...folders, ...foldersOf(settings)] })
  const place = realPlace(settings.outputDir)
  for (const folder of folders) {
    if (!isClash(place, realPlace(folder))) continue
    throw new SluiceError('ERR_OPTION', `mixture.output_dir: ${settings.outputDir}: the shards in ${folder} are read ` +
      'for it; name another folder')
  }
}

/** How the shards of a finished mixture are checked. */
interface Checking extends Pick<RunOptions, 'signal'> {
  /** Whether they are hashed. @default false */
  readonly verify?: boolean
}

/** Checks the shards of a finished mixture. */
function checkOf (settings: MixSettings, { verify = false, signal }: Checking): Check {
  return async result => {
    const { stats } = result as MixStats
    const findings = []
    for (const side of stats) {
      findings.push(...await verifyShards(side, { statsPath: statsFileOf(settings), quick: !verify, signal }))
    }
    return findings.map(({ file, found, expected }) => `${file}: ${found}, expected ${expected}`)
  }
}
