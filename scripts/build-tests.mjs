// Builds the sources and tests that have changed since the last build. Each file is compiled separately, and types are
// not checked. This is a few seconds faster than `tsc --noCheck`, and much faster if little has changed.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { staleness } from './stale.mjs'

// If the settings or the compiler have changed, everything is compiled again.
const { areKernelsOld, oldSources } = staleness(['package-lock.json', 'tsconfig.json', import.meta.filename])

if (areKernelsOld()) execFileSync('npm', ['run', '-s', 'kernels'], { stdio: 'inherit' })

const stale = oldSources(['lib', 'sources', 'transforms', 'sinks', 'recipes', 'test'])
if (stale.length > 0) {
  const { default: ts } = await import('typescript')
  const { compilerOptions } = ts.readConfigFile('tsconfig.json', ts.sys.readFile).config
  const { options } = ts.convertCompilerOptionsFromJson(compilerOptions, '.')
  // Compiled separately, a file doesn't show that the package has ES modules. Source maps are for `npm run coverage`.
  const settings = {
    ...options,
    module: ts.ModuleKind.ES2022,
    moduleDetection: ts.ModuleDetectionKind.Force,
    sourceMap: false,
    declaration: false
  }
  for (const [path, output] of stale) {
    const { outputText } = ts.transpileModule(readFileSync(path, 'utf8'), { fileName: path, compilerOptions: settings })
    mkdirSync(dirname(output), { recursive: true })
    writeFileSync(output, outputText)
  }
}
if (stale.some(([path]) => !path.startsWith('test'))) await import('./write-schema.mjs')
await import('./make-executable.mjs')
