import { existsSync } from 'node:fs'
import { SluiceError } from '../../lib/errors.ts'
import { quotasOf } from '../../lib/mix/shares.ts'
import { type ShardedStats, type StatsFile, readStats } from '../../lib/shards/stats.ts'
import { verifyShards } from '../../lib/verify/shards.ts'
import type { Manifest } from '../manifest/schema.ts'
import { statsFileOf, statusOfMix } from '../mixture/mix/mix.ts'
import { checkSame } from '../mixture/mix/sources.ts'
import { statsPathOf } from '../mixture/mixture.ts'
import { inFolder } from '../versions/paths.ts'
import { versionAround } from '../versions/store.ts'

/** Shards that a trainer reads, and how much of them. */
export interface DataSource {
  readonly name: string
  readonly stats: ShardedStats
  /** Tokens in the shards, without padding. */
  readonly available: number
  /** Tokens to train on: those in the shards as often as they are read. */
  readonly tokens: number
  /** How often each document is read. */
  readonly epochs: number
  readonly maxEpochs: number | null
  /** What `sluice export` reads, where it writes, without the format at the end, and the folder of the source there. */
  readonly export: { readonly from: string, readonly output: string, readonly folder: string | null }
}

/** What a manifest's training set is read from. */
export interface TrainingData {
  readonly manifest: string
  readonly seed: number
  /** The training side of a mixture that was made, or the shards of components. */
  readonly sources: readonly DataSource[]
  /** The validation side of a mixture that was made, if it has one. */
  readonly validation: DataSource | null
  /** Whether `mix` made it. */
  readonly isMixed: boolean
  /** What a user should know about it. */
  readonly notes: readonly string[]
}

/**
 * Finds what to train on: the mixture, if it is made and up to date, else the shards of the components. With the stats
 * of a version, the mixture is that of the version.
 *
 * @param asked another stats file of the components than the manifest's
 * @throws SluiceError `ERR_STATS` when shards are missing or can't be mixed, `ERR_VERIFY` when they weren't verified or
 *   have changed, `ERR_OPTION` when the sources don't give the tokens
 */
export async function trainingData (manifest: Manifest, asked: string | undefined): Promise<TrainingData> {
  const statsPath = statsPathOf(manifest, asked)
  const version = await versionAround(statsPath)
  const made = version === null ? manifest : inFolder(manifest, version)
  const { mixture: settings } = made
  const advice = version === null ? `sluice mix ${manifest.path}` : `sluice run ${manifest.path} --if-changed`
  const components: Components = { manifest: made, statsPath, advice, notes: [] }
  if (settings === null || !existsSync(statsFileOf(settings))) return await ofComponents(components)
  // mix --format may have made it in another format than the manifest's.
  const { components: [training] } = await readStats(statsFileOf(settings))
  const status = await statusOfMix(made, { ...settings, format: training?.format ?? 'npy' }, statsPath)
  if (status.is === 'finished') return await ofMixture(made, statsFileOf(settings))
  const why = 'why' in status ? ` (${status.why})` : ''
  return await ofComponents({
    ...components,
    notes: [
      `The mixture in ${settings.outputDir} is not up to date${why}, so this is for the shards of its components. ` +
        `${advice} makes it again.`
    ]
  })
}

/** The components of a manifest, whose shards take the place of a mixture. */
interface Components {
  readonly manifest: Manifest
  readonly statsPath: string
  /** The command that makes the mixture. */
  readonly advice: string
  readonly notes: readonly string[]
}

async function ofMixture ({ path, mixture: settings }: Manifest, statsPath: string): Promise<TrainingData> {
  const { seed, outputDir } = settings!
  const stats = await readStats(statsPath)
  const { components } = stats
  for (const side of components) await checkVerified(stats, side)
  const [training, validation] = components.map((side): DataSource => ({
    ...wholeOf(side),
    export: { from: statsPath, output: outputDir, folder: components.length === 1 ? null : side.name }
  }))
  // A side without shards has no folder that a trainer could read, and isn't exported.
  return {
    manifest: path, seed, sources: [training!], validation: validation ?? null, isMixed: true, notes: []
  }
}

async function ofComponents (
  { manifest: { path, mixture: settings, datasets }, statsPath, advice, notes }: Components
): Promise<TrainingData> {
  const requested = settings?.sources ?? null
  const names = requested === null
    ? datasets.map(({ name }) => name)
    : Object.entries(requested).flatMap(([name, { share }]) => share > 0 ? [name] : [])
  const whole = await componentSources(path, names, statsPath)
  const quotas = quotasOf(whole.map(({ name, available }) => {
    const { share = null, max_epochs: maxEpochs = null } = requested?.[name] ?? {}
    return { name, share, maxEpochs, tokens: available }
  }), settings?.tokens === undefined ? { epochs: settings?.epochs ?? 1 } : { tokens: settings.tokens })
  const sources = whole.map((source, i) => {
    const { tokens, epochs } = quotas[i]!
    return { ...source, tokens, epochs, maxEpochs: requested?.[source.name]?.max_epochs ?? null }
  })
  const held = settings === null || settings.validation === null
    ? []
    : [`Documents of the validation side are in these shards, too. ${advice} makes a set without them.`]
  const seed = settings?.seed ?? 42
  return { manifest: path, seed, sources, validation: null, isMixed: false, notes: [...notes, ...held] }
}

/** The shards of components. @throws SluiceError as `trainingData` */
export async function componentSources (
  manifest: string, names: readonly string[], statsPath: string
): Promise<DataSource[]> {
  const stats = await readStats(statsPath)
  const components = names.map(name => componentOf(stats, name, manifest))
  checkSame(components, statsPath)
  for (const component of components) await checkVerified(stats, component)
  return components.map(wholeOf)
}

/** A source whose documents are all read once. */
function wholeOf (stats: ShardedStats): DataSource {
  const { name, output_dir: folder, tokens, tail_tokens: tail } = stats
  const available = tokens - tail
  return {
    name,
    stats,
    available,
    tokens: available,
    epochs: 1,
    maxEpochs: null,
    export: { from: folder, output: folder, folder: null }
  }
}

/** @throws SluiceError `ERR_STATS` when a component has no shards */
function componentOf ({ path, components, failed }: StatsFile, name: string, manifest: string): ShardedStats {
  const component = components.find(component => component.name === name)
  if (component !== undefined && component.shards > 0) return component
  const why = component !== undefined ? 'has no shards' : failed.includes(name) ? 'failed' : 'is not in it'
  throw new SluiceError('ERR_STATS', `${path}: component ${name} ${why}; run sluice process-mixture ${manifest} first`)
}

/** @throws SluiceError `ERR_VERIFY` unless `verify` found a component good, and its files are as they were then */
async function checkVerified ({ path }: StatsFile, component: ShardedStats): Promise<void> {
  const { name, verified_at_utc: verified } = component
  if (verified === undefined) {
    throw new SluiceError('ERR_VERIFY', `${path}: the shards of ${name} have not been verified; ` +
      `run sluice verify ${path} first`)
  }
  const [finding] = await verifyShards(component, { statsPath: path, quick: true })
  if (finding === undefined) return
  const { file, found, expected } = finding
  throw new SluiceError('ERR_VERIFY', `${file}: ${found}, expected ${expected}; run sluice verify ${path}`)
}
