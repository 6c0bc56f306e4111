import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A comment that keeps a file from sharing its process, followed by the reason. */
const ALONE = /^\/\/ Runs alone: /m

/**
 * The files that each process runs. Files share a process, so that Node, tap and our modules are loaded, and compiled,
 * once for each job.
 *
 * @param files built files, relative to the checkout
 * @param jobs the number of concurrent processes
 */
export function groupsOf (root: string, files: readonly string[], jobs: number): string[][] {
  const alone = new Set(files.filter(file => runsAlone(join(root, file))))
  const others = files.filter(file => !alone.has(file))
  // Adjacent ones, because they use the same modules: dealt in turns, they take 15 % more CPU time.
  const size = Math.ceil(others.length / jobs)
  const shared = Array.from({ length: jobs }, (_, job) => others.slice(job * size, (job + 1) * size))
  return [...[...alone].map(file => [file]), ...shared].filter(group => group.length > 0)
}

function runsAlone (path: string): boolean {
  return ALONE.test(readFileSync(path, 'utf8'))
}

/** Returns `test/lib/output/lock.test.ts` for `…/dist/test/lib/output/lock.test.js`. */
export function sourceOf (path: string): string {
  return path.replace(/^(?:.*[\\/])?dist[\\/]/, '').replace(/\.js$/, '.ts')
}
