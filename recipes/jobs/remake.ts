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

/** Makes shards again while the existing ones stay valid. */
export interface Remaking {
  /** Whether an earlier run has started this. */
  readonly isStarted: boolean
  /**
   * Makes shards in a separate folder, and replaces the existing ones once all are made.
   *
   * @param make receives that folder
   * @param begin records that old and new shards may be mixed from now on, so that a later run resumes here
   * @throws SluiceError `ERR_OUTPUT`, `ERR_CHECKPOINT`, and the errors of `make`, after which the existing shards are
   *   unchanged
   */
  readonly make: <T extends MadeShards>(make: (folder: string) => Promise<T>, begin: () => Promise<void>) => Promise<T>
  /** Deletes the separate folder. */
  readonly clear: () => Promise<void>
}

/** Prepares to make the shards of a folder again. Foreign files in its `.next` are neither used nor deleted. */
export async function remaking (folder: string): Promise<Remaking> {
  const next = join(folder, NEXT_FOLDER)
  const isOurs = await stateOf(next) === 'ours'
  return {
    isStarted: isOurs,
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

/** @throws SluiceError `ERR_OUTPUT_EXISTS` when a folder has a `.next` that sluice has not made */
export async function refuseForeignNext (folder: string): Promise<void> {
  const next = join(folder, NEXT_FOLDER)
  if (await stateOf(next) !== 'foreign') return
  const need = `is needed while the shards in ${folder} are made again; move it away`
  throw new SluiceError('ERR_OUTPUT_EXISTS', `${next}: is not a folder that sluice has made, and ${need}`)
}

/** Files that a run may leave before its first checkpoint, and temporary files of the checkpoint. */
const FIRST_FILES = /^(?:shard_\d{5,}\.npy\.(?:partial(?:\.tmp)?|\d+\.tmp)|checkpoint\.json\.(?:tmp|lock.*))$/

/** Whether sluice made a folder: it has a checkpoint, or only files from before one. `none`: missing or empty. */
async function stateOf (next: string): Promise<'none' | 'ours' | 'foreign'> {
  const there = await lstat(next).catch(() => null)
  if (there === null) return 'none'
  if (!there.isDirectory()) return 'foreign'
  const names = await namesIn(next)
  if (names.length === 0) return 'none'
  const isOurs = names.includes(CHECKPOINT)
    ? await isCheckpoint(join(next, CHECKPOINT))
    : names.every(name => FIRST_FILES.test(name))
  return isOurs ? 'ours' : 'foreign'
}

/** Deletes the files of sluice, and the folder if nothing else is in it. */
async function clear (next: string): Promise<void> {
  if (await stateOf(next) !== 'ours') return
  const names = await namesIn(next)
  const ours = names.filter(name => isShardName(name) || FIRST_FILES.test(name))
  for (const name of [...ours, CHECKPOINT]) await rm(join(next, name), { force: true })
  if (names.every(name => name === CHECKPOINT || ours.includes(name))) await rmdir(next)
}

/** The last file to be deleted, as it identifies the folder. */
const CHECKPOINT = 'checkpoint.json'

/** Moves shards. Those that are missing were moved by an earlier run. */
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
