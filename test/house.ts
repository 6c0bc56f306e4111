/** The files of the project and their imports, for the tests of the structure. */
import { readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { ROOT, filesIn } from './helpers.ts'

export const FOLDERS = ['lib', 'sources', 'transforms', 'sinks', 'recipes'] as const

/** Files of TypeScript, relative to the checkout; without AssemblyScript, the kernels. */
export function sourcesIn (folder: string): string[] {
  return filesIn(join(ROOT, folder)).map(name => join(folder, name))
    .filter(name => /(?<!\.d)\.ts$/.test(name) && !/^lib\/kernels\/.*\//.test(name))
}

/** For each file the files that it imports, including types and dynamic imports. */
export function importsOf (files: readonly string[]): ReadonlyMap<string, readonly string[]> {
  return new Map(files.map(file => {
    const specifiers = readFileSync(join(ROOT, file), 'utf8').matchAll(/(?:from |import |import\()'(\.[^']+)'/g)
    return [file, [...specifiers].map(([, specifier]) => relative(ROOT, resolve(ROOT, dirname(file), specifier!)))]
  }))
}

/** The group of a file: a folder of `lib`, or another top folder; a loose file of `lib` is a group by itself. */
export function roomOf (file: string): string {
  const [folder, name] = file.split('/')
  return folder === 'lib' ? `lib/${name}` : folder!
}

/** Imports between groups. */
export function roomImports (imports: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, readonly string[]> {
  const rooms = new Map<string, Set<string>>()
  for (const [file, targets] of imports) {
    const room = roomOf(file)
    const others = rooms.get(room) ?? new Set()
    for (const target of targets.map(roomOf)) if (target !== room) others.add(target)
    rooms.set(room, others)
  }
  return new Map([...rooms].map(([room, others]) => [room, [...others]]))
}

/**
 * The layer of each: 1 if it imports nothing, else one above the highest that it imports.
 *
 * @returns layers, and the first import cycle found: its members, or nothing
 */
export function floorsOf (imports: ReadonlyMap<string, readonly string[]>): {
  readonly floors: ReadonlyMap<string, number>
  readonly circle: readonly string[]
} {
  const floors = new Map<string, number>()
  let circle: readonly string[] = []
  const visit = (name: string, path: readonly string[]): number => {
    const known = floors.get(name)
    if (known !== undefined) return known
    if (path.includes(name)) {
      circle = circle.length > 0 ? circle : [...path.slice(path.indexOf(name)), name]
      return 0
    }
    const floor = 1 + Math.max(0, ...(imports.get(name) ?? []).map(other => visit(other, [...path, name])))
    floors.set(name, floor)
    return floor
  }
  for (const name of imports.keys()) visit(name, [])
  return { floors, circle }
}
