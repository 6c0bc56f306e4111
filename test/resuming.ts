/** Runs that are stopped once there is a checkpoint. */
import { existsSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { failure } from './helpers.ts'

/** Stops a run by its signal as soon as there is a file of this name; what the run has failed with. */
export async function stoppedAt (path: string, run: (signal: AbortSignal) => Promise<unknown>): Promise<unknown> {
  const stop = new AbortController()
  let ended = false
  const running = failure(run(stop.signal)).finally(() => { ended = true })
  while (!ended && !existsSync(path)) await setImmediate()
  stop.abort()
  return await running
}
