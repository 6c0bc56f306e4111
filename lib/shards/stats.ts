import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { SluiceError, messageOf, reasonOf } from '../errors.ts'
import { mistakenKind } from '../file-kind.ts'
import { sha256 } from '../hash.ts'
import { firstBytes } from '../fasttext/model-use.ts'
import { notLocalFile } from '../not-local.ts'
import { dtypes } from './npy.ts'
import { validateOptions, count, positive, sha256Hex } from '../options.ts'
import { type OwnKind, jsonKind } from '../output/own-file.ts'
import { shardInfo } from './writer.ts'

/** What a stats file says of the shards of a component; it says more beside that. */
const shardedStats = z.object({
  name: z.string(),
  dataset: z.string().nullish(),
  subset: z.string().nullish(),
  license: z.string().nullish(),
  sequences: count,
  /** Ids of all documents, ends of sentence and tail included. */
  tokens: count,
  /** Ids that filled no sequence, and are in no shard. */
  tail_tokens: count,
  /** How many shards there are. */
  shards: count,
  output_dir: z.string().min(1),
  seq_len: positive,
  dtype: z.enum(dtypes),
  vocab_size: positive,
  /** Ends each document. */
  eos_id: count.optional(),
  tokenizer_sha256: sha256Hex,
  shard_files: z.array(shardInfo).readonly()
})
export type ShardedStats = Readonly<z.output<typeof shardedStats>>

/** By this a stats file is known, before another one takes its place: that of a mixture, or of one dataset. */
export const STATS: OwnKind = {
  ...jsonKind('the stats of a run'),
  isOwn: content =>
    [['manifest', 'stats'], ['name', 'output_dir']].some(keys => jsonKind('', ...keys).isOwn(content))
}

/** A stats file, read, as far as it tells of shards. */
export interface StatsFile {
  readonly path: string
  /** What is in the file. */
  readonly text: string
  /** Of the file. */
  readonly sha256: string
  /** Whether it is a mixture's, and not that of one dataset. */
  readonly isMixture: boolean
  readonly components: readonly ShardedStats[]
  /** Components of the mixture that failed, and have no shards. */
  readonly failed: readonly string[]
}

const mixtureStats = z.object({
  stats: z.array(shardedStats),
  failed: z.array(z.object({ name: z.string() })).default([])
})

/** A file of another kind has a mistake in every key. */
const MOST_MISTAKES = 20

/**
 * Reads a stats file: that of a mixture, `{manifest, stats: […], …}`, or that of one dataset, an object such as those
 * in `stats`.
 *
 * @throws SluiceError `ERR_STATS` when it can't be read or isn't one, with every mistake
 */
export async function readStats (path: string): Promise<StatsFile> {
  const fail = (message: string, cause?: unknown): never => {
    throw new SluiceError('ERR_STATS', `${path}: ${message}`, { cause })
  }
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const why = `${path}: cannot be read: ${reasonOf(cause)}, expected the stats JSON of a run`
    throw new SluiceError('ERR_STATS', notLocalFile(path, cause) ?? why, { cause })
  })
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (cause) {
    const other = mistakenKind(await firstBytes(path), path)
    const why = other ?? `is not JSON: ${messageOf(cause).replace(/\s+/g, ' ')}`
    return fail(`${why}; expected the stats of a run, whose path its manifest has under stats`, cause)
  }
  const has = (key: string): boolean => typeof content === 'object' && content !== null && key in content
  if (!has('stats') && !has('output_dir')) {
    fail('has neither stats nor output_dir, expected what process-mixture or shard-corpus writes')
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
  const lines = mistakes.slice(0, MOST_MISTAKES).map(({ path: at, message }) =>
    `${path}: ${keyOf(has('stats') ? at : at.slice(2))}: ${message}`)
  if (mistakes.length > lines.length) lines.push(`… and ${mistakes.length - lines.length} more`)
  if (mistakes.some(({ kind }) => kind === 'missing')) {
    lines.push('what is missing was not written by an older version or another program; ' +
      'make the shards again, or name other stats')
  }
  throw new SluiceError('ERR_STATS', lines.join('\n'))
}

/** `stats[0].shard_files[2].bytes` */
function keyOf (path: readonly PropertyKey[]): string {
  return path.map(key => typeof key === 'number' ? `[${key}]` : `.${String(key)}`).join('').replace(/^\./, '')
}
