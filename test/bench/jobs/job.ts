/** The measured work. @returns the number of results: documents, sequences or ids */
export type Run = () => number | Promise<number>

/**
 * Loads the inputs of the work, and returns the work. Modules are imported here: each job loads only those it needs.
 */
export type Job<Given> = (given: Given) => Promise<Run>

export interface PathGiven {
  readonly path: string
}
