/** Separate file systems for tests: real ones, small, if they can be mounted. */
import { execFileSync } from 'node:child_process'
import type { Test } from 'tap'
import { temporaryFolder } from './helpers.ts'
import { mountDisk } from './small-disk.ts'

/** A separate file system, unmounted at the test's end; null, with the test skipped, if none can be mounted. */
export function smallDisk (t: Test, options: string): string | null {
  const folder = temporaryFolder(t)
  const disk = mountDisk(folder, options)
  if (typeof disk === 'string') {
    t.pass('a mounted test disk', { skip: disk })
    return null
  }
  t.teardown(disk.unmount)
  return folder
}

/** Makes a file system of `smallDisk` read-only (`ro`), or writable again (`rw`). */
export function remount (folder: string, as: 'ro' | 'rw'): void {
  execFileSync('mount', ['-o', `remount,${as}`, folder])
}
