import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { z } from 'zod'
import { isRunning } from './output.ts'

/** Which process it is, for one that asks later whether it is still there. What only Linux tells is null elsewhere. */
export const processIdentity = z.object({
  pid: z.int32().positive(),
  /** Machines that write to one folder must not share a name: by it, they know that they can't ask for a process. */
  host: z.string(),
  /** Another one after each start of the machine. */
  boot: z.string().nullable(),
  /** Containers of one machine, even of one host name, count their processes each by itself. */
  pid_namespace: z.string().nullable(),
  /** When the process began, in clock ticks since the machine was started: a process that got its pid has another. */
  started: z.int().nullable()
})

export type ProcessIdentity = Readonly<z.infer<typeof processIdentity>>

/** The identity of this process. */
export async function thisProcess (): Promise<ProcessIdentity> {
  const own = await statusOf('self')
  return {
    pid: process.pid,
    host: hostname(),
    boot: await readable(async () => (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()),
    pid_namespace: await readable(() => readlink('/proc/self/ns/pid')),
    started: own?.pid === process.pid ? own.started : null // a /proc of other containers has other processes in it
  }
}

/**
 * Whether a process is still there; no clock is asked, as a clock may be wrong or be set back. `unknown`: it is on
 * another machine or in another container, or its pid is in use and it can't be told by what.
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
  /** Killed, and not yet asked for by its parent, which in a container may never happen. */
  readonly hasEnded: boolean
}

/**
 * Fields 1, 3, 20 and 22 of `/proc/<pid>/stat` (proc_pid_stat(5)); the name of the program, field 2, may have anything
 * in it.
 */
async function statusOf (pid: number | 'self'): Promise<ProcessStatus | null> {
  const stat = await readable(() => readFile(`/proc/${pid}/stat`, 'utf8'))
  if (stat === null) return null
  const fromThird = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, threads, started] = [fromThird[0], Number(fromThird[17]), Number(fromThird[19])]
  // With more, one may still be writing.
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
