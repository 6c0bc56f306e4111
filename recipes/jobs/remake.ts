import { existsSync } from 'node:fs'
import { lstat, rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isCheckpoint } from '../../lib/output/checkpoint.ts'
import { SluiceError } from '../../lib/errors.ts'
import { sha256OfFile } from '../../lib/hash.ts'
import { syncFolder, writing } from '../../lib/output/output.ts'
import { NEXT_FOLDER } from './places.ts'
import { isShardName, listShards, namesIn } from '../../lib/shards/names.ts'
import type { ShardInfo } from '../../lib/shards/writer.ts'

interface MadeShards {
  readonly shard_files: readonly ShardInfo[]
}

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
  readonly make: <T extends MadeShards>(make: (folder: string) => Promise<T>, begin: () => Promise<void>) => Promise<T>
  /** Deletes what is left of it. */
  readonly clear: () => Promise<void>
}

/** Shards of a folder that are made again. What is in `.next` there and not ours is neither used nor deleted. */
export async function remaking (folder: string): Promise<Remaking> {
  const next = join(folder, NEXT_FOLDER)
  const isOurs = await stateOf(next) === 'ours'
  return {
    isBegun: isOurs,
    async make (make, begin) {
      await refuseForeignNext(folder)
      const made = await make(next)
      await begin()
      await writing(folder, () => moveShards(next, folder, made.shard_files))
      return made
    },
    clear: () => writing(folder, () => clear(next))
  }
}

/**
 * @throws SluiceError `ERR_OUTPUT_EXISTS` when shards of a folder can't be made again, as what is in their place isn't
 *   ours
 */
export async function refuseForeignNext (folder: string): Promise<void> {
  const next = join(folder, NEXT_FOLDER)
  if (await stateOf(next) !== 'foreign') return
  const need = `is needed while the shards in ${folder} are made again; move it away`
  throw new SluiceError('ERR_OUTPUT_EXISTS', `${next}: is not a folder that sluice has made, and ${need}`)
}

/** What a run leaves in the folder before it has a checkpoint there, and what is beside the checkpoint. */
const BEGUN = /^(?:shard_\d{5,}\.npy\.(?:partial(?:\.tmp)?|\d+\.tmp)|checkpoint\.json\.(?:tmp|lock.*))$/

/**
 * Whose a folder is: ours has our checkpoint, or nothing but what comes before one; an empty one is as good as none.
 */
async function stateOf (next: string): Promise<'none' | 'ours' | 'foreign'> {
  const there = await lstat(next).catch(() => null)
  if (there === null) return 'none'
  if (!there.isDirectory()) return 'foreign'
  const names = await namesIn(next)
  if (names.length === 0) return 'none'
  const isOurs = names.includes(CHECKPOINT)
    ? await isCheckpoint(join(next, CHECKPOINT))
    : names.every(name => BEGUN.test(name))
  return isOurs ? 'ours' : 'foreign'
}

/** Deletes what is ours, and the folder where nothing else is in it. */
async function clear (next: string): Promise<void> {
  if (await stateOf(next) !== 'ours') return
  const names = await namesIn(next)
  const ours = names.filter(name => isShardName(name) || BEGUN.test(name))
  for (const name of [...ours, CHECKPOINT]) await rm(join(next, name), { force: true })
  if (names.every(name => name === CHECKPOINT || ours.includes(name))) await rmdir(next)
}

/** The last to be deleted: by it the folder is known. */
const CHECKPOINT = 'checkpoint.json'

/** Moves shards; those that aren't there any more were moved by a run before. */
async function moveShards (from: string, to: string, infos: readonly ShardInfo[]): Promise<void> {
  for (const { file, sha256 } of infos) {
    const [source, target] = [join(from, file), join(to, file)]
    if (existsSync(source)) await rename(source, target)
    else if (!existsSync(target) || await sha256OfFile(target) !== sha256) {
      const mistake = `is missing, and ${target} is another file; start over with --restart`
      throw new SluiceError('ERR_CHECKPOINT', `${source}: ${mistake}`)
    }
  }
  const names = new Set(infos.map(({ file }) => file))
  for (const name of await listShards(to)) if (!names.has(name)) await rm(join(to, name))
  await syncFolder(to)
}
