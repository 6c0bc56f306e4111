import type { z } from 'zod'
import type { MakeComponent, processMixtureOptions } from '../../process-mixture.ts'
import type { Mixture } from '../../manifest/found.ts'
import type { MixtureRun } from '../mixture.ts'
import { shardComponent } from '../../components/component.ts'
import { readMarker } from './commit.ts'
import { endPlan, placing } from './finish.ts'
import { runPhase } from './local.ts'
import { deleteStored, finishMarker } from './places.ts'
import { planOptions, planParsed, readPlan } from './plan.ts'
import { openWork } from './work.ts'

interface OnOptions extends Omit<z.output<typeof processMixtureOptions>, 'format'> {
  readonly tasks: number
}

/** Shards that tasks have made, to be placed. */
export interface MadeByTasks {
  readonly make: MakeComponent
  /** Call it at the end. @param record the path of the record of the run, if it has one */
  readonly end: (record: string | null) => Promise<void>
}

/**
 * Makes the shards of a manifest by tasks that run as processes of this machine.
 *
 * @throws SluiceError as `plan` and `task`; `ERR_COMPONENT` when a task fails for good
 */
export async function madeByTasks (manifest: Mixture, asked: OnOptions, run: MixtureRun): Promise<MadeByTasks> {
  const { tasks, workers = 1 } = asked
  const known = Object.keys(planOptions.shape)
  const options = planOptions.parse(Object.fromEntries(Object.entries(asked).filter(([key]) => known.includes(key))))
  const { plan } = await planParsed(manifest.path, options, run)
  const { folder } = await readPlan(plan)
  if (await readMarker(finishMarker(folder)) !== null) {
    return { make: shardComponent, end: () => deleteStored(folder) } // all is up to date
  }
  for (const phase of ['map', 'decide', 'pack'] as const) {
    await runPhase(plan, phase, { tasks, workers, signal: run.signal, tell: run.tell })
  }
  const work = await openWork(await readPlan(plan), { ...run, workers })
  return { make: await placing(work), end: record => endPlan(work.folder, record) }
}
