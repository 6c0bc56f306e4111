import { join, relative, sep } from 'node:path'
import { packageRoot } from '../../lib/package.ts'

/**
 * How to call `sluice` in a shell, in the working directory: by npx where the package is installed, else, as in a
 * checkout, by its script.
 */
export function calledAs (root = packageRoot()): string {
  const isInstalled = root.split(sep).includes('node_modules')
  return isInstalled ? 'npx sluice' : `node ${quoted(relative('.', join(root, 'dist', 'recipes', 'cli', 'main.js')))}`
}

/** A path as a word of a shell. */
function quoted (path: string): string {
  return /^[\w./\\:@%+=-]+$/.test(path) ? path : `'${path.replaceAll('\'', '\'\\\'\'')}'`
}
