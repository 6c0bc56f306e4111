import { z } from 'zod'
import { SluiceError } from '../errors.ts'
import { sha256 } from '../hash.ts'
import { readJsonFile } from '../input/json-file.ts'
import { fileInfo, formatNames, formatShard } from './formats/format.ts'
import { isShardFile } from './names.ts'
import { dtypes } from './npy.ts'
import { validateOptions, count, positive, sha256Hex } from '../options.ts'
import { packings } from '../packing/packing.ts'
import { type OwnKind, jsonKind } from '../output/own-file.ts'
import { shardInfo } from './writer.ts'

/** The entry of a shard in any format. */
const anyShard = shardInfo.extend({
  file: z.string().refine(isShardFile, 'expected the name of a shard, such as shard_00000.npy'),
  ...formatShard.pick({ sequences: true, tokens: true, ended: true, index: true }).shape
})
/** The entry of a shard in any format. */
export type AnyShard = Readonly<z.output<typeof anyShard>>

/** The stats of a component's shards; other keys of the stats file are ignored. */
export const shardedStats = z.object({
  name: z.string(),
  dataset: z.string().nullish(),
  subset: z.string().nullish(),
  /** `npy` where it is absent. */
  format: z.enum(formatNames).optional(),
  license: z.string().nullish(),
  sequences: count,
  /** Ids of all documents, including EOS ids and the tail. */
  tokens: count,
  /** Ids that filled no sequence, and are in no shard. */
  tail_tokens: count,
  shards: count,
  output_dir: z.string().min(1),
  /** How documents are laid into sequences; `concat` where it is absent. */
  packing: z.enum(packings).optional(),
  /** Where sequences are in random order: a document that the end of a row cuts doesn't continue in the next one. */
  order: z.literal('shuffled').optional(),
  /** The id of padding. */
  pad_id: count.optional(),
  /** Ids of padding in the shards, which `tokens` doesn't count; none where it is absent. */
  padding_tokens: count.optional(),
  /** Of shards that `export` has made: a SHA-256 over those of the shards that were exported. */
  exported_from: sha256Hex.optional(),
  /** Documents of a flat format that don't end with the EOS id, as they were cut; none where it is absent. */
  cut_documents: count.optional(),
  seq_len: positive,
  dtype: z.enum(dtypes),
  vocab_size: positive,
  /** Ends each document. */
  eos_id: count.optional(),
  tokenizer_sha256: sha256Hex,
  tokenizer_path: z.string().optional(),
  /** When `verify` found no difference; absent if it hasn't since the shards were made. */
  verified_at_utc: z.string().optional(),
  shard_files: z.array(anyShard).readonly(),
  /** The file that lists the shards, in a format that has one. */
  index: fileInfo.optional()
})
export type ShardedStats = Readonly<z.output<typeof shardedStats>>

/** How a stats file, of a mixture or of one dataset, is recognized before it is replaced. */
export const STATS: OwnKind = {
  ...jsonKind('the stats of a run'),
  isOwn: content => [['manifest', 'stats'], ['name', 'output_dir']].some(keys => jsonKind('', ...keys).isOwn(content))
}

/** The content of a stats file. */
export interface StatsFile {
  readonly path: string
  readonly text: string
  readonly sha256: string
  /** Whether the stats are those of a mixture, not of one dataset. */
  readonly isMixture: boolean
  readonly components: readonly ShardedStats[]
  /** Names of the mixture's components that failed; they have no shards. */
  readonly failed: readonly string[]
}

const mixtureStats = z.object({
  stats: z.array(shardedStats),
  failed: z.array(z.object({ name: z.string() })).default([])
})

/** The maximum number of listed mistakes. A file of another kind has one in every key. */
const MAX_MISTAKES = 20

/**
 * Reads a stats file. That of a mixture is `{manifest, stats: […], …}`; that of one dataset is an object such as those
 * in `stats`.
 *
 * @throws SluiceError `ERR_STATS` when it can't be read or isn't a stats file, with its mistakes
 */
export async function readStats (path: string): Promise<StatsFile> {
  const expected = 'the stats file of a run, whose path is under stats in its manifest'
  const { text, content } = await readJsonFile(path, 'ERR_STATS', expected)
  const has = (key: string): boolean => typeof content === 'object' && content !== null && key in content
  if (!has('stats') && !has('output_dir')) {
    throw new SluiceError('ERR_STATS', `${path}: has neither stats nor output_dir, ` +
      'expected the stats file that process-mixture or shard-corpus writes')
  }
  const checked = validateOptions(mixtureStats, has('stats') ? content : { stats: [content] })
  if ('options' in checked) {
    const { stats, failed } = checked.options
    return {
      path,
      text,
      sha256: sha256(text),
      isMixture: has('stats'),
      components: stats,
      failed: failed.map(({ name }) => name)
    }
  }
  const { mistakes } = checked
  const lines = mistakes.slice(0, MAX_MISTAKES).map(({ path: at, message }) =>
    `${path}: ${keyOf(has('stats') ? at : at.slice(2))}: ${message}`)
  if (mistakes.length > lines.length) lines.push(`… and ${mistakes.length - lines.length} more`)
  if (mistakes.some(({ kind }) => kind === 'missing')) {
    lines.push('the missing keys are not written by older versions or other programs; ' +
      'make the shards again, or name another stats file')
  }
  throw new SluiceError('ERR_STATS', lines.join('\n'))
}

/** `stats[0].shard_files[2].bytes` */
function keyOf (path: readonly PropertyKey[]): string {
  return path.map(key => typeof key === 'number' ? `[${key}]` : `.${String(key)}`).join('').replace(/^\./, '')
}
