/** The measured work. @returns how much came out: documents, sequences or ids */
export type Run = () => number | Promise<number>

/** Loads what the work needs, and returns the work. Modules are imported here: each job loads only its own. */
export type Job<Given> = (given: Given) => Promise<Run>

export interface PathGiven {
  readonly path: string
}
