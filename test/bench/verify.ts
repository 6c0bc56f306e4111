import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { table } from '../../lib/text/table.ts'
import { verify } from '../../recipes/verify.ts'
import { EOS, writeShards, writeStats } from '../shards.ts'
import { type Times, alternate, cellsOf, jsonOfTimes } from './measure.ts'

/** Shards of a typical run: 1,024 sequences of 2,048 ids. */
const SHAPE = { seqLen: 2048, sequencesPerShard: 1024 } as const
const SHARDS = 48
const DOCUMENT_IDS = 600

/** `verify` in one thread, and on all cores. */
export interface VerifySides {
  /** Bytes of all shards. */
  readonly bytes: number
  readonly workers: number
  readonly one: Times
  readonly all: Times
  /** The speed of all cores relative to one thread. */
  readonly ratio: number
}

/**
 * Verifies the same shards alternately with one worker and with one per core. They are split into two components of
 * the same size.
 */
export async function verifySides (folder: string, count: number): Promise<VerifySides> {
  const ids = new Int32Array(SHARDS / 2 * SHAPE.seqLen * SHAPE.sequencesPerShard)
  for (let i = 0; i < ids.length; i++) ids[i] = i % DOCUMENT_IDS === 0 ? EOS : 3 + i % 31_997
  const components = ['a', 'b'].map(name => writeShards(join(folder, 'verified'), name, ids, SHAPE))
  const stats = writeStats(folder, components, 'verified.json')
  const bytes = components.flatMap(({ shard_files: infos }) => infos).reduce((sum, info) => sum + info.bytes, 0)
  const workers = availableParallelism()
  const run = (workers: number) =>
    async (): Promise<void> => { await verify(stats, { workers, inventory: join(folder, 'verified.md') }) }
  const [one, all] = await alternate([run(1), run(workers)], count)
  return { bytes, workers, one: one!, all: all!, ratio: one!.best / all!.best }
}

/** The result as text. */
export function reportVerified ({ bytes, workers, one, all, ratio }: VerifySides): string {
  const sides = table([
    ['verify', 'MB/s of shards', 'seconds', 'slowest'],
    ['--workers 1', ...cellsOf(bytes, one)],
    [`--workers ${workers}`, ...cellsOf(bytes, all)]
  ])
  return `${sides}\nratio ${ratio.toFixed(2)} on ${workers} cores, ${(bytes / 1e6).toFixed(1)} MB of shards`
}

/** The result as JSON. */
export function jsonOfVerified ({ bytes, workers, one, all, ratio }: VerifySides): object {
  return { bytes, workers, one: jsonOfTimes(bytes, one), all: jsonOfTimes(bytes, all), ratio }
}
