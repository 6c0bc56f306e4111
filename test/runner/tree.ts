import { type Dirent, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The state that tests may not change: each file and folder of a checkout, except those of git and npm, with values
 * that change with each write.
 */
export function treeOf (root: string): ReadonlyMap<string, string> {
  const tree = new Map<string, string>()
  const visit = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (path === '.git' || path === 'node_modules') continue
      tree.set(path, stateOf(join(root, path), entry))
      if (entry.isDirectory()) visit(path)
    }
  }
  visit('')
  return tree
}

/** A folder's modification time also changes if a file is created in it and deleted again. */
function stateOf (path: string, entry: Dirent): string {
  const { ino, size, mtimeMs } = lstatSync(path)
  return entry.isDirectory() ? String(mtimeMs) : `${ino} ${size} ${mtimeMs}`
}

/** The paths by which two trees differ. */
export function changesBetween (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter(path => before.get(path) !== after.get(path)).sort()
}
