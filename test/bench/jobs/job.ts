import type { EncodePath } from '../frame/row.ts'

/** What came out of work, where sides are compared by more than its number. */
export interface Made {
  /** Of documents, sequences or ids. */
  readonly count: number
  /** Hashes what came out; called after the clock has stopped. */
  readonly digest?: () => string
  readonly path?: EncodePath
}

/** The measured work. @returns what came out, or only how much: documents, sequences or ids */
export type Run = () => number | Made | Promise<number | Made>

/**
 * Loads the inputs of the work, and returns the work. Modules are imported here: each job loads only those it needs.
 */
export type Job<Given> = (given: Given) => Promise<Run>

export interface PathGiven {
  readonly path: string
}
