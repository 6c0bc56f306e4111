/** How a job ended. */
export type Outcome<T> =
  | { readonly name: string, readonly result: T }
  | { readonly name: string, readonly error: unknown }

/** Work with a name, such as a component of a mixture. */
export interface Task<T> {
  readonly name: string
  readonly run: () => Promise<T>
}

/**
 * Runs jobs, at most `atOnce` of them at a time. A job that fails doesn't stop the others.
 *
 * @returns how each ended, in the order of the jobs
 */
export async function schedule<T> (jobs: ReadonlyArray<Task<T>>, atOnce: number): Promise<Array<Outcome<T>>> {
  if (jobs.length === 1) return [await outcomeOf(jobs[0]!)] // loading highland takes 50 ms
  const { default: highland } = await import('highland')
  const outcomes = await highland([...jobs])
    .map(job => highland(outcomeOf(job)))
    .mergeWithLimit(atOnce)
    .collect()
    .toPromise(Promise)
  return jobs.map(({ name }) => outcomes.find(outcome => outcome.name === name)!)
}

async function outcomeOf<T> ({ name, run }: Task<T>): Promise<Outcome<T>> {
  try {
    return { name, result: await run() }
  } catch (error) {
    return { name, error }
  }
}
