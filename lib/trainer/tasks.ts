import { expectPart } from './expectation.ts'
import { type Lattice, PARTS } from './lattice.ts'
import { type Totals, losePieces, segmentPart } from './segmentation.ts'

/** A step that visits all words. */
interface WordStep {
  readonly step: 'expect' | 'segment'
  /** Number of pieces. */
  readonly size: number
  /** Whether pieces were renumbered since the last such step. */
  readonly isStale: boolean
}

/** A step of training, for all words or for all pieces. */
export type Step = WordStep | { readonly step: 'lose' } & Totals

export interface Task {
  readonly lattice: Lattice
  readonly part: number
  readonly step: Step
}

/** Does a part of a step. @returns the log probability of the part's words for expectation, else 0 */
export function doTask ({ lattice, part, step }: Task): number {
  switch (step.step) {
    case 'expect': return expectPart(lattice, part, step.size, step.isStale)
    case 'segment':
      segmentPart(lattice, part, step.size, step.isStale)
      return 0
    case 'lose': {
      const first = (part: number): number => 1 + Math.floor(part * step.size / PARTS)
      losePieces(lattice, first(part), first(part + 1), step)
      return 0
    }
  }
}
