import { setImmediate } from 'node:timers/promises'

/** One complete run of the work to measure. */
export type Run = () => Promise<void>

/** A run that measures itself and returns its seconds. */
export type TimedRun = () => Promise<number>

/** The times of all runs of one job. */
export interface Times {
  /** Seconds of the fastest run: other load on the machine only makes a run slower. */
  readonly best: number
  /** Seconds of each run, in order. */
  readonly seconds: readonly number[]
}

/** Times `count` runs, after one warm-up run that isn't counted. */
export async function measure (run: Run, count: number): Promise<Times> {
  const [times] = await alternate([run], count)
  return times!
}

/**
 * Times `count` runs of each in turn (A B A B …), after one round that isn't counted. A temporary slowdown of the
 * machine then affects all of them.
 */
export async function alternate (runs: readonly Run[], count: number): Promise<Times[]> {
  return await alternateTimed(runs.map(run => async () => {
    const started = performance.now()
    await run()
    return (performance.now() - started) / 1000
  }), count)
}

/** Like `alternate`, for runs that measure themselves. @param warmUps rounds that aren't counted */
export async function alternateTimed (
  runs: readonly TimedRun[],
  count: number,
  { warmUps = 1 }: { readonly warmUps?: number } = {}
): Promise<Times[]> {
  const seconds: number[][] = runs.map(() => [])
  for (let round = 1 - warmUps; round <= count; round++) {
    for (const [i, run] of runs.entries()) {
      await setImmediate() // let the event loop handle Ctrl-C: a run in memory never returns to it
      const taken = await run()
      if (round > 0) seconds[i]!.push(taken)
    }
  }
  return seconds.map(each => ({ best: Math.min(...each), seconds: each }))
}

/** CPU seconds of work in this process, which depend little on other load on the machine. */
export function cpuSeconds (work: () => void): number {
  const started = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(started)
  return (user + system) / 1e6
}

/** Cells of a table: MB/s, seconds of the fastest run and of the slowest one. */
export function cellsOf (bytes: number, { best, seconds }: Times): string[] {
  return [(bytes / 1e6 / best).toFixed(1), best.toFixed(3), Math.max(...seconds).toFixed(3)]
}

export function jsonOfTimes (bytes: number, { best, seconds }: Times): object {
  return { mb_per_second: bytes / 1e6 / best, best_seconds: best, seconds }
}
