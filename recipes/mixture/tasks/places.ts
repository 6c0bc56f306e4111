import { readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { NEXT_FOLDER } from '../../jobs/places.ts'

/** The phases of a plan, in order. */
export const PHASES = ['map', 'decide', 'pack', 'finish'] as const
export type Phase = typeof PHASES[number]

/** A name that sorts like the number. */
function numbered (index: number): string {
  return String(index).padStart(6, '0')
}

/** The plan file of a folder. */
export function planFile (folder: string): string {
  return join(folder, 'plan.json')
}

/** The folders with what tasks store until the plan ends. */
export function storedFolders (folder: string): string[] {
  return ['map', 'decide', 'pack'].map(name => join(folder, name))
}

/** The folder of a component's units. @param index of the component in the manifest */
export function mapFolder (folder: string, index: number): string {
  return join(folder, 'map', numbered(index))
}

/** The marker of a unit. */
export function unitMarker (folder: string, index: number, unit: number): string {
  return join(mapFolder(folder, index), `${numbered(unit)}.json`)
}

/** The folder of what was decided. */
export function decideFolder (folder: string): string {
  return join(folder, 'decide')
}

/** The marker of a component's decision. */
export function decisionMarker (folder: string, index: number): string {
  return join(decideFolder(folder), `${numbered(index)}.json`)
}

/** The marker of a shard. */
export function shardMarker (folder: string, index: number, shard: number): string {
  return join(folder, 'pack', numbered(index), `${numbered(shard)}.json`)
}

/** The marker of the whole plan. */
export function finishMarker (folder: string): string {
  return join(folder, 'finish.json')
}

/** The folder that shards are packed into, before they replace those of a component. */
export function stagingOf (outputDir: string): string {
  return join(outputDir, NEXT_FOLDER)
}

/** The name under which one attempt writes a file; its extension stays, as it says how the file is compressed. */
export function attemptFile (path: string, attempt: string): string {
  return join(dirname(path), `.${attempt}-${basename(path)}`)
}

/** Deletes what attempts that were killed have left of a file. */
export async function deleteAttemptFiles (path: string): Promise<void> {
  const names = await readdir(dirname(path)).catch(() => [])
  const left = names.filter(name => name.slice(14).startsWith(basename(path)) && /^\.[0-9a-f]{12}-/.test(name))
  for (const name of left) await rm(join(dirname(path), name), { force: true })
}

/** The folder that one attempt packs shards into. @param staging as `stagingOf` */
export function attemptFolder (staging: string, attempt: string): string {
  return join(staging, `attempt-${attempt}`)
}

/** Deletes the folders of attempts that were killed while they packed shards. @param staging as `stagingOf` */
export async function deleteAttempts (staging: string): Promise<void> {
  const names = await readdir(staging).catch(() => [])
  for (const name of names.filter(name => /^attempt-[0-9a-f]{12}$/.test(name))) {
    await rm(join(staging, name), { recursive: true, force: true })
  }
}

/** Deletes what the tasks of a plan have stored. @param folder of the plan */
export async function deleteStored (folder: string): Promise<void> {
  for (const path of storedFolders(folder)) await rm(path, { recursive: true, force: true })
}
