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
