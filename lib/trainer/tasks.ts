import { expectPart } from './expectation.ts'
import { type Lattice, PARTS } from './lattice.ts'
import { type Totals, losePieces, segmentPart } from './segmentation.ts'

/** A step that goes over the words. */
interface WordStep {
  readonly step: 'expect' | 'segment'
  /** Pieces there are. */
  readonly size: number
  /** Whether they were numbered anew. */
  readonly isOld: boolean
}

/** What is done with all parts, or with all pieces. */
export type Step = WordStep | { readonly step: 'lose' } & Totals

export interface Task {
  readonly lattice: Lattice
  readonly part: number
  readonly step: Step
}

/** Does a part of a step. @returns the logarithm of a probability where it is one of expectation; else 0 */
export function doTask ({ lattice, part, step }: Task): number {
  switch (step.step) {
    case 'expect': return expectPart(lattice, part, step.size, step.isOld)
    case 'segment':
      segmentPart(lattice, part, step.size, step.isOld)
      return 0
    case 'lose': {
      const first = (part: number): number => 1 + Math.floor(part * step.size / PARTS)
      losePieces(lattice, first(part), first(part + 1), step)
      return 0
    }
  }
}
