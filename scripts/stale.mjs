// Which built files are older than what they are made of.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** The compiled kernels of lib/kernels. */
const KERNEL = 'dist/lib/kernels/fasttext.wasm'

/** When a file was last written; 0 where there is none. */
const writtenAt = path => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
const filesIn = folder => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(name => join(folder, name))

/** @param tools files that all others are built with: where one is newer, everything is old */
export function staleness (tools) {
  const toolsAt = Math.max(...tools.map(writtenAt))
  /** Whether a file is missing, or not newer than each of those that it is made of. */
  const isOld = (output, ...inputs) => writtenAt(output) <= Math.max(toolsAt, ...inputs.map(writtenAt))
  return {
    /** Whether the kernels are. */
    areKernelsOld: () => isOld(KERNEL, ...filesIn('lib/kernels')),
    /** The sources of some folders that have to be compiled: `[source, output]` each. */
    oldSources: folders => folders.flatMap(filesIn)
      .filter(path => /(?<!\.d)\.ts$/.test(path) && !/^lib[\\/]kernels[\\/][^\\/]+[\\/]/.test(path)) // AssemblyScript
      .map(path => [path, join('dist', path.replace(/\.ts$/, '.js'))])
      .filter(([path, output]) => isOld(output, path))
  }
}
