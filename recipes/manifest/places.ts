import { join, resolve } from 'node:path'
import { foldersAbove, realPlace, shardFolders } from '../jobs/places.ts'
import type { Mistake, Place } from './mistake.ts'

/** An output folder or file as a manifest names it, and the place in the manifest. */
interface NamedPath {
  readonly place: Place
  readonly path: string
  readonly isShards?: boolean
}

interface Written extends NamedPath {
  /** The real path. */
  readonly at: string
  readonly isShards: boolean
}

/**
 * The mistakes in the output paths of a manifest: a folder inside a folder of shards, or stats and rejects among
 * shards. One part of the run would overwrite or delete the output of another. Links are followed.
 *
 * @param placeOf the place of a component in the manifest
 */
export function misplaced (
  content: unknown, components: readonly unknown[], placeOf: (index: number) => Place
): Mistake[] {
  const named = [
    ...textsIn(content, [], ['tokenizer_output_dir']),
    ...components.flatMap((component, i) => foldersOf(component, placeOf(i)))
  ]
  const folders = named.map(({ isShards = false, ...folder }): Written => {
    return { ...folder, at: realPlace(folder.path), isShards }
  })
  const byPlace = new Map<string, Written[]>()
  for (const folder of folders) byPlace.set(folder.at, [...byPlace.get(folder.at) ?? [], folder])
  const mistakes: Mistake[] = []
  const note = (place: Place, message: string): void => { mistakes.push({ place, at: 'value', message }) }
  for (const inner of folders) {
    const outer = foldersAbove(inner.at).flatMap(above => byPlace.get(above) ?? []).find(({ isShards }) => isShards)
    if (outer !== undefined) {
      const outerIs = `${outer.path}, which is ${nameOf(outer.place)} of this mixture`
      note(inner.place, `${inner.path} is in ${outerIs}; expected separate folders`)
    }
    const isOther = (path: string): boolean => !inner.isShards || resolve(path) !== resolve(inner.path)
    const same = byPlace.get(inner.at)!.find(({ isShards, path }) => isShards && isOther(path))
    if (same !== undefined) {
      const mistake = `${inner.path} is the same folder as ${same.path}`
      note(inner.place, `${mistake}, expected a separate folder for each component`)
    }
  }
  const shards = shardFolders(folders.flatMap(({ isShards, path }) => isShards ? [path] : []))
  const rejects = components.flatMap((component, i) => textsIn(component, placeOf(i), ['rejects']))
  for (const { place, path } of [...textsIn(content, [], ['stats']), ...rejects]) {
    const why = shards.refusal(realPlace(path))
    if (why !== null) note(place, `${path}: ${why}; name another file`)
  }
  return mistakes
}

function foldersOf (component: unknown, at: Place): NamedPath[] {
  return [...shardsOf(component, at), ...textsIn(component, at, ['raw_dir', 'filtered_dir'])]
}

function shardsOf (component: unknown, at: Place): NamedPath[] {
  const name = textsIn(component, at, ['name'])[0]?.path
  const requested = textsIn(component, at, ['output_dir'])
  if (requested.length > 0) return requested.map(found => ({ ...found, isShards: true }))
  if (name === undefined || /[/\\]/.test(name)) return []
  return [{ place: at, path: join('data', 'shards', name), isShards: true }]
}

/** The texts that a mapping has under these keys. */
function textsIn (given: unknown, at: Place, keys: readonly string[]): NamedPath[] {
  return keys.flatMap(key => {
    const path = typeof given === 'object' && given !== null ? (given as Record<string, unknown>)[key] : undefined
    return typeof path === 'string' && path !== '' && !path.includes('\0') ? [{ place: [...at, key], path }] : []
  })
}

function nameOf (place: Place): string {
  const key = place.at(-1)
  return `the ${typeof key === 'string' ? key : 'default output_dir'}`
}
