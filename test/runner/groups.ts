import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Adjacent files share a process, so that Node, tap and our modules are loaded once. The limit leaves some groups for
 * every core.
 */
const MOST_FILES = 12

/** A comment that keeps a file from sharing its process, followed by the reason. */
const ALONE = /^\/\/ Runs alone: /m

/** The files that each process runs. @param files built files, relative to the checkout */
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

/** Returns `test/lib/output/lock.test.ts` for `…/dist/test/lib/output/lock.test.js`. */
export function sourceOf (path: string): string {
  return path.replace(/^(?:.*[\\/])?dist[\\/]/, '').replace(/\.js$/, '.ts')
}
