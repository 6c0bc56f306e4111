import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { SluiceError } from '../../../lib/errors.ts'
import { parseOptions } from '../../../lib/options.ts'
import { table } from '../../../lib/text/table.ts'
import { number } from '../../../lib/text/numbers.ts'
import type { RunOptions } from '../../flow/flow.ts'
import { attemptFiles } from './attempts.ts'
import { readMarker } from './commit.ts'
import type { Decision } from './decide.ts'
import { type Phase, PHASES, decisionMarker, finishMarker, shardMarker, unitMarker } from './places.ts'
import { readPlan } from './plan.ts'
import type { Plan } from './plan-schema.ts'

const WATCH_HELP = 'print the status again when it has changed, until the plan is finished'

export const statusOptions = z.strictObject({
  watch: z.boolean().default(false).describe(WATCH_HELP)
}).describe('what the tasks of a plan have completed, from the files that they leave')

/** Time between two looks at a plan that is watched. */
const WATCH_MS = 5000

/** What is known of a phase of a component, or of the whole plan. */
export interface PhaseStatus {
  readonly phase: Phase
  /** null for the whole plan. */
  readonly component: string | null
  /** Units, decisions or shards that are completed. */
  readonly done: number
  /** null if it isn't known before the earlier phase has ended. */
  readonly total: number | null
  /** Attempts that have started and not ended: they run, or were killed. */
  readonly started: ReadonlyArray<{ readonly unit: number, readonly since: string }>
}

/** The status of a plan. */
export interface PlanStatus {
  readonly plan: string
  readonly finished: boolean
  /** The first phase with work left; null once the plan has ended. */
  readonly next: Phase | null
  readonly phases: readonly PhaseStatus[]
  /** Components that have failed, and why. */
  readonly failed: ReadonlyArray<{ readonly component: string, readonly error: string }>
}

/**
 * The status of a plan. It reads markers alone, so it needs no engine. With `watch`, each status before the last one is
 * a message of `run.tell`.
 *
 * @param planPath the plan file, or its folder
 * @throws SluiceError `ERR_PLAN` when it isn't a plan; `ERR_ABORTED` when watching is stopped
 */
export async function status (
  planPath: string, options: z.input<typeof statusOptions> = {}, run: RunOptions = {}
): Promise<PlanStatus> {
  return await statusParsed(planPath, parseOptions('status', statusOptions, options), run)
}

/** Like `status`, with parsed options. */
export async function statusParsed (
  planPath: string, { watch }: z.output<typeof statusOptions>, { signal, tell }: RunOptions
): Promise<PlanStatus> {
  const folder = planPath.endsWith('.json') ? dirname(planPath) : planPath
  let before = ''
  for (;;) {
    const now = await statusOfPlan(await readPlan(planPath), folder)
    if (!watch || now.finished) return now
    const text = statusText(now)
    if (text !== before) tell?.(`status at ${new Date().toISOString()}\n${text}`)
    before = text
    await setTimeout(WATCH_MS, undefined, { signal }).catch((cause: unknown) => {
      throw new SluiceError('ERR_ABORTED', `${folder}: no longer watched; its tasks are not stopped`, { cause })
    })
  }
}

/** Like `status`, for a plan that has been read. @param folder where it is on this host */
export async function statusOfPlan ({ components }: Plan, folder: string): Promise<PlanStatus> {
  const finished = await exists(finishMarker(folder))
  const phases: PhaseStatus[] = []
  const failed: Array<{ readonly component: string, readonly error: string }> = []
  for (const [index, { name: component, whole, units }] of components.entries()) {
    if (whole !== null) continue
    if (finished) continue // what tasks have stored is deleted
    const markers = units.map((_, unit) => unitMarker(folder, index, unit))
    const mapped = { done: await countOf(markers), started: await started(markers) }
    phases.push({ phase: 'map', component, total: units.length, ...mapped })
    const decision = await readMarker<Decision>(decisionMarker(folder, index))
    phases.push({ phase: 'decide', component, total: 1, done: decision === null ? 0 : 1, started: [] })
    if (decision?.failure != null) failed.push({ component, error: decision.failure.message })
    const shards = decision?.starts.map((_, shard) => shardMarker(folder, index, shard)) ?? []
    const total = decision === null ? null : shards.length
    phases.push({ phase: 'pack', component, total, done: await countOf(shards), started: [] })
  }
  phases.push({ phase: 'finish', component: null, total: 1, done: finished ? 1 : 0, started: [] })
  const isOpen = ({ done, total }: PhaseStatus): boolean => total === null || done < total
  const next = PHASES.find(phase => phases.some(row => row.phase === phase && isOpen(row))) ?? null
  return { plan: folder, finished, next, phases, failed }
}

async function countOf (paths: readonly string[]): Promise<number> {
  let count = 0
  for (const path of paths) if (await exists(path)) count++
  return count
}

async function exists (path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false)
}

async function started (markers: readonly string[]): Promise<PhaseStatus['started']> {
  const list: Array<PhaseStatus['started'][number]> = []
  for (const [unit, marker] of markers.entries()) {
    for (const path of attemptFiles(marker)) {
      const there = await stat(path).catch(() => null)
      if (there !== null) list.push({ unit, since: there.mtime.toISOString() })
    }
  }
  return list
}

/** A status as text. */
export function statusText ({ plan, finished, next, phases, failed }: PlanStatus): string {
  const rows = phases.map(({ phase, component, done, total, started }) => {
    const open = started.length === 0 ? '' : `${started.length} (unit ${started.map(({ unit }) => unit).join(', ')})`
    return [component ?? '(all)', phase, number(done), total === null ? '?' : number(total), open]
  })
  const state = finished ? `${plan}: finished` : `${plan}: next is the phase ${next!}`
  const failures = failed.map(({ component, error }) => `${component} failed: ${error}`)
  return [table([['component', 'phase', 'done', 'of', 'started'], ...rows], 'left'), '', ...failures, state].join('\n')
}
