import type { JobStatus } from '../jobs/job.ts'

/** What becomes of a step; in a dry run, what would become of it. */
export type StepOutcome = 'done' | 'resumed' | 'done again' | 'up to date' | 'failed' | 'refused' | 'left out'

/** A step of a run. */
export interface RunStep {
  /** Null for what is done for all of them. */
  readonly component: string | null
  readonly step: 'acquire' | 'train-tokenizer' | 'check-tokenizer' | 'process' | 'verify'
  readonly outcome: StepOutcome
  readonly why: string
}

/** What becomes of a job, by its status. */
export const OUTCOMES: Readonly<Record<JobStatus['is'], StepOutcome>> = {
  new: 'done',
  begun: 'resumed',
  finished: 'up to date',
  outdated: 'done again',
  damaged: 'done again'
}
