import { existsSync } from 'node:fs'
import { lstat, rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isCheckpoint } from '../../lib/output/checkpoint.ts'
import { SluiceError } from '../../lib/errors.ts'
import { sha256OfFile } from '../../lib/hash.ts'
import { checkLocks } from '../../lib/output/held-locks.ts'
import { syncFolder, writing } from '../../lib/output/output.ts'
import { NEXT_FOLDER } from './places.ts'
import type { FileInfo } from '../../lib/shards/formats/format.ts'
import { MDS_LIST, isShardFile, namesIn } from '../../lib/shards/names.ts'
import type { AnyShard } from '../../lib/shards/stats.ts'

interface MadeShards {
  readonly shard_files: readonly AnyShard[]
  /** The file that lists the shards. */
  readonly index?: FileInfo | undefined
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
  return {
    isStarted: await stateOf(next) === 'ours',
    async make (make, begin) {
      await refuseForeignNext(folder)
      const made = await make(next)
      await begin()
      await writing(folder, () => moveShards(next, folder, filesOf(made)))
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
function isFirstFile (name: string): boolean {
  const [, unfinished] = /^(.*)\.(?:partial(?:\.tmp)?|\d+\.tmp)$/.exec(name) ?? []
  return /^checkpoint\.json\.(?:tmp|lock.*)$/.test(name) || (unfinished !== undefined && isOurs(unfinished))
}

/** Whether a complete file belongs to shards. */
function isOurs (name: string): boolean {
  return isShardFile(name) || name === MDS_LIST
}

/** Whether sluice made a folder: it has a checkpoint, or only files from before one. `none`: missing or empty. */
async function stateOf (next: string): Promise<'none' | 'ours' | 'foreign'> {
  const there = await lstat(next).catch(() => null)
  if (there === null) return 'none'
  if (!there.isDirectory()) return 'foreign'
  const names = await namesIn(next)
  if (names.length === 0) return 'none'
  const isOwn = names.includes(CHECKPOINT)
    ? await isCheckpoint(join(next, CHECKPOINT))
    : names.every(isFirstFile)
  return isOwn ? 'ours' : 'foreign'
}

/** Deletes the files of sluice, and the folder if nothing else is in it. */
async function clear (next: string): Promise<void> {
  if (await stateOf(next) !== 'ours') return
  await checkLocks()
  const names = await namesIn(next)
  const ours = names.filter(name => isOurs(name) || isFirstFile(name))
  for (const name of [...ours, CHECKPOINT]) await rm(join(next, name), { force: true })
  if (names.every(name => name === CHECKPOINT || ours.includes(name))) await rmdir(next)
}

/** The last file to be deleted, as it identifies the folder. */
const CHECKPOINT = 'checkpoint.json'

/** The files of shards, each after those that belong to it. */
function filesOf ({ shard_files: shards, index: list }: MadeShards): FileInfo[] {
  return [...shards.flatMap(shard => [shard.documents, shard.index, shard]), list].filter(file => file !== undefined)
}

/** Moves files. Those that are missing were moved by an earlier run. */
async function moveShards (from: string, to: string, files: readonly FileInfo[]): Promise<void> {
  for (const { file, sha256 } of files) {
    const [source, target] = [join(from, file), join(to, file)]
    await checkLocks()
    if (existsSync(source)) await rename(source, target)
    else if (!existsSync(target) || await sha256OfFile(target) !== sha256) {
      const mistake = `is missing, and ${target} is another file; start over with --restart`
      throw new SluiceError('ERR_CHECKPOINT', `${source}: ${mistake}`)
    }
  }
  await checkLocks()
  const names = new Set(files.map(({ file }) => file))
  const there = await namesIn(to)
  const hasList = there.some(name => name.endsWith('.mds'))
  const left = there.filter(name => !names.has(name) && (isShardFile(name) || (hasList && name === MDS_LIST)))
  for (const name of left) await rm(join(to, name))
  await syncFolder(to)
}
