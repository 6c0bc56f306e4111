import { setTimeout } from 'node:timers/promises'

/** Resident memory, after garbage collection of this thread. Needs `--expose-gc`. */
export async function residentBytes (): Promise<number> {
  if (globalThis.gc === undefined) throw new Error('expected --expose-gc')
  // Freed memory is returned to the system over several turns of the event loop.
  for (let i = 0; i < 4; i++) {
    globalThis.gc()
    await setTimeout(20)
  }
  return process.memoryUsage.rss()
}
