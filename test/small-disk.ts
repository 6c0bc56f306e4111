import { execFileSync, spawnSync } from 'node:child_process'

/** A separate file system, in memory. */
export interface SmallDisk {
  readonly unmount: () => void
}

/** Mounts one on a folder; returns the reason if none can be mounted. @param options for `mount -o` */
export function mountDisk (folder: string, options: string): SmallDisk | string {
  const { status, stderr, error } = spawnSync(
    'mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { encoding: 'utf8' }
  )
  if (status !== 0) return `no file system can be mounted here: ${error?.message ?? stderr.trim()}`
  return { unmount: () => { execFileSync('umount', ['-l', folder]) } }
}
