import { SluiceError, allInOrder } from '../../lib/errors.ts'
import type { ComponentStatus } from '../components/component.ts'
import { keptKeysOf } from '../components/paths.ts'
import type { ShardOptions } from '../components/shard-job.ts'
import { type JobStatus, statusText } from '../jobs/job.ts'
import type { FoundComponent, Mixture } from '../manifest/found.ts'
import type { MakeComponent } from '../process-mixture.ts'
import { checkPlaces, mixtureKeysOf, statusBeforeRun } from './mixture.ts'
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
  const mixtureKeys = mixtureKeysOf(manifest)
  if (mixtureKeys === null) return await allInOrder(manifest.datasets.map(component => planOf(component, options)))
  const plans: ComponentPlan[] = []
  try {
    for (const component of manifest.datasets) {
      const { before } = mixtureKeys
      const keys = mixtureKeys.next(component.name, keptKeysOf(component))
      const plan = await planOf(component, { ...options, keys })
      const isFinished = plan.steps.every(({ outcome }) => outcome === 'up to date')
      keys.end(isFinished)
      plans.push(isFinished && before === null ? { ...plan, steps: plan.steps.map(uncertain) } : plan)
    }
  } finally {
    await mixtureKeys.close()
  }
  return plans
}

/** The step of a component that is finished and depends on one that is not. */
function uncertain (step: RunStep): RunStep {
  if (step.step !== 'process') return step
  return { ...step, why: `${step.why}, unless other documents become duplicates of those of earlier components` }
}

/** A function that makes shards, with the status of each component before they were made, by name. */
export function watching (make: MakeComponent): {
  readonly make: MakeComponent
  readonly statuses: ReadonlyMap<string, JobStatus>
} {
  const statuses = new Map<string, JobStatus>()
  return {
    statuses,
    make: (component, options) => make(component, {
      ...options,
      onStatus (status) {
        statuses.set(component.name, status)
        options.onStatus?.(status)
      }
    })
  }
}

/** The steps of a component, with how its shards were made if the plan did not foresee it. */
export function stepsAsMade (steps: readonly RunStep[], status: JobStatus | undefined): readonly RunStep[] {
  if (status === undefined || status.is === 'finished') return steps
  return steps.map(step => step.step === 'process' && step.outcome === 'up to date'
    ? { ...step, outcome: OUTCOMES[status.is], why: ('why' in status ? status.why : statusText(status)) ?? step.why }
    : step)
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
