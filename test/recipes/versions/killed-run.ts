/**
 * A run that makes a version and kills itself: `MANIFEST VERSIONS RUNS COUNT`. It is killed before it changes the name
 * of a file for the COUNTth time; it ends if there are fewer such changes.
 */
import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

const [manifest, versions, runsDir, count] = process.argv.slice(2)
let left = Number(count)

for (const name of ['rename', 'link', 'symlink', 'mkdir', 'unlink', 'rm'] as const) {
  const original = fs[name] as (...args: unknown[]) => Promise<unknown>
  Object.assign(fs, {
    [name]: (...args: unknown[]) => {
      if (--left === 0) process.kill(process.pid, 'SIGKILL')
      return original(...args)
    }
  })
}
syncBuiltinESMExports()

const { run } = await import('../../../recipes/run.ts')
const { fixture } = await import('../../helpers.ts')
await run(manifest!, {
  ifChanged: true,
  versions,
  runsDir,
  tokenizerPath: fixture('tiny.model'),
  inventory: `${versions}.md`,
  workers: 1,
  keep: 1
})
process.stdout.write(String(Number(count) - left))
