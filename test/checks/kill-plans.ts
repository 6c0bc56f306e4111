import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { schedule } from '../../recipes/jobs/schedule.ts'
import { noContainers } from '../container.ts'
import { Random } from '../fuzz.ts'
import { runKilledTasks, runWithoutTasks, writeTasksInputs } from '../kill-tasks.ts'
import type { Checks } from './checks.ts'

interface KillPlans {
  /** Has the inputs of the other jobs in `inputs`. */
  readonly folder: string
  /** Plans for each kind of kill. */
  readonly kills: number
  readonly seed: number
  /** The kind of kill; all by default. */
  readonly only: string | undefined
}

/** Kills tasks of plans at random moments, until each plan has ended, and compares the results. */
export async function checkKilledTasks (checks: Checks, { folder, kills, seed, only }: KillPlans): Promise<void> {
  writeTasksInputs(join(folder, 'inputs'))
  const clean = { run: await runWithoutTasks(folder, 'run'), tasks: await runWithoutTasks(folder, 'tasks') }
  for (const how of ['SIGKILL', 'container'] as const) {
    if (only !== undefined && only !== how) continue
    const reason = how === 'container' && noContainers()
    if (reason !== false) {
      checks.skip(`${how}: tasks of ${kills} plans`, reason)
      continue
    }
    const outcomes = await schedule(Array.from({ length: kills }, (_, i) => {
      const job = i % 2 === 0 ? 'tasks' as const : 'run' as const
      const name = `plan ${how} ${i}`
      const random = new Random((seed * 1_000_003 + i) * 104_729 + how.length)
      return { name, run: () => runKilledTasks({ folder, name, job, how, random, clean: clean[job] }) }
    }), availableParallelism())
    let [killed, wrong] = [0, 0]
    for (const [i, outcome] of outcomes.entries()) {
      if ('error' in outcome) throw outcome.error
      killed += outcome.result.kills
      if (outcome.result.wrong.length === 0) continue
      wrong++
      console.log(`plan ${how} ${i}: ${outcome.result.wrong.join('; ').slice(0, 2000)}`)
    }
    checks.check(`${how}: ${kills} plans, of which ${killed} processes were killed, end with the same files; ` +
      `${wrong} don't`, wrong === 0 && killed > 0)
  }
}
