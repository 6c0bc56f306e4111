import { execFileSync, spawnSync } from 'node:child_process'

/** A file system of its own, in memory. */
export interface SmallDisk {
  readonly unmount: () => void
}

/** Mounts one on a folder; the reason, where none can be mounted. @param options as `mount -o` takes them */
export function mountDisk (folder: string, options: string): SmallDisk | string {
  const { status, stderr, error } = spawnSync(
    'mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { encoding: 'utf8' }
  )
  if (status !== 0) return `no file system can be mounted here: ${error?.message ?? stderr.trim()}`
  return { unmount: () => { execFileSync('umount', ['-l', folder]) } }
}
