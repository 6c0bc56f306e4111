import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { z } from 'zod'
import type { InputFile } from '../../lib/bytes.ts'
import { allInOrder } from '../../lib/errors.ts'
import { isHubName } from '../../lib/hub/address.ts'
import { type HubRun, type RemoteFile, theHub } from '../../lib/hub/hub.ts'
import type { HubOptions } from '../../lib/hub/settings.ts'
import { documentPath } from '../../lib/input/find.ts'
import { readError } from '../../lib/input/read-error.ts'
import { count } from '../../lib/options.ts'

/** A file as a run has written it. */
export const writtenFile = z.strictObject({ path: z.string(), bytes: count })

/**
 * An input file as it was when a run began: `path` as ids of documents have it, and `at`, the absolute path. One of the
 * two stays the same when a corpus is moved, or when a command runs in another directory.
 */
export const knownFile = writtenFile.extend({
  at: z.string(),
  modified: z.string(),
  /** The git blob of a file on the Hub whose SHA-256 is in `modified`, for the provenance of a resumed pull. */
  oid: z.string().optional()
})

export type KnownFile = Readonly<z.output<typeof knownFile>>

/** The current sizes, dates and hashes of input files. @throws SluiceError `ERR_FILES` */
export async function inputFiles (files: readonly InputFile[]): Promise<KnownFile[]> {
  const remote = await filesOnHub(files.map(({ path }) => path))
  return await allInOrder(files.map(async ({ path }) => {
    const file = remote.get(path)
    if (file !== undefined) return knownOnHub(file)
    const { size, mtime } = await stat(path).catch((error: unknown) => { throw readError(path, 0, error) })
    return { path: documentPath(path), at: resolve(path), bytes: size, modified: mtime.toISOString() }
  }))
}

/** A file on the Hub has no date: its hash shows whether it has changed. */
function knownOnHub ({ name, size, oid, sha256 }: RemoteFile): KnownFile {
  const known = { path: documentPath(name), at: name, bytes: size, modified: sha256 ?? oid }
  return sha256 === null || oid === '' ? known : { ...known, oid }
}

/**
 * The files that are on the Hub, by name. They are requested together, as there may be tens of thousands.
 *
 * @throws SluiceError as `Hub.remoteFiles`
 */
export async function filesOnHub (
  paths: readonly string[], { maxRetries, timeout, ...run }: HubOptions & HubRun = {}
): Promise<ReadonlyMap<string, RemoteFile>> {
  const names = paths.filter(isHubName)
  if (names.length === 0) return new Map()
  const files = await (await theHub({ maxRetries, timeout })).remoteFiles(names, run)
  return new Map(files.map(file => [file.name, file]))
}

/** How input files have changed. A file with another size or time counts as changed. */
export function inputChanges (before: readonly KnownFile[], after: readonly KnownFile[]): string[] {
  const there = new Map(after.flatMap(file => [[file.path, file], [file.at, file]]))
  const known = new Set(before.flatMap(({ path, at }) => [path, at]))
  const added = after.filter(({ path, at }) => !known.has(path) && !known.has(at))
  const changes = [
    ...before.flatMap(file => inputChange(file, there.get(file.path) ?? there.get(file.at))),
    ...added.map(({ path }) => `${path}: is an input now, was not before`)
  ]
  if (changes.length > 0) return changes
  const isSame = ({ path, at }: KnownFile, other: KnownFile): boolean => path === other.path || at === other.at
  if (before.length === after.length && before.every((file, i) => isSame(file, after[i]!))) return []
  const order = after.map(({ path }) => path).join(', ')
  return [`the input files are in another order, or repeated another number of times: ${order}`]
}

function inputChange ({ path, bytes, modified }: KnownFile, now: KnownFile | undefined): string[] {
  if (now === undefined) return [`${path}: is no longer an input`]
  if (now.bytes !== bytes) return [`${path}: had ${bytes} bytes, has ${now.bytes}`]
  if (now.modified === modified) return []
  const advice = `if only its time differs: touch -d ${modified}`
  return [`${path}: was changed at ${modified}, then at ${now.modified} (${advice})`]
}

/** How output files have changed: those that are missing, or have another size. */
export async function fileChanges (files: ReadonlyArray<z.output<typeof writtenFile>>): Promise<string[]> {
  const changes = await allInOrder(files.map(async ({ path, bytes }) => {
    const there = await stat(path).catch(() => null)
    if (there === null) return [`${path} is not there`]
    return there.size === bytes ? [] : [`${path} has ${there.size} bytes, expected ${bytes}`]
  }))
  return changes.flat()
}
