import { SluiceError, allInOrder } from '../../lib/errors.ts'
import type { ComponentStatus } from '../components/component.ts'
import type { ShardOptions } from '../components/shard-job.ts'
import { type JobStatus, statusText } from '../jobs/job.ts'
import type { FoundComponent, Mixture } from '../manifest/found.ts'
import { checkPlaces, statusBeforeRun } from './mixture.ts'
import { type RunStep, OUTCOMES } from './steps.ts'

/** The steps of a component, or why it is refused. One refused component stops the run before anything is written. */
export interface ComponentPlan {
  readonly steps: readonly RunStep[]
  readonly error: SluiceError | null
}

/**
 * Plans the components of a manifest, in its order.
 *
 * @param tokenizerPath null if the tokenizer does not exist yet
 * @throws SluiceError as `checkPlaces`
 */
export async function planComponents (
  manifest: Mixture, tokenizerPath: string | null, statsPath: string, options: ShardOptions
): Promise<ComponentPlan[]> {
  await checkPlaces({ manifest, tokenizerPath }, statsPath)
  return await allInOrder(manifest.datasets.map(component => planOf(component, options)))
}

/** The error of the first component that is refused; null if none is. */
export function refusalOf (plans: readonly ComponentPlan[]): SluiceError | null {
  return plans.find(({ error }) => error !== null)?.error ?? null
}

/** The steps of all components if one of them is refused: "left out" for the others. */
export function refusedSteps (plans: readonly ComponentPlan[]): RunStep[] {
  return plans.flatMap(({ steps, error }) => error === null ? steps.map(leftOut) : steps)
}

function leftOut (step: RunStep): RunStep {
  return { ...step, outcome: 'left out', why: 'another component is refused, so nothing is done' }
}

async function planOf (component: FoundComponent, options: ShardOptions): Promise<ComponentPlan> {
  let status: ComponentStatus
  try {
    status = await statusBeforeRun(component, options)
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    return { steps: [{ component: component.name, step: 'process', outcome: 'refused', why: error.message }], error }
  }
  const { name, rawDir, outputDir } = component
  const pull = status.pull === null ? [] : [stepOf(name, 'acquire', status.pull, `copies the documents to ${rawDir!}`)]
  const shards = stepOf(name, 'process', status.shards, `filters, encodes and packs into ${outputDir}`)
  return { steps: [...pull, shards], error: null }
}

function stepOf (component: string, step: RunStep['step'], status: JobStatus, what: string): RunStep {
  const why = status.is === 'new' ? status.why : 'why' in status ? status.why : statusText(status)
  const text = why == null ? what : status.is === 'new' ? `${what}: ${why}` : why
  return { component, step, outcome: OUTCOMES[status.is], why: text }
}
