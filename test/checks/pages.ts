/** The blocks of Python in the pages, run unchanged. */
import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../lib/package.ts'
import { ownData } from '../own-data.ts'
import { blocksIn, shellLines, userPages } from '../pages.ts'
import type { Checks } from './checks.ts'

const PYTHON = '/usr/bin/python3'

/** The modules that a program imports. */
function modulesOf (code: string): string[] {
  return [...new Set([...code.matchAll(/^(?:import|from) (\w+)/gm)].map(([, name]) => name!))]
}

function run (code: string, cwd: string): { readonly passed: boolean, readonly printed: string } {
  const { status, stdout, stderr, error } = spawnSync(PYTHON, ['-c', code], { cwd, encoding: 'utf8' })
  return { passed: status === 0 && stdout !== '', printed: error?.message ?? stdout + stderr }
}

/** Makes the data that the README uses: shards in `data/my`, by the commands that it shows. */
async function makeOwnData (folder: string): Promise<void> {
  writeFileSync(join(folder, 'my.parquet'), await ownData())
  const program = join(packageRoot(), 'dist/recipes/cli/main.js')
  const [shown] = blocksIn('README.md').filter(({ code }) => code.includes('my.parquet'))
  for (const [args] of shellLines(shown!)) {
    execFileSync(process.execPath, [program, ...args!], { cwd: folder, stdio: 'ignore' })
  }
}

/** @param folder in which the quickstart has run */
export async function judgePages (checks: Checks, folder: string): Promise<void> {
  await makeOwnData(folder)
  const blocks = userPages().flatMap(page => blocksIn(page))
  for (const { place, code } of blocks.filter(({ language }) => language === 'python')) {
    const missing = modulesOf(code).find(name => !run(`import ${name}; print(1)`, folder).passed)
    if (missing !== undefined) {
      checks.skip(`Python in ${place}`, `the module ${missing} is not installed for ${PYTHON}`)
      continue
    }
    const { passed, printed } = run(code, folder)
    checks.check(`Python in ${place} runs`, passed)
    if (!passed) console.log(printed)
  }
}
