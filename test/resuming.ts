/** Stops runs once there is a checkpoint. */
import { existsSync, readFileSync } from 'node:fs'
import { failure } from './helpers.ts'

/** Stops a run by its signal once a file of this name exists; returns the run's error. */
export async function stoppedAt (path: string, run: (signal: AbortSignal) => Promise<unknown>): Promise<unknown> {
  return await stoppedWhen(() => existsSync(path), run)
}

/** Stops a run by its signal once a checkpoint has a state to resume from; returns the run's error. */
export async function stoppedInFlow (
  path: () => string | undefined, run: (signal: AbortSignal) => Promise<unknown>
): Promise<unknown> {
  const hasFlow = (file: string): boolean => existsSync(file) && !readFileSync(file, 'utf8').includes('"flow":null')
  return await stoppedWhen(() => hasFlow(path() ?? ''), run)
}

async function stoppedWhen (isTime: () => boolean, run: (signal: AbortSignal) => Promise<unknown>): Promise<unknown> {
  const stop = new AbortController()
  const looking = setInterval(() => { if (isTime()) stop.abort() }, 1)
  return await failure(run(stop.signal)).finally(() => { clearInterval(looking) })
}
