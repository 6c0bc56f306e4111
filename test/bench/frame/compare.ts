import { execFile, execFileSync } from 'node:child_process'
import { cp, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../../../lib/package.ts'
import { freshFolder } from '../command.ts'
import { WrongCall } from './arguments.ts'
import type { Row, RowResult } from './row.ts'
import { type Bench, inTurn, runWork } from './run.ts'

/** The rows of sluice in this checkout and at another commit. */
export interface Compared {
  /** The commit as git abbreviates it. */
  readonly commit: string
  /** Rows of two sides each: this checkout, and the other commit. */
  readonly rows: readonly RowResult[]
}

/** Another commit, built. */
export interface OtherCommit {
  readonly commit: string
  readonly root: string
  /** Synchronous, so that it can run at the end of the process. */
  readonly remove: () => void
}

const run = promisify(execFile)

/**
 * Builds a commit in a git worktree in a temporary folder, with the packages and the benchmarks of this checkout. So
 * both sides do the same work on the same text.
 *
 * @throws WrongCall if there is no such commit
 */
export async function buildCommit (name: string, folder: string): Promise<OtherCommit> {
  const here = packageRoot()
  const root = join(folder, 'other')
  const commit = await abbreviated(name, here)
  await run('git', ['worktree', 'add', '--detach', '--quiet', root, commit], { cwd: here })
  const remove = (): void => { execFileSync('git', ['worktree', 'remove', '--force', root], { cwd: here }) }
  try {
    await symlink(join(here, 'node_modules'), join(root, 'node_modules'))
    await rm(join(root, 'test', 'bench'), { recursive: true, force: true })
    await cp(join(here, 'test', 'bench'), join(root, 'test', 'bench'), { recursive: true })
    await run('npm', ['run', '-s', 'build'], { cwd: root })
    return { commit, root, remove }
  } catch (error) {
    remove()
    throw error
  }
}

async function abbreviated (name: string, cwd: string): Promise<string> {
  try {
    const { stdout } = await run('git', ['rev-parse', '--verify', '--quiet', '--short=12', `${name}^{commit}`], { cwd })
    return stdout.trim()
  } catch (cause) {
    throw new WrongCall(`--compare: git knows no commit ${name}`, { cause })
  }
}

/** Measures a row of sluice here and at the other commit, in turn; returns a row for each side. @throws Missing */
export async function compareRow (row: Row, bench: Bench, other: OtherCommit): Promise<RowResult[]> {
  const { inputs, tell } = bench
  const { bytes, sides } = await row.prepare(inputs)
  const results: RowResult[] = []
  for (const { name, kind, work } of sides.filter(({ kind }) => kind === 'sluice')) {
    const { samples, failed } = await inTurn([packageRoot(), other.root].map(root => async () => {
      await freshFolder(inputs.output)
      return await runWork(work, inputs, root)
    }), bench, i => i === 1)
    const { about, corpus, of } = row
    const label = `${row.name}, ${name}`
    const skipped = failed.map(([, error]) => `${label}: ${other.commit} can't run it: ${error}`)
    skipped.forEach(reason => { tell(`skipped: ${reason}`) })
    const names = [name, other.commit]
    const compared = skipped.length > 0 ? [] : samples.map((samples, i) => ({ name: names[i]!, kind, samples }))
    results.push({ name: row.name, about, corpus, of, bytes, sides: compared, skipped })
  }
  return results
}
