// Finds the built files that are older than their sources.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** The compiled kernels of lib/kernels. */
const KERNEL = 'dist/lib/kernels/fasttext.wasm'

/** When a file was last written; 0 if it doesn't exist. */
const writtenAt = path => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
const filesIn = folder => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(name => join(folder, name))

/** @param tools files that determine how the others are built: if one is newer, everything is stale */
export function staleness (tools) {
  const toolsAt = Math.max(...tools.map(writtenAt))
  /** Whether a file is missing, or not newer than each of its inputs. */
  const isOld = (output, ...inputs) => writtenAt(output) <= Math.max(toolsAt, ...inputs.map(writtenAt))
  return {
    /** Whether the kernels are stale. */
    areKernelsOld: () => isOld(KERNEL, ...filesIn('lib/kernels')),
    /** The sources in some folders that must be compiled, each as `[source, output]`. */
    oldSources: folders => folders.flatMap(filesIn)
      .filter(path => /(?<!\.d)\.ts$/.test(path) && !/^lib[\\/]kernels[\\/][^\\/]+[\\/]/.test(path)) // AssemblyScript
      .map(path => [path, join('dist', path.replace(/\.ts$/, '.js'))])
      .filter(([path, output]) => isOld(output, path))
  }
}
