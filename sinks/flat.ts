import { z } from 'zod'
import type { Tokens } from '../lib/document.ts'
import { SluiceError } from '../lib/errors.ts'
import { parseOptions, positive } from '../lib/options.ts'
import { FlatWriter, openFlat } from '../lib/shards/formats/flat-writer.ts'
import { FolderSink, type FolderSinkOptions, type ShardMaker } from '../lib/shards/formats/folder-sink.ts'
import { defaultDtype, flatFormat, flatFormats, unfit } from '../lib/shards/formats/formats.ts'
import { shardFileOptions } from '../lib/shards/formats/options.ts'
import { bytesPerId, dtypes, maxId, npyData } from '../lib/shards/npy.ts'

export const flatSinkOptions = z.strictObject({
  format: z.enum(flatFormats).describe('format of the files'),
  tokensPerShard: shardFileOptions.tokensPerShard,
  dtype: z.enum(dtypes).optional().describe('type of the ids, little-endian (default: by the format and vocabSize)'),
  vocabSize: positive.describe('every id must be less than this number'),
  overwrite: z.boolean().default(false)
    .describe('delete the shards of another run in the folder instead of failing')
})

/** Options of `flatSink`. */
export type FlatSinkOptions = z.input<typeof flatSinkOptions> & FlatStreamOptions

/** Options of `flatSink` that are set in code only. */
export type FlatStreamOptions = Omit<FolderSinkOptions, 'overwrite'>

/** What a flat sink writes: documents as ids. */
export type FlatItem = Pick<Tokens, 'ids'>

/** The stream that `flatSink` returns; `stats.shards` grows with each complete file. */
export type FlatSink = FolderSink<FlatItem>

/**
 * Writes the ids of documents one after another, in the format of a trainer that cuts sequences itself: `megatron`,
 * `olmo`, `ds` or `llmc`. Nothing is left out. Each file is written under a temporary name, synced, then renamed.
 *
 * @param folder created if it is missing
 * @throws SluiceError `ERR_OPTION`, also for ids that the format can't store; the stream fails with
 *   `ERR_OUTPUT_EXISTS` when the folder holds shards, `ERR_SHARD` for an id out of range, and `ERR_OUTPUT`
 */
export function flatSink (folder: string, options: FlatSinkOptions): FlatSink {
  const { highWaterMark, signal, resumable, beforeFirst, ...own } = options
  const checked = parseOptions('flat', flatSinkOptions, own)
  const mistake = unfit(checked.format, checked.vocabSize, checked.dtype ?? null)
  if (mistake !== null) throw new SluiceError('ERR_OPTION', `flat: ${mistake}`)
  return makeFlatSink(folder, checked, { highWaterMark, signal, resumable, beforeFirst })
}

/** Like `flatSink`, with parsed options. */
export function makeFlatSink (
  folder: string, options: z.output<typeof flatSinkOptions>, stream: FlatStreamOptions = {}
): FlatSink {
  const { format: name, tokensPerShard, vocabSize, dtype = defaultDtype(name, vocabSize), overwrite } = options
  const shape = { format: flatFormat(name), dtype }
  const idBytes = bytesPerId(dtype)
  const max = Math.min(maxId(dtype), vocabSize - 1)
  const maker: ShardMaker<FlatItem> = {
    name: 'flat',
    create: (index, how) => FlatWriter.create(folder, index, shape, how),
    resume: (index, saved) => FlatWriter.resume(folder, index, shape, openFlat.parse(saved)),
    encode: ({ ids }) => npyData(ids, dtype, max),
    isBefore: (shard, ids) => shard.items > 0 && shard.tokens + ids.length / idBytes > tokensPerShard,
    isFull: shard => shard.tokens >= tokensPerShard,
    itemsOf: ({ ended = 0 }) => ended,
    tokensOf: ({ tokens = 0 }) => tokens
  }
  return new FolderSink(folder, maker, { ...stream, overwrite })
}
