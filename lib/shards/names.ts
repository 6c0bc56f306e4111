import { readdir } from 'node:fs/promises'
import { codeOf } from '../errors.ts'

const SHARD = /^shard_\d{5,}\.npy$/

/** `shard_00000.npy`: five digits at least, so that names sort as numbers do. */
export function shardName (index: number): string {
  return `shard_${String(index).padStart(5, '0')}.npy`
}

/** Whether a file name is that of a shard. */
export function isShardName (name: string): boolean {
  return SHARD.test(name)
}

/** The file with the documents of a shard: `shard_00000.docs`. */
export function documentsName (shard: string): string {
  return shard.replace(/\.npy$/, '.docs')
}

/** In any format: shards, the files that belong to them, and those from which they are made. */
const SHARD_FILE = /^shard[_.]\d{5,}\.(?:npy|docs|bin|idx|csv\.gz|ds|ds\.index|mds|parquet)(?:\.ids|\.ends)?$/
const ANY_SHARD = /^shard[_.]\d{5,}\.(?:npy|bin|ds|mds|parquet)$/

/** The file that lists the shards of format `mds`. */
export const MDS_LIST = 'index.json'

/** Whether a file name is that of a shard in any format, or of a file that belongs to one. */
export function isShardFile (name: string): boolean {
  return SHARD_FILE.test(name)
}

/** Names of the shards in a folder, in any format; none if there is no such folder. */
export async function listAnyShards (folder: string): Promise<string[]> {
  return (await namesIn(folder)).filter(name => ANY_SHARD.test(name))
}

/** Names of the shards in a folder, in order; none if there is no such folder. */
export async function listShards (folder: string): Promise<string[]> {
  return (await namesIn(folder)).filter(isShardName).sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
}

/** Names of all files in a folder; none if there is no such folder. */
export async function namesIn (folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}
