import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Files that are beside each other share a process, so that Node, tap and our modules are loaded once; so many, that
 * all cores have some.
 */
const MOST_FILES = 12

/** What a file says that may not share its process, before the reason. */
const ALONE = /^\/\/ Runs alone: /m

/** The files that each process runs. @param files as they were built, relative to the checkout */
export function groupsOf (root: string, files: readonly string[]): string[][] {
  const alone = new Set(files.filter(file => runsAlone(join(root, file))))
  const others = files.filter(file => !alone.has(file))
  const groups = [...alone].map(file => [file])
  for (let at = 0; at < others.length; at += MOST_FILES) groups.push(others.slice(at, at + MOST_FILES))
  return groups
}

function runsAlone (path: string): boolean {
  return ALONE.test(readFileSync(path, 'utf8'))
}

/** `test/lib/output/lock.test.ts` of `…/dist/test/lib/output/lock.test.js`. */
export function sourceOf (path: string): string {
  return path.replace(/^(?:.*[\\/])?dist[\\/]/, '').replace(/\.js$/, '.ts')
}
