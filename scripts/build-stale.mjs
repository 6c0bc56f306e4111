// Builds the package, unless the built files are newer than their sources, as they are after `npm ci`.
import { execFileSync } from 'node:child_process'
import { staleness } from './stale.mjs'

const { areKernelsOld, oldSources } = staleness(['package-lock.json', 'tsconfig.json', 'tsconfig.build.json'])
if (areKernelsOld() || oldSources(['lib', 'sources', 'transforms', 'sinks', 'recipes']).length > 0) {
  execFileSync('npm', ['run', '-s', 'build'], { stdio: 'inherit' })
}
