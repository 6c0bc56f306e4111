/** Stops runs once there is a checkpoint. */
import { existsSync } from 'node:fs'
import { failure } from './helpers.ts'

/** Stops a run by its signal once a file of this name exists; returns the run's error. */
export async function stoppedAt (path: string, run: (signal: AbortSignal) => Promise<unknown>): Promise<unknown> {
  const stop = new AbortController()
  const looking = setInterval(() => { if (existsSync(path)) stop.abort() }, 1)
  return await failure(run(stop.signal)).finally(() => { clearInterval(looking) })
}
