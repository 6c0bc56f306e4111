/** File systems of their own, for tests: real ones, small, where they can be mounted. */
import { execFileSync, spawnSync } from 'node:child_process'
import type { Test } from 'tap'
import { temporaryFolder } from './helpers.ts'

/** A file system of its own, unmounted at the test's end; null, and the test skipped, where none can be mounted. */
export function smallDisk (t: Test, options: string): string | null {
  const folder = temporaryFolder(t)
  const { status, stderr, error } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { encoding: 'utf8' })
  if (status !== 0) {
    t.pass('a disk of its own', { skip: `no file system can be mounted here: ${error?.message ?? stderr.trim()}` })
    return null
  }
  t.teardown(() => { execFileSync('umount', ['-l', folder]) })
  return folder
}

/** Makes a file system of `smallDisk` read-only (`ro`), or writable again (`rw`). */
export function remount (folder: string, as: 'ro' | 'rw'): void {
  execFileSync('mount', ['-o', `remount,${as}`, folder])
}
