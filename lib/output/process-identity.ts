import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { z } from 'zod'
import { isRunning } from './output.ts'

/**
 * Identifies a process, so that another one can check later whether it still runs. Values that only Linux has are null
 * elsewhere.
 */
export const processIdentity = z.object({
  pid: z.int32().positive(),
  /**
   * The host name. Machines that write to the same folder must have different names, as processes can only be checked
   * on their own machine.
   */
  host: z.string(),
  /** Changes each time the machine boots. */
  boot: z.string().nullable(),
  /** Containers on one machine, even with one host name, have separate process ids. */
  pid_namespace: z.string().nullable(),
  /** Start of the process, in clock ticks since boot: differs if another process has got the same pid. */
  started: z.int().nullable()
})

export type ProcessIdentity = Readonly<z.infer<typeof processIdentity>>

let identity: Promise<ProcessIdentity> | undefined

/** The identity of this process. */
export async function thisProcess (): Promise<ProcessIdentity> {
  return await (identity ??= readIdentity())
}

async function readIdentity (): Promise<ProcessIdentity> {
  const own = await statusOf('self')
  return {
    pid: process.pid,
    host: hostname(),
    boot: await readable(async () => (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()),
    pid_namespace: await readable(() => readlink('/proc/self/ns/pid')),
    started: own?.pid === process.pid ? own.started : null // /proc may be that of another container
  }
}

/**
 * Whether a process is still running. No clock is used, as clocks may be wrong. `unknown`: it is on another machine or
 * in another container, or its pid is in use, possibly by another process.
 */
export async function stateOf (there: ProcessIdentity): Promise<'running' | 'gone' | 'unknown'> {
  const here = await thisProcess()
  if (there.host !== here.host) return 'unknown'
  if (differ(there.boot, here.boot)) return 'gone'
  if (differ(there.pid_namespace, here.pid_namespace)) return 'unknown'
  if (there.pid !== here.pid && !isRunning(there.pid)) return 'gone'
  const now = here.started === null ? null : await statusOf(there.pid)
  if (now === null) return 'unknown'
  if (now.hasEnded || differ(there.started, now.started)) return 'gone'
  return there.started === null ? 'unknown' : 'running'
}

interface ProcessStatus {
  readonly pid: number
  readonly started: number
  /** Whether it is a zombie: ended, but not reaped by its parent, which in a container may never happen. */
  readonly hasEnded: boolean
}

/**
 * Reads fields 1, 3, 20 and 22 of `/proc/<pid>/stat` (proc_pid_stat(5)). Field 2, the program name, may have any
 * characters.
 */
async function statusOf (pid: number | 'self'): Promise<ProcessStatus | null> {
  const stat = await readable(() => readFile(`/proc/${pid}/stat`, 'utf8'))
  if (stat === null) return null
  const fromThird = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, threads, started] = [fromThird[0], Number(fromThird[17]), Number(fromThird[19])]
  // Other threads of a zombie may still be writing.
  return { pid: Number.parseInt(stat), started, hasEnded: state === 'Z' && threads <= 1 }
}

async function readable<T> (read: () => Promise<T>): Promise<T | null> {
  try {
    return await read()
  } catch {
    return null
  }
}

function differ<T> (a: T | null, b: T | null): boolean {
  return a !== null && b !== null && a !== b
}
