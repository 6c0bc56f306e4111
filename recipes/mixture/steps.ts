import type { JobStatus } from '../jobs/job.ts'

/** The outcome of a step; in a dry run, the expected outcome. `reused`: it is the work of an earlier version. */
export type StepOutcome =
  | 'done' | 'resumed' | 'done again' | 'up to date' | 'reused' | 'failed' | 'refused' | 'left out'

/** A step of a run. */
export interface RunStep {
  /** Null for a step that concerns all components. */
  readonly component: string | null
  readonly step: 'acquire' | 'train-tokenizer' | 'check-tokenizer' | 'process' | 'verify' | 'mix'
  readonly outcome: StepOutcome
  readonly why: string
}

/** What helps if shards don't match their stats. */
export const DAMAGED = 'run it with --verify (verify) to make the damaged shards again'

/** The outcome of a step, by the status of its job before the run. */
export const OUTCOMES: Readonly<Record<JobStatus['is'], StepOutcome>> = {
  new: 'done',
  started: 'resumed',
  restarted: 'done again',
  finished: 'up to date',
  outdated: 'done again',
  damaged: 'done again'
}
