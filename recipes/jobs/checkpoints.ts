import { once } from 'node:events'
import { z } from 'zod'
import type { Barriers } from '../../lib/stage/barrier.ts'
import { count, positive } from '../../lib/options.ts'
import type { RecordSource } from '../../lib/records/source.ts'
import type { AnyStage } from '../stages.ts'

/** The maximum number of documents between two checkpoints: processing this many again takes seconds. */
export const CHECKPOINT_EVERY = 10_000

const TAKEOVER_HELP = 'take over the locks of another run, even if that may still be running; it then fails before ' +
  'it writes anything more'

/** The option of every recipe that takes locks. */
export const takeoverOption = z.boolean().default(false).describe(TAKEOVER_HELP)

/** Options of every recipe that can be resumed. */
export const resumeOptions = {
  checkpointEvery: positive.default(CHECKPOINT_EVERY)
    .describe('maximum number of documents between two checkpoints; a killed run resumes from the last one'),
  restart: z.boolean().default(false).describe('start over instead of resuming, and redo finished work'),
  takeover: takeoverOption
}

/** An option of recipes that skip finished shards. */
export const verifyOption = z.boolean().default(false).describe('hash finished shards, and make damaged ones again')

/** The largest share of time for checkpoints after each shard: saving a large window of `dedup` takes long. */
const MAX_COST = 1 / 50

const stageState = z.strictObject({
  stage: z.string(),
  stats: z.looseObject({ in: count, out: count, dropped: z.record(z.string(), count) }),
  state: z.unknown()
})

/** The state of a flow in a checkpoint, from which it resumes. Each part checks its own state. */
export const flowState = z.strictObject({
  source: z.looseObject({ stats: z.looseObject({ out: count }) }),
  stages: z.array(stageState),
  outputs: z.array(z.unknown())
})

export type FlowState = z.output<typeof flowState>

/** An output of a flow that can be resumed. */
export interface SavedOutput {
  /** Syncs what is written so far; returns small JSON. */
  readonly save: () => Promise<unknown>
  /** @throws SluiceError `ERR_STATE` for anything that `save` didn't return */
  readonly restore: (state: unknown) => void
}

/** The parts of a flow that checkpoints save: its source, the stages in order, and the outputs. */
export interface FlowParts {
  readonly source: RecordSource<object>
  readonly stages: readonly AnyStage[]
  readonly outputs: readonly SavedOutput[]
  /** Counts finished work that should not be repeated, such as shards. A higher count makes a checkpoint due early. */
  readonly finished?: () => number
}

export interface CheckpointsOptions {
  /** The maximum number of documents between two checkpoints, counted as they leave the source. */
  readonly every: number
  /** Saves a state; null for a flow that can't be resumed. */
  readonly save: ((state: FlowState) => Promise<void>) | null
  /** Maximum number of documents that pass the filters; null for no limit. */
  readonly maxRecords: number | null
  /**
   * The largest share of time for checkpoints that `finished` makes due. Those by `every` are never delayed.
   *
   * @default 1/50
   */
  readonly maxCost?: number
}

/**
 * Sends barriers through a flow, and saves its state when a barrier has passed through all parts. No document is
 * between stages then, so the states of all parts are consistent.
 *
 * With `maxRecords`, the source emits only as many documents before a barrier as may still pass. It never reads past
 * the last one, and the counts are the same in every run.
 */
export class Checkpoints implements Barriers {
  readonly #options: CheckpointsOptions
  #parts!: FlowParts
  #passed: () => number = () => 0
  #atBarrier = 0 // documents that had left the source at the last barrier
  #atCheckpoint = 0
  #finished = 0 // at the last checkpoint
  #notBefore = 0 // the earliest time, by `performance.now`, at which finished work may cause a checkpoint
  #stop: RequestedStop | undefined
  #allowed = Infinity // documents that may leave the source before the next barrier

  constructor (options: CheckpointsOptions) {
    this.#options = options
  }

  /**
   * Sets the parts of the flow before it runs, and restores the state of an earlier run.
   *
   * @param passed how many documents have passed the filters
   * @throws SluiceError `ERR_STATE` when a state belongs to a different part
   */
  begin (parts: FlowParts, state: FlowState | null, passed: () => number): void {
    this.#parts = parts
    this.#passed = passed
    if (state !== null) restore(parts, state)
    this.#atBarrier = this.#atCheckpoint = parts.source.stats.out
    this.#finished = parts.finished?.() ?? 0
    this.#allow()
    // The last document that may pass came before the checkpoint.
    if (this.#allowed === 0) parts.source.stop()
  }

  /** Whether the flow can be stopped at a checkpoint. */
  get canStop (): boolean {
    return this.#options.save !== null
  }

  /**
   * Writes a checkpoint as soon as the next document has passed through, and pauses the flow there.
   *
   * @param signal ends the flow
   * @returns a promise that resolves when the checkpoint is written
   */
  stopAtCheckpoint (signal: AbortSignal): Promise<void> {
    return new Promise(resolve => { this.#stop = { written: resolve, signal } })
  }

  readonly isDue = (): boolean => {
    const { stats } = this.#parts.source
    return stats.out - this.#atBarrier >= this.#allowed || this.#isCheckpointDue()
  }

  readonly arrived = async (): Promise<void> => {
    const { save } = this.#options
    if (save !== null && this.#isCheckpointDue()) {
      const started = performance.now()
      await save(await stateOf(this.#parts))
      this.#notBefore = performance.now() + (performance.now() - started) / (this.#options.maxCost ?? MAX_COST)
      this.#atCheckpoint = this.#parts.source.stats.out
      this.#finished = this.#parts.finished?.() ?? 0
    }
    this.#atBarrier = this.#parts.source.stats.out
    this.#allow()
    if (this.#stop !== undefined) await held(this.#stop)
  }

  #isCheckpointDue (): boolean {
    const { save, every } = this.#options
    const { source, finished } = this.#parts
    if (save === null) return false
    if (this.#stop !== undefined || source.stats.out - this.#atCheckpoint >= every) return true
    return (finished?.() ?? 0) > this.#finished && performance.now() >= this.#notBefore
  }

  #allow (): void {
    const { maxRecords } = this.#options
    this.#allowed = maxRecords === null ? Infinity : maxRecords - this.#passed()
  }
}

interface RequestedStop {
  /** Must be called when the checkpoint is written. */
  readonly written: () => void
  /** Ends the flow. */
  readonly signal: AbortSignal
}

/** Waits until the flow is ended. */
async function held ({ written, signal }: RequestedStop): Promise<void> {
  written()
  if (!signal.aborted) await once(signal, 'abort')
}

async function stateOf ({ source, stages, outputs }: FlowParts): Promise<FlowState> {
  const state: FlowState = { source: source.save(), stages: stages.map(saveStage), outputs: [] }
  for (const output of outputs) state.outputs.push(await output.save())
  return state
}

function saveStage (stage: AnyStage): z.output<typeof stageState> {
  return { stage: stage.stageName, stats: { ...structuredClone(stage.stats) }, state: stage.save() }
}

function restore ({ source, stages, outputs }: FlowParts, state: FlowState): void {
  source.restore(state.source)
  for (const [i, stage] of stages.entries()) {
    const saved = state.stages[i]!
    if (saved.state !== null) stage.restore(saved.state)
    Object.assign(stage.stats, saved.stats)
  }
  for (const [i, output] of outputs.entries()) output.restore(state.outputs[i])
}
