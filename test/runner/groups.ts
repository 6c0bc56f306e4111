import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A comment that keeps a file from sharing its process, followed by the reason. */
const ALONE = /^\/\/ Runs alone: /m

/** The maximum number of files in a process: what each leaves in memory makes the collection of garbage slower. */
const MOST_FILES = 24

/** The minimum number of files in a process, except for the last one: loading tap takes half a second. */
const FEWEST_FILES = 12

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
  const shared: string[][] = []
  for (let from = 0; from < others.length; from += shared.at(-1)!.length) {
    shared.push(others.slice(from, from + sizeOf(others.length - from, jobs)))
  }
  return [...[...alone].map(file => [file]), ...shared].filter(group => group.length > 0)
}

/** The number of files in the next group. The last groups are smaller, so that all processes end at about one time. */
function sizeOf (left: number, jobs: number): number {
  return Math.min(MOST_FILES, Math.max(FEWEST_FILES, Math.ceil(left / jobs / 2)))
}

function runsAlone (path: string): boolean {
  return ALONE.test(readFileSync(path, 'utf8'))
}

/** Returns `test/lib/output/lock.test.ts` for `…/dist/test/lib/output/lock.test.js`. */
export function sourceOf (path: string): string {
  return path.replace(/^(?:.*[\\/])?dist[\\/]/, '').replace(/\.js$/, '.ts')
}
