import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SluiceError } from '../errors.ts'
import { checkLocks } from '../output/held-locks.ts'
import { makeFolder, removeLeftovers, writing } from '../output/output.ts'
import { lost } from '../output/resumable.ts'
import { MDS_LIST, documentsName, isShardFile, isShardName, listAnyShards, namesIn } from './names.ts'

/** How a run uses a folder of shards. */
export interface FolderUse {
  /** Whether the shards of another run are deleted, once a new one is complete. */
  readonly overwrite: boolean
  /** Whether a later run can resume this one; the shards of another run are then replaced one by one. */
  readonly resumable: boolean
  /** Whether this run resumes an earlier one. */
  readonly resumes: boolean
  /** The files of the complete shards of the earlier run. */
  readonly files: ReadonlyArray<{ readonly file: string, readonly bytes: number } | undefined>
}

/**
 * Makes a folder ready for shards.
 *
 * @throws SluiceError `ERR_OUTPUT_EXISTS` when it has the shards of another run, `ERR_CHECKPOINT` when a file of the
 *   earlier run is missing or has another size, `ERR_OUTPUT`
 */
export async function takeFolder (folder: string, { overwrite, resumable, resumes, files }: FolderUse): Promise<void> {
  await writing(folder, async () => {
    if (!overwrite && !resumable) await refuseShards(folder)
    await prepareFolder(folder)
    await checkThere(folder, files)
    if (resumable && !resumes) await removePartials(folder)
  })
}

/**
 * Ends a run that has written nothing, perhaps because an earlier stage has failed: shards of another run are kept.
 *
 * @throws SluiceError `ERR_OUTPUT_EXISTS` when there are any
 */
export async function keepShards (folder: string): Promise<void> {
  const { length } = await listAnyShards(folder)
  if (length === 0) return
  throw new SluiceError('ERR_OUTPUT_EXISTS', `${folder}: there is nothing to write, ` +
    `so the ${length} ${length === 1 ? 'shard' : 'shards'} of another run are kept; ` +
    'delete them yourself if they are not needed')
}

/** Deletes the shards in a folder, in any format, each before the files that belong to it. */
export async function removeShards (folder: string): Promise<void> {
  await checkLocks()
  const shards = await listAnyShards(folder)
  const others = (await namesIn(folder)).filter(name => isShardFile(name) && !shards.includes(name))
  const lists = shards.some(name => name.endsWith('.mds')) ? [MDS_LIST] : []
  for (const name of [...lists, ...shards, ...others]) await rm(join(folder, name), { force: true })
}

/** Creates the folder if it is missing, and deletes the unfinished files of killed runs. */
export async function prepareFolder (folder: string): Promise<void> {
  await makeFolder(folder)
  await removeLeftovers(folder, isShardFile)
}

/** Deletes the unfinished shards of earlier runs that won't be resumed, and documents without a shard. */
async function removePartials (folder: string): Promise<void> {
  await checkLocks()
  const names = await namesIn(folder)
  const withShard = new Set(names.filter(isShardName).map(documentsName))
  for (const name of names) {
    const isPartial = name.endsWith('.partial') && isShardFile(name.replace(/\.partial$/, ''))
    const isAlone = name.endsWith('.docs') && isShardFile(name) && !withShard.has(name)
    if (isPartial || isAlone) await rm(join(folder, name), { force: true })
  }
}

/** @throws SluiceError `ERR_OUTPUT_EXISTS` when a folder has shards */
export async function refuseShards (folder: string): Promise<void> {
  const { length } = await listAnyShards(folder)
  if (length > 0) {
    throw new SluiceError('ERR_OUTPUT_EXISTS', `${folder}: holds ${length} ${length === 1 ? 'shard' : 'shards'} of ` +
      'another run; name another folder, or delete them with --overwrite (overwrite: true in code)')
  }
}

/**
 * Checks the files of finished shards before a run resumes after them; undefined ones are left out.
 *
 * @throws SluiceError `ERR_CHECKPOINT` when one is missing or has another size
 */
async function checkThere (folder: string, files: FolderUse['files']): Promise<void> {
  for (const { file, bytes } of files.filter(file => file !== undefined)) {
    const path = join(folder, file)
    const there = await stat(path).catch(() => null)
    if (there?.size === bytes) continue
    throw lost(path, there === null ? 'is not there' : `has ${there.size} bytes, expected ${bytes}`)
  }
}
