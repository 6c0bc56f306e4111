import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Files of a folder share a process, so that Node, tap and our modules are loaded once; so many, that all cores have some. */
const MOST_FILES = 8

/** What a file says that may not share its process, before the reason. */
const ALONE = /^\/\/ Runs alone: /m

/** The files that each process runs. @param files as they were built, relative to the checkout */
export function groupsOf (root: string, files: readonly string[]): string[][] {
  const groups: string[][] = []
  const lastOf = new Map<string, string[]>()
  for (const file of files) {
    const last = lastOf.get(dirname(file))
    const isAlone = runsAlone(join(root, file))
    if (!isAlone && last !== undefined && last.length < MOST_FILES) {
      last.push(file)
      continue
    }
    const group = [file]
    groups.push(group)
    if (!isAlone) lastOf.set(dirname(file), group)
  }
  return groups
}

function runsAlone (path: string): boolean {
  return ALONE.test(readFileSync(path, 'utf8'))
}

/** `test/lib/output/lock.test.ts` of `…/dist/test/lib/output/lock.test.js`. */
export function sourceOf (path: string): string {
  return path.replace(/^(?:.*[\\/])?dist[\\/]/, '').replace(/\.js$/, '.ts')
}
