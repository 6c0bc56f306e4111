import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A comment that keeps a file from sharing its process, followed by the reason. */
const ALONE = /^\/\/ Runs alone: /m

/** The maximum number of files in a process: what each leaves in memory makes the collection of garbage slower. */
const MOST_FILES = 24

/**
 * The files that each process runs. Files share a process, so that Node, tap and our modules are loaded, and compiled,
 * a few times only.
 *
 * @param files built files, relative to the checkout
 * @param jobs the number of concurrent processes
 */
export function groupsOf (root: string, files: readonly string[], jobs: number): string[][] {
  const alone = new Set(files.filter(file => runsAlone(join(root, file))))
  const others = files.filter(file => !alone.has(file))
  // Adjacent ones, because they use the same modules: dealt in turns, they take 15 % more CPU time.
  const size = Math.min(Math.ceil(others.length / jobs), MOST_FILES)
  const count = Math.ceil(others.length / size)
  const shared = Array.from({ length: count }, (_, i) => others.slice(i * size, (i + 1) * size))
  return [...[...alone].map(file => [file]), ...shared].filter(group => group.length > 0)
}

function runsAlone (path: string): boolean {
  return ALONE.test(readFileSync(path, 'utf8'))
}

/** Returns `test/lib/output/lock.test.ts` for `…/dist/test/lib/output/lock.test.js`. */
export function sourceOf (path: string): string {
  return path.replace(/^(?:.*[\\/])?dist[\\/]/, '').replace(/\.js$/, '.ts')
}
