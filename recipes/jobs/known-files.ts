import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { z } from 'zod'
import type { InputFile } from '../../lib/bytes.ts'
import { isHubName } from '../../lib/hub/address.ts'
import { type HubRun, type RemoteFile, theHub } from '../../lib/hub/hub.ts'
import type { HubOptions } from '../../lib/hub/settings.ts'
import { documentPath } from '../../lib/input/find.ts'
import { readError } from '../../lib/input/read-error.ts'
import { count } from '../../lib/options.ts'

/** A file as it was when a run had written it. */
export const writtenFile = z.strictObject({ path: z.string(), bytes: count })

/**
 * A file as it was when a run began to read it: its path as ids of documents have it, and where it is. One of the two
 * stays when a corpus is moved, or a command is called from elsewhere.
 */
export const knownFile = writtenFile.extend({
  at: z.string(),
  modified: z.string(),
  /** Of a file on the Hub whose SHA-256 `modified` is: its git blob, for the provenance of a pull that is resumed. */
  oid: z.string().optional()
})

export type KnownFile = Readonly<z.output<typeof knownFile>>

/** Input files, which were found, as they are now: what has changed since is seen. @throws SluiceError `ERR_FILES` */
export async function inputFiles (files: readonly InputFile[]): Promise<KnownFile[]> {
  const remote = await filesOnHub(files.map(({ path }) => path))
  return await Promise.all(files.map(async ({ path }) => {
    const file = remote.get(path)
    if (file !== undefined) return knownOnHub(file)
    const { size, mtime } = await stat(path).catch((error: unknown) => { throw readError(path, 0, error) })
    return { path: documentPath(path), at: resolve(path), bytes: size, modified: mtime.toISOString() }
  }))
}

/** A file on the Hub has no date: its hash tells whether it has changed. */
function knownOnHub ({ name, size, oid, sha256 }: RemoteFile): KnownFile {
  const known = { path: documentPath(name), at: name, bytes: size, modified: sha256 ?? oid }
  return sha256 === null || oid === '' ? known : { ...known, oid }
}

/**
 * Those files that are on the Hub, by name: asked for together, as there may be tens of thousands.
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

/** What has become of input files, by path: with another size or time they are taken for others. */
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

/** What has become of files that were written. */
export async function fileChanges (files: ReadonlyArray<z.output<typeof writtenFile>>): Promise<string[]> {
  const changes = await Promise.all(files.map(async ({ path, bytes }) => {
    const there = await stat(path).catch(() => null)
    if (there === null) return [`${path} is not there`]
    return there.size === bytes ? [] : [`${path} has ${there.size} bytes, expected ${bytes}`]
  }))
  return changes.flat()
}
