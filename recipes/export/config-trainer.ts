import { join } from 'node:path'
import { SluiceError } from '../../lib/errors.ts'
import type { OwnKind } from '../../lib/output/own-file.ts'
import type { FormatName } from '../../lib/shards/formats/format.ts'
import { defaultDtype, isFlat } from '../../lib/shards/formats/formats.ts'
import type { Dtype } from '../../lib/shards/npy.ts'
import { shellWord } from '../../lib/text/shell-word.ts'
import type { DataSource, TrainingData } from './config-data.ts'

/** What a user sets of a trainer's configuration. */
export interface ConfigSettings {
  readonly batchSize: number
  readonly numWorkers: number
  readonly seed: number
}

/** Shards of the format that a trainer reads. */
export interface Place {
  readonly folder: string
  /** The command that makes them; null if they are there. */
  readonly command: string | null
  /** The type of their ids; null if they aren't there, or have no stats. */
  readonly dtype: Dtype | null
}

/** A source, where the trainer reads it, and its weight. */
export interface WeightedSource extends DataSource {
  readonly folder: string
  readonly dtype: Dtype | null
  /** The weights of all sources sum to 1. */
  readonly weight: number
}

/** What a configuration is written from. */
export interface ConfigData extends Omit<TrainingData, 'sources' | 'validation'> {
  readonly sources: readonly WeightedSource[]
  readonly validation: WeightedSource | null
  /** Ids in a sequence. */
  readonly seqLen: number
  /** Sequences to train on, before they repeat. */
  readonly samples: number
  /** Tokens to train on. */
  readonly tokens: number
  /** Commands that make the shards. */
  readonly commands: readonly string[]
}

/** A program that trains, and how its configuration is written. */
export interface Trainer {
  /** The format that it reads. */
  readonly format: FormatName
  /** How the file is recognized before it is replaced. */
  readonly kind: OwnKind
  /** What a user should know about this trainer. */
  readonly notes: (data: ConfigData, settings: ConfigSettings) => readonly string[]
  /** @throws SluiceError `ERR_STATS` or `ERR_FILES` when something is missing that the configuration states */
  readonly write: (data: ConfigData, settings: ConfigSettings) => string | Promise<string>
}

/**
 * Where shards of a format are, or the command that makes them.
 *
 * @throws SluiceError `ERR_OPTION` when they are in a third format
 */
export function placeOf ({ name, stats, export: { from, output, folder } }: DataSource, format: FormatName): Place {
  const { format: made = 'npy', output_dir: own } = stats
  if (made === format) return { folder: own, command: null, dtype: stats.dtype }
  if (made !== 'npy') {
    throw new SluiceError('ERR_OPTION', `export-config: the shards of ${name} are in format ${made}, expected ` +
      `${format === 'npy' ? 'npy' : `npy or ${format}`}; make them again with format: ${format}`)
  }
  const to = `${output}-${format}`
  return {
    folder: folder === null ? to : join(to, folder),
    command: `sluice export ${shellWord(from)} --format ${format} --output ${shellWord(to)}`,
    dtype: null
  }
}

/**
 * The type of the ids in all shards. For shards that aren't there yet, it is the one that `export` takes by default.
 *
 * @throws SluiceError `ERR_STATS` when it isn't the same in all of them
 */
export function idTypeOf ({ sources, validation }: ConfigData, format: FormatName): Dtype {
  const typeOf = ({ dtype, stats }: WeightedSource): Dtype => dtype ?? defaultDtype(format, stats.vocab_size)
  const all = validation === null ? sources : [...sources, validation]
  const type = typeOf(all[0]!)
  const other = all.find(source => typeOf(source) !== type)
  if (other === undefined) return type
  throw new SluiceError('ERR_STATS', `export-config: the shards of ${other.name} in ${other.folder} have ids of type ` +
    `${typeOf(other)}, and those of ${all[0]!.name} of type ${type}; export them again with the same --dtype`)
}

/**
 * What a configuration for shards of a format is written from.
 *
 * @param places where the shards of each source are, and at the end those of the validation side, if there is one
 */
export function configData (data: TrainingData, format: FormatName, places: readonly Place[]): ConfigData {
  const { sources, validation } = data
  const isRows = !isFlat(format)
  // Loaders of rows draw rows, which have fewer tokens where they are padded.
  const amountOf = ({ tokens, epochs, stats }: DataSource): number => isRows ? epochs * stats.sequences : tokens
  const total = sources.reduce((sum, source) => sum + amountOf(source), 0)
  const tokens = sources.reduce((sum, source) => sum + source.tokens, 0)
  const seqLen = sources[0]!.stats.seq_len
  return {
    ...data,
    sources: sources.map((source, i) => ({ ...source, ...places[i]!, weight: amountOf(source) / total })),
    validation: validation === null ? null : { ...validation, ...places.at(-1)!, weight: 1 },
    seqLen,
    samples: Math.round(isRows ? total : tokens / seqLen),
    tokens,
    commands: [...new Set(places.flatMap(({ command }) => command ?? []))]
  }
}

/** A weight to eight digits, as floating-point noise only hides what it is. */
export function rounded (weight: number): number {
  return Number(weight.toFixed(8))
}

/** The first words of a file that `export-config` writes. */
export const WRITTEN = 'Written by sluice export-config'

/** What the comment at the beginning of a configuration says. */
export function head ({ manifest, notes, commands }: ConfigData, trainer: string, more: readonly string[]): string {
  const makes = commands.length === 0 ? [] : ['The shards are made by', ...commands.map(command => `  ${command}`)]
  const lines = [`${WRITTEN} for ${trainer}, of ${manifest}.`, ...makes, ...notes, ...more]
  return lines.map(line => `# ${line}\n`).join('')
}
