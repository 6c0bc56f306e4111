// Builds what the tests run, sources and tests: what has changed since it was last built. Each file is compiled by itself and
// no types are checked, which takes a few seconds less than `tsc --noCheck` does, and far less where little has changed.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const KERNEL = 'dist/lib/kernels/fasttext.wasm'

/** When a file was last written; 0 where there is none. */
const writtenAt = path => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
const filesIn = folder => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(name => join(folder, name))

// Other settings, or another compiler, make everything anew.
const toolsAt = Math.max(...['package-lock.json', 'tsconfig.json', import.meta.filename].map(writtenAt))
const isOld = (output, ...inputs) => writtenAt(output) <= Math.max(toolsAt, ...inputs.map(writtenAt))

if (isOld(KERNEL, ...filesIn('lib/kernels'))) execFileSync('npm', ['run', '-s', 'kernels'], { stdio: 'inherit' })

const stale = ['lib', 'sources', 'transforms', 'sinks', 'recipes', 'test'].flatMap(filesIn)
  .filter(path => /(?<!\.d)\.ts$/.test(path) && !/^lib[\\/]kernels[\\/][^\\/]+[\\/]/.test(path)) // AssemblyScript
  .map(path => [path, join('dist', path.replace(/\.ts$/, '.js'))])
  .filter(([path, output]) => isOld(output, path))
if (stale.length > 0) {
  const { default: ts } = await import('typescript')
  const { compilerOptions } = ts.readConfigFile('tsconfig.json', ts.sys.readFile).config
  const { options } = ts.convertCompilerOptionsFromJson(compilerOptions, '.')
  // A file by itself doesn't show that the package has ES modules. Maps are for `npm run coverage`.
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
