import { join } from 'node:path'

/** A part of a value that may have mistakes elsewhere. Mistakes in the part are reported anyway. */
export function partOf (given: unknown, key: string): unknown {
  return typeof given === 'object' && given !== null ? (given as Record<string, unknown>)[key] : undefined
}

/** A list that may have mistakes elsewhere. */
export function listOf (given: unknown): unknown[] {
  return Array.isArray(given) ? given : []
}

/** The folder of a component's shards where the manifest names none. */
export function defaultOutputDir (name: string): string {
  return join('data', 'shards', name)
}

/** The folder of a component's shards; undefined if the component has no name. */
export function outputDirOf (component: unknown): unknown {
  const name = partOf(component, 'name')
  return partOf(component, 'output_dir') ?? (typeof name === 'string' ? defaultOutputDir(name) : undefined)
}
