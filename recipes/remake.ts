import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SluiceError } from '../lib/errors.ts'
import { sha256OfFile } from '../lib/hash.ts'
import { syncFolder, writing } from '../lib/output.ts'
import { listShards } from '../lib/shard-names.ts'
import type { ShardInfo } from '../lib/shards.ts'

/** Shards that are made again while those that were made before are still good. */
export interface Remaking {
  /** Whether a run before has begun with it. */
  readonly isBegun: boolean
  /**
   * Makes shards in a folder of their own, and lets them take the place of the others once all are made.
   *
   * @param make is given that folder
   * @param begin keeps that the shards in their place aren't of one kind any more; from then on a run goes on here
   * @throws SluiceError `ERR_OUTPUT`, `ERR_CHECKPOINT`, and what `make` throws; the others are as they were then
   */
  readonly make: <T extends { readonly shard_files: readonly ShardInfo[] }>(make: (folder: string) => Promise<T>, begin: () => Promise<void>) => Promise<T>
  /** Deletes what is left of it. */
  readonly clear: () => Promise<void>
}

/** Shards of a folder that are made again. */
export function remaking (folder: string): Remaking {
  const next = join(folder, '.next')
  return {
    isBegun: existsSync(next),
    async make (make, begin) {
      const made = await make(next)
      await begin()
      await writing(folder, () => moveShards(next, folder, made.shard_files))
      return made
    },
    clear: () => writing(folder, () => rm(next, { recursive: true, force: true }))
  }
}

/** Moves shards; those that aren't there any more were moved by a run before. */
async function moveShards (from: string, to: string, infos: readonly ShardInfo[]): Promise<void> {
  for (const { file, sha256 } of infos) {
    const [source, target] = [join(from, file), join(to, file)]
    if (existsSync(source)) await rename(source, target)
    else if (!existsSync(target) || await sha256OfFile(target) !== sha256) throw new SluiceError('ERR_CHECKPOINT', `${source}: is not there, and ${target} is another; start over with --restart`)
  }
  const names = new Set(infos.map(({ file }) => file))
  for (const name of await listShards(to)) if (!names.has(name)) await rm(join(to, name))
  await syncFolder(to)
}
