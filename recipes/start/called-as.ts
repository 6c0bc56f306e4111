import { join, relative, sep } from 'node:path'
import { packageRoot } from '../../lib/package.ts'
import { shellWord } from '../../lib/text/shell-word.ts'

/**
 * How to call `sluice` in a shell, in the working directory: by npx where the package is installed, else, as in a
 * checkout, by its script.
 */
export function calledAs (root = packageRoot()): string {
  const isInstalled = root.split(sep).includes('node_modules')
  if (isInstalled) return 'npx sluice'
  return `node ${shellWord(relative('.', join(root, 'dist', 'recipes', 'cli', 'main.js')))}`
}
