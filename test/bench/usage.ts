/** For `node --import`: when the process ends, writes its resource usage to file descriptor 3, as JSON. */
import { readFileSync, writeSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

/** The resource usage of a process, with all of its threads. */
export interface Usage {
  /** The peak of its resident memory. */
  readonly peakBytes: number
  /** CPU time, user and system. Other load on the machine hardly changes it. */
  readonly cpuSeconds: number
  /** The CPU time of the main thread; null if the system doesn't report it. */
  readonly mainSeconds: number | null
}

// Threads inherit the options of their process.
if (isMainThread) process.once('exit', () => { writeSync(3, JSON.stringify(usage())) })

function usage (): Usage {
  const { user, system } = process.cpuUsage()
  const cpuSeconds = (user + system) / 1e6
  if (process.platform !== 'linux') {
    return { peakBytes: process.resourceUsage().maxRSS * 1024, cpuSeconds, mainSeconds: null }
  }
  return {
    // The memory of this program alone: `maxRSS` includes that of the process that started it.
    peakBytes: Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024,
    cpuSeconds,
    mainSeconds: Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e9
  }
}
