import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'

/** What the number of cores is found from. */
export interface Machine {
  /** The cores that the system lets this process use. It heeds the affinity, and in newer Node also cgroups. */
  readonly parallelism: () => number
  readonly env: Readonly<Record<string, string | undefined>>
  /** Reads a small file; it throws if there is none. */
  readonly read: (path: string) => string
}

const thisMachine: Machine = {
  parallelism: availableParallelism,
  env: process.env,
  read: path => readFileSync(path, 'utf8')
}

/** How many cores this process may use: the least of what the system, its cgroups and Slurm give it; at least one. */
export function usableCores (machine: Machine = thisMachine): number {
  return Math.max(1, Math.floor(Math.min(machine.parallelism(), slurmCores(machine), cgroupCores(machine))))
}

/** The cores that Slurm gives a task, if the job states it. */
function slurmCores ({ env }: Machine): number {
  const text = env.SLURM_CPUS_PER_TASK?.trim() ?? ''
  return /^[1-9]\d*$/.test(text) ? Number(text) : Infinity
}

/** The least limit of the cgroups of this process and of those around them, as a number of cores. */
function cgroupCores ({ read }: Machine): number {
  const text = (path: string): string => {
    try {
      return read(path)
    } catch {
      return '' // not Linux, or without cgroups
    }
  }
  const mounts = mountsIn(text('/proc/self/mountinfo'))
  const limits = text('/proc/self/cgroup').split('\n').flatMap(line => {
    const [whole, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    if (whole === undefined) return []
    if (controllers === '') {
      return foldersOf(mounts, path, ({ type }) => type === 'cgroup2').map(folder => ofVersion2(folder, text))
    }
    if (!controllers.split(',').includes('cpu')) return []
    const isOurs = ({ type, options }: Mount): boolean => type === 'cgroup' && options.split(',').includes('cpu')
    return foldersOf(mounts, path, isOurs).map(folder => ofVersion1(folder, text))
  })
  return Math.min(Infinity, ...limits)
}

/** A mounted file system. */
interface Mount {
  /** The folder of the file system that is mounted. */
  readonly root: string
  readonly place: string
  readonly type: string
  readonly options: string
}

/**
 * The lines of `/proc/self/mountinfo` (proc_pid_mountinfo(5)): fields 4 and 5, and after a hyphen the type and options.
 */
function mountsIn (text: string): Mount[] {
  return text.split('\n').flatMap(line => {
    const [own = '', rest = ''] = line.split(' - ')
    const [, , , root, place] = own.split(' ').map(unescaped)
    const [type, , options] = rest.split(' ')
    return root === undefined || place === undefined || type === undefined || options === undefined
      ? []
      : [{ root, place, type, options }]
  })
}

/** Spaces in paths are written as `\040`. */
function unescaped (text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}

/**
 * The folders of a cgroup and of all around it, where they are mounted. In a container, the path may be the one on the
 * host, which isn't mounted there; then only the folder of the container's own limit is found.
 */
function foldersOf (mounts: readonly Mount[], path: string, isOurs: (mount: Mount) => boolean): string[] {
  return mounts.filter(isOurs).flatMap(({ root, place }) => {
    const inside = relative(root, path)
    const parts = inside.startsWith('..') ? [] : inside.split('/').filter(part => part !== '')
    return Array.from({ length: parts.length + 1 }, (_, i) => join(place, ...parts.slice(0, i)))
  })
}

type ReadText = (path: string) => string

/** `cpu.max` is `max 100000`, or a quota and a period in microseconds. */
function ofVersion2 (folder: string, text: ReadText): number {
  const [quota, period] = text(join(folder, 'cpu.max')).trim().split(' ')
  return coresOf(Number(quota), Number(period))
}

/** A quota of -1 is no limit. */
function ofVersion1 (folder: string, text: ReadText): number {
  return coresOf(Number(text(join(folder, 'cpu.cfs_quota_us'))), Number(text(join(folder, 'cpu.cfs_period_us'))))
}

function coresOf (quota: number, period: number): number {
  return quota > 0 && period > 0 ? quota / period : Infinity
}
