import { join, relative, sep } from 'node:path'
import { packageRoot } from '../../lib/package.ts'
import { shellWord } from '../../lib/text/shell-word.ts'

/**
 * The command that calls `sluice` in the working directory: npx if the package is installed, otherwise (in a checkout)
 * node with the path of its script.
 */
export function calledAs (root = packageRoot()): string {
  const isInstalled = root.split(sep).includes('node_modules')
  if (isInstalled) return 'npx sluice'
  return `node ${shellWord(relative('.', join(root, 'dist', 'recipes', 'cli', 'main.js')))}`
}
