import { join } from 'node:path'
import { z } from 'zod'
import type { Sequence } from '../lib/document.ts'
import { SluiceError } from '../lib/errors.ts'
import { parseOptions, positive } from '../lib/options.ts'
import { FolderSink, type FolderSinkOptions, type ShardMaker } from '../lib/shards/formats/folder-sink.ts'
import { defaultDtype, rowFormat, rowFormats, unfit } from '../lib/shards/formats/formats.ts'
import { RowWriter, openRows } from '../lib/shards/formats/row-writer.ts'
import { writeWhole } from '../lib/shards/hashed-file.ts'
import { dtypes, maxId, npyData } from '../lib/shards/npy.ts'

export const rowSinkOptions = z.strictObject({
  format: z.enum(rowFormats).describe('format of the shards'),
  seqLen: positive.describe('token ids in a sequence'),
  sequencesPerShard: positive.default(1024).describe('sequences in a shard; the last shard may have fewer'),
  dtype: z.enum(dtypes).optional().describe('type of the ids (default: int32)'),
  vocabSize: positive.describe('every id must be less than this number'),
  overwrite: z.boolean().default(false)
    .describe('delete the shards of another run in the folder instead of failing')
})

/** Options of `rowSink`. */
export type RowSinkOptions = z.input<typeof rowSinkOptions> & RowStreamOptions

/** Options of `rowSink` that are set in code only. */
export type RowStreamOptions = Omit<FolderSinkOptions, 'overwrite'>

/** The stream that `rowSink` returns; `stats.shards` grows with each complete shard. */
export type RowSink = FolderSink<Sequence>

/**
 * Writes sequences to the shards of a format that stores rows: `mds` or `parquet`. Each shard is written under a
 * temporary name, synced, then renamed.
 *
 * @param folder created if it is missing
 * @throws SluiceError `ERR_OPTION`, also for ids that the format can't store and for shards that are too large for it;
 *   the stream fails with `ERR_OUTPUT_EXISTS` when the folder holds shards, `ERR_SHARD` for a sequence of another
 *   length or an id out of range, and `ERR_OUTPUT`
 */
export function rowSink (folder: string, options: RowSinkOptions): RowSink {
  const { highWaterMark, signal, resumable, beforeFirst, ...own } = options
  const checked = parseOptions('rows', rowSinkOptions, own)
  const mistake = unfit(checked.format, checked.vocabSize, checked.dtype ?? null)
  if (mistake !== null) throw new SluiceError('ERR_OPTION', `rows: ${mistake}`)
  return makeRowSink(folder, checked, { highWaterMark, signal, resumable, beforeFirst })
}

/** Like `rowSink`, with parsed options. */
export function makeRowSink (
  folder: string, options: z.output<typeof rowSinkOptions>, stream: RowStreamOptions = {}
): RowSink {
  const { format: name, seqLen, sequencesPerShard, vocabSize, overwrite } = options
  const { dtype = defaultDtype(name, vocabSize) } = options
  const shape = { format: rowFormat(name), dtype, columns: seqLen }
  const { list } = shape.format
  const max = Math.min(maxId(dtype), vocabSize - 1)
  const maker: ShardMaker<Sequence> = {
    name: 'rows',
    create: (index, how) => RowWriter.create(folder, index, shape, how),
    resume: (index, saved) => RowWriter.resume(folder, index, shape, openRows.parse(saved)),
    encode (sequence) {
      if (sequence.length === seqLen) return npyData(sequence, dtype, max)
      throw new SluiceError('ERR_SHARD', `${folder}: got a sequence of ${sequence.length} ids, expected ${seqLen}`)
    },
    isBefore: () => false,
    isFull: shard => shard.items === sequencesPerShard,
    itemsOf: ({ sequences }) => sequences,
    tokensOf: ({ sequences }) => sequences * seqLen,
    ...(list !== undefined && {
      list: shards => writeWhole(join(folder, list.file), [Buffer.from(list.content(shards, shape))])
    })
  }
  return new FolderSink(folder, maker, { ...stream, overwrite })
}
