import { stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { z } from 'zod'
import { SluiceError } from '../../lib/errors.ts'
import { sha256 } from '../../lib/hash.ts'
import { readCheckpoint } from '../../lib/output/checkpoint.ts'
import { type ShardedStats, readStats, shardedStats } from '../../lib/shards/stats.ts'
import { checkpointIn } from '../components/paths.ts'

/** Components to export, and where their stats are. */
export interface FoundShards {
  /** The stats file, or the checkpoint of a folder. */
  readonly from: string
  readonly isCheckpoint: boolean
  readonly components: readonly ShardedStats[]
}

const finishedCheckpoint = z.object({ finished: z.object({ result: shardedStats }) })

/**
 * Finds the stats of shards: those in a stats file; or for a folder of shards, those in its checkpoint, or in
 * `stats.json` of the folder above, where `mix` writes them.
 *
 * @throws SluiceError `ERR_STATS`
 */
export async function findShards (path: string): Promise<FoundShards> {
  const isFolder = await stat(path).then(status => status.isDirectory(), () => false)
  if (!isFolder) return { from: path, isCheckpoint: false, components: (await readStats(path)).components }
  const checkpoint = checkpointIn(path)
  const finished = finishedCheckpoint.safeParse(await readCheckpoint(checkpoint).catch(() => null))
  if (finished.success) {
    const { result } = finished.data.finished
    return { from: checkpoint, isCheckpoint: true, components: [{ ...result, output_dir: path }] }
  }
  const above = join(path, '..', 'stats.json')
  const stats = await readStats(above).catch(() => null)
  const listed = componentIn(stats?.components ?? [], path)
  if (listed !== undefined) {
    return { from: above, isCheckpoint: false, components: [{ ...listed, output_dir: path }] }
  }
  throw new SluiceError('ERR_STATS', `${path}: has no checkpoint of a finished run, which describes its shards, and ` +
    `${above} doesn't list it; name the stats file instead`)
}

/** The component whose shards are in a folder, which may have been moved with its stats; undefined if it's unclear. */
function componentIn (components: readonly ShardedStats[], path: string): ShardedStats | undefined {
  const same = components.find(({ output_dir: folder }) => resolve(folder) === resolve(path))
  const named = components.filter(({ output_dir: folder }) => basename(resolve(folder)) === basename(resolve(path)))
  return same ?? (named.length === 1 ? named[0] : undefined)
}

/** A SHA-256 over those of all files of a component's shards. */
export function sourceHash ({ shard_files: shards }: Pick<ShardedStats, 'shard_files'>): string {
  return sha256(JSON.stringify(shards.map(({ file, sha256, documents }) => [file, sha256, documents?.sha256 ?? null])))
}
