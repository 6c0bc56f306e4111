/** For `node --import`: when the process ends, what it has used goes to file descriptor 3, as JSON. */
import { readFileSync, writeSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

/** What a process has used, with all of its threads. */
export interface Usage {
  /** The most that it had of resident memory. */
  readonly peakBytes: number
  /** CPU time, user and system. What else the machine does has little effect on it. */
  readonly cpuSeconds: number
  /** Of it the main thread's; null where the system doesn't tell. */
  readonly mainSeconds: number | null
}

// Threads are started with the options of their process.
if (isMainThread) process.once('exit', () => { writeSync(3, JSON.stringify(usage())) })

function usage (): Usage {
  const { user, system } = process.cpuUsage()
  const cpuSeconds = (user + system) / 1e6
  if (process.platform !== 'linux') {
    return { peakBytes: process.resourceUsage().maxRSS * 1024, cpuSeconds, mainSeconds: null }
  }
  return {
    // Of this program alone: `maxRSS` begins with what the process that started it had.
    peakBytes: Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024,
    cpuSeconds,
    mainSeconds: Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e9
  }
}
