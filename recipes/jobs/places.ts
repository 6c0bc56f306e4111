import { lstatSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { type FileNames, STANDARD_STREAM } from '../../lib/bytes.ts'
import { SluiceError } from '../../lib/errors.ts'
import { isHubName } from '../../lib/hub/address.ts'
import { findFiles } from '../../lib/input/find.ts'
import { notLocalOutput } from '../../lib/not-local.ts'
import { isShardFile } from '../../lib/shards/names.ts'

const MAY_BE_MISSING = { throwIfNoEntry: false } as const

/** Outputs of a run besides single files. */
export interface OutputFolders {
  /** Folders of shards. */
  readonly shards?: readonly string[]
  /** Files that several parts of the run write, one after the other. */
  readonly shared?: readonly string[]
}

/** Other names in a folder of shards: the checkpoint, its lock, and its temporary file. */
const CHECKPOINT_FILE = /^checkpoint\.json(\.|$)/

/** The subfolder of a folder of shards in which their replacements are made. */
export const NEXT_FOLDER = '.next'

/** The name of an output once it is complete. */
function finalName (name: string): string {
  return name.replace(/\.(?:partial|\d+\.tmp)$/, '')
}

/**
 * The absolute path of a file or folder, which need not exist, with links followed. It is synchronous, as a run has
 * thousands of paths: an asynchronous call would take ten times as long.
 */
export function realPlace (path: string): string {
  const place = resolve(path)
  try {
    // Most paths of outputs are missing, and it costs more to throw an error.
    if (lstatSync(place, MAY_BE_MISSING) !== undefined) return realpathSync.native(place)
  } catch {} // such as a link to nothing, or a file in place of a folder
  const above = dirname(place)
  return above === place ? place : join(realPlace(above), basename(place))
}

/** The folders that a place is in, the nearest first. */
export function foldersAbove (place: string): string[] {
  const above = dirname(place)
  return above === place ? [] : [above, ...foldersAbove(above)]
}

/**
 * Checks all files that a run will write, before it writes any. Paths are compared with links followed.
 *
 * @param inputs the paths of what the run reads
 * @throws SluiceError `ERR_OPTION` when one would be written twice, or is where a shard or a folder of the run goes;
 *   `ERR_OUTPUT_EXISTS` when one is also an input
 */
export function checkOutputs (
  outputs: readonly string[], inputs: readonly string[], { shards = [], shared = [] }: OutputFolders = {}
): void {
  const files = new Map<string, string>() // names given by the user, by real path
  for (const output of [...outputs, ...new Set(shared)]) {
    if (output === STANDARD_STREAM) continue
    refuseAddress(output)
    const place = realPlace(output)
    if (files.has(place)) {
      const advice = 'name another file for the rejects, the stats or the output'
      throw new SluiceError('ERR_OPTION', `${output}: would be written twice by this run; ${advice}`)
    }
    files.set(place, output)
  }
  for (const folder of shards) refuseAddress(folder)
  refuseInputs([...files.values()], inputs)
  for (const [place, output] of files) {
    const above = foldersAbove(place).map(folder => files.get(folder)).find(file => file !== undefined)
    if (above === undefined) continue
    const mistake = `would be in ${above}, which is a file of this run; name another file`
    throw new SluiceError('ERR_OPTION', `${output}: ${mistake}`)
  }
  refuseAmongShards([...files.values()], shards)
}

/** @throws SluiceError `ERR_OPTION` for a file in a place for shards */
export function refuseAmongShards (outputs: readonly string[], shards: readonly string[]): void {
  const folders = shardFolders(shards)
  for (const output of outputs) {
    const why = output === STANDARD_STREAM ? null : folders.refusal(realPlace(output))
    if (why !== null) throw new SluiceError('ERR_OPTION', `${output}: ${why}; name another file`)
  }
}

function refuseAddress (output: string): void {
  const elsewhere = notLocalOutput(output)
  if (elsewhere !== null) throw new SluiceError('ERR_OPTION', elsewhere)
}

/** The folders that a run writes shards to. */
export interface ShardFolders {
  /** Why a file can't be in a place, as the end of a sentence; null if it can. */
  readonly refusal: (place: string) => string | null
}

/** Finds the real paths of folders of shards. */
export function shardFolders (shards: readonly string[]): ShardFolders {
  const folders = new Map<string, string>() // names given by the user, by real path
  const above = new Map<string, string>() // folders of shards, by their real paths and those of their parents
  for (const folder of new Set(shards)) {
    const place = realPlace(folder)
    folders.set(place, folder)
    for (const outer of [place, ...foldersAbove(place)]) above.set(outer, folder)
  }
  return {
    refusal (place) {
      if (above.has(place)) return `is a folder of this run, which puts shards into ${above.get(place)!}`
      const around = foldersAbove(place)
      const next = around.find(folder => basename(folder) === NEXT_FOLDER && folders.has(dirname(folder)))
      const of = folders.get(next === undefined ? around[0] ?? '' : dirname(next))
      if (of === undefined) return null
      const name = basename(place)
      if (next !== undefined || isShardFile(finalName(name)) || name === NEXT_FOLDER) {
        return `has the name of a shard, or is in a folder, that this run makes in ${of}`
      }
      if (CHECKPOINT_FILE.test(name)) return null
      return `is among the shards in ${of}, where only shards and their checkpoint may be`
    }
  }
}

/** @throws SluiceError `ERR_OUTPUT_EXISTS` when the output would replace an input */
export async function refuseInputAsOutput (output: string, inputs: FileNames): Promise<void> {
  refuseInputs([output], (await findFiles(inputs)).map(({ path }) => path))
}

function refuseInputs (outputs: readonly string[], inputs: readonly string[]): void {
  const there = new Map<string, string>()
  for (const output of outputs) {
    const id = idOf(output)
    if (id !== null) there.set(id, output)
  }
  if (there.size === 0) return
  for (const path of inputs) {
    const id = path === STANDARD_STREAM || isHubName(path) ? null : idOf(path)
    const output = id === null ? undefined : there.get(id)
    if (output === undefined) continue
    const mistake = 'is an input as well, and would be replaced; name another output'
    throw new SluiceError('ERR_OUTPUT_EXISTS', `${output}: ${mistake}`)
  }
}

/** Identifies a file regardless of its name; null if there is no regular file. */
function idOf (path: string): string | null {
  try {
    const there = statSync(path, MAY_BE_MISSING)
    return there?.isFile() === true ? `${there.dev}:${there.ino}` : null
  } catch { // such as a file in a folder that can't be read
    return null
  }
}
