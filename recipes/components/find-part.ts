import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SluiceError } from '../../lib/errors.ts'
import { listAnyShards } from '../../lib/shards/names.ts'
import { type ShardedStats, readStats } from '../../lib/shards/stats.ts'

/** Parts that a message names. */
const MOST_NAMED = 4

/**
 * The path of the shards that a path means. For a stats file, or a folder with `stats.json` and no shards, such as that
 * of a training set, it is the folder of the only part that has shards; any other path is returned as it is.
 *
 * @throws SluiceError `ERR_FILES` when several parts have shards, with their folders; `ERR_STATS`
 */
export async function partAt (path: string): Promise<string> {
  const statsPath = await statsAt(path)
  if (statsPath === null) return path
  const { components } = await readStats(statsPath)
  const parts: Array<{ readonly name: string, readonly folder: string }> = []
  for (const part of components) {
    if (part.shards > 0) parts.push({ name: part.name, folder: await folderOf(part, statsPath) })
  }
  if (parts.length === 1) return parts[0]!.folder
  if (parts.length === 0) {
    throw new SluiceError('ERR_FILES', `${path}: its stats list no shards; name a folder of shards`)
  }
  const named = parts.slice(0, MOST_NAMED).map(({ name, folder }) => `${folder} (${name})`).join(' or ')
  const more = parts.length > MOST_NAMED ? ` or another of ${parts.length}` : ''
  throw new SluiceError('ERR_FILES', `${path}: has ${parts.length} parts with shards; name the folder of one: ` +
    named + more)
}

/** The stats file that a path means; null for anything else. */
async function statsAt (path: string): Promise<string | null> {
  const status = await stat(path).catch(() => null)
  if (status?.isFile() === true) return path.endsWith('.json') ? path : null
  const inside = join(path, 'stats.json')
  if (status?.isDirectory() !== true || !existsSync(inside)) return null
  return (await listAnyShards(path)).length > 0 ? null : inside
}

/** The folder of a part: next to the stats, as they may have been moved together, else where they name it. */
async function folderOf ({ name, output_dir: recorded }: ShardedStats, statsPath: string): Promise<string> {
  const near = join(dirname(statsPath), name)
  return (await listAnyShards(near)).length > 0 ? near : recorded
}
