import { z } from 'zod'
import { SluiceError, allInOrder } from '../../lib/errors.ts'
import { count, parseOptions, path, positive } from '../../lib/options.ts'
import { writeOwn } from '../../lib/output/own-file.ts'
import type { RunOptions } from '../flow/flow.ts'
import { checkOutputs } from '../jobs/places.ts'
import { readManifest } from '../manifest/read.ts'
import type { Manifest } from '../manifest/schema.ts'
import { statsPathOf } from '../mixture/mixture.ts'
import { knownStages } from '../stages.ts'
import { type TrainingData, componentSources, trainingData } from './config-data.ts'
import { checkedPlaceOf } from './config-exported.ts'
import { type ConfigData, type Trainer, configData } from './config-trainer.ts'

const NAMES = ['nested-learning', 'olmo-core', 'megatron', 'nanotron', 'torchtitan'] as const
const trainers: Readonly<Record<typeof NAMES[number], () => Promise<Trainer>>> = {
  'nested-learning': async () => (await import('./config-nested-learning.ts')).nestedLearning,
  'olmo-core': async () => (await import('./config-olmo-core.ts')).olmoCore,
  megatron: async () => (await import('./config-megatron.ts')).megatron,
  nanotron: async () => (await import('./config-nanotron.ts')).nanotron,
  torchtitan: async () => (await import('./config-torchtitan.ts')).torchtitan
}

const SEGMENTS_HELP = 'file for the segments of continual learning, the components by the dates in their names or in ' +
  'the manifest\'s order; only for nested-learning'

export const exportConfigOptions = z.strictObject({
  for: z.enum(NAMES).describe('the trainer'),
  output: path.optional().describe('file to write; an earlier one is replaced (default: standard output)'),
  segments: path.optional().describe(SEGMENTS_HELP),
  batchSize: positive.default(16).describe('sequences in a batch'),
  numWorkers: count.max(1024).default(4).describe('processes or threads that load data'),
  seed: z.int().min(0).max(2 ** 32 - 1).optional().describe('seed of the trainer\'s loader (default: the mixture\'s)'),
  stats: path.optional().describe('stats file of the run that made the shards (default: the one of the manifest)')
}).describe('shards of a manifest -> the configuration of a trainer that reads them')

/** The configuration of a trainer. */
export interface ExportedConfig {
  readonly trainer: typeof NAMES[number]
  /** Where it was written; null if it wasn't. */
  readonly output: string | null
  readonly segments: string | null
  /** The content of the file. */
  readonly config: string
  /** Commands that make the shards in the format that the trainer reads; none if they are there. */
  readonly commands: readonly string[]
  /** What the configuration can't express, and how it is used. */
  readonly notes: readonly string[]
}

type Options = z.output<typeof exportConfigOptions>

/**
 * Writes the part of a trainer's configuration that names its data: the training set that `mix` made, if it is up to
 * date, or the shards of the components, weighted by their shares of the tokens.
 *
 * @throws SluiceError `ERR_MANIFEST`, `ERR_OPTION`; `ERR_STATS` when there are no shards; `ERR_VERIFY` when shards were
 *   not verified, or have changed since; `ERR_FILES` when the configuration would list files that aren't there yet, or
 *   the shards that it names were exported from other ones; `ERR_OUTPUT_EXISTS`, `ERR_OUTPUT`
 */
export async function exportConfig (
  manifestPath: string, options: z.input<typeof exportConfigOptions>, run: RunOptions = {}
): Promise<ExportedConfig> {
  return await exportConfigParsed(manifestPath, parseOptions('export-config', exportConfigOptions, options), run)
}

/** Like `exportConfig`, with parsed options. */
export async function exportConfigParsed (
  manifestPath: string, options: Options, run: RunOptions
): Promise<ExportedConfig> {
  const { for: name, output, segments } = options
  if (segments !== undefined && name !== 'nested-learning') {
    throw new SluiceError('ERR_OPTION', 'export-config: segments: only nested-learning reads them')
  }
  const manifest = await readManifest(manifestPath, knownStages)
  const trainer = await trainers[name]()
  const data = await dataFor(await trainingData(manifest, options.stats), trainer)
  const settings = { ...options, seed: options.seed ?? data.seed }
  const config = await trainer.write(data, settings)
  const segmentList = segments === undefined ? '' : await segmentsOf(manifest, options)
  const outputs = [output, segments].filter(path => path !== undefined)
  const shards = data.sources.map(({ folder }) => folder)
  checkOutputs(outputs, [manifestPath, statsPathOf(manifest, options.stats)], { shards })
  if (output !== undefined) await writeOwn(output, config, trainer.kind)
  if (segments !== undefined) await writeOwn(segments, segmentList, trainer.kind)
  const notes = [...data.notes, ...trainer.notes(data, settings)]
  for (const command of data.commands) run.tell?.(`export-config: make the shards for ${name}: ${command}`)
  for (const note of notes) run.tell?.(`export-config: ${note}`)
  return {
    trainer: name, output: output ?? null, segments: segments ?? null, config, commands: data.commands, notes
  }
}

/** What the configuration is written from. @throws SluiceError as `checkedPlaceOf` */
async function dataFor (data: TrainingData, { format }: Trainer): Promise<ConfigData> {
  const all = [...data.sources, ...data.validation === null ? [] : [data.validation]]
  const places = await allInOrder(all.map(source => checkedPlaceOf(source, format)))
  const notes = places.flatMap(({ note }) => note ?? [])
  return configData({ ...data, notes: [...data.notes, ...notes] }, format, places)
}

async function segmentsOf (manifest: Manifest, { stats }: Options): Promise<string> {
  const { segmentsText } = await import('./config-nested-learning.ts')
  const names = manifest.datasets.map(({ name }) => name)
  return segmentsText(manifest.path, await componentSources(manifest.path, names, statsPathOf(manifest, stats)))
}

/** The configuration, or where it was written. */
export function exportConfigText ({ trainer, output, config }: ExportedConfig): string {
  return output === null ? config.trimEnd() : `wrote the configuration of ${trainer} to ${output}`
}
