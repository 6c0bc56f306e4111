import { z } from 'zod'
import { positive } from '../../options.ts'
import { dtypes } from '../npy.ts'
import { formatNames } from './format.ts'

/** Options of the files of shards, whatever makes them. */
export const shardFileOptions = {
  format: z.enum(formatNames).default('npy')
    .describe('format of the shards: npy, mds and parquet have sequences; the readers of the others cut documents'),
  tokensPerShard: positive.max(2 ** 31 - 1).default(100_000_000)
    .describe('token ids in a file of megatron, olmo, ds or llmc; files are cut between documents'),
  dtype: z.enum(dtypes).optional()
    .describe('type of the ids in the shards (default: int32; by the vocabulary in megatron, olmo, ds and llmc)')
}
