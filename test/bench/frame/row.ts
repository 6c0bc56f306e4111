import type { CorpusName } from '../corpora/corpora.ts'
import type { Inputs } from './inputs.ts'

/** Seconds that work took. */
export interface Taken {
  /** CPU time, user and system, of all threads. What else the machine does has little effect on it. */
  readonly cpu: number
  readonly wall: number
}

/** Whether texts were encoded by a kernel or in JavaScript (and, for some models, by SentencePiece's wasm). */
export type EncodePath = 'kernel' | 'plain'

/**
 * What a row must show. `cold`, `warm`: how many times as fast sluice must be as the side that has the bar, by CPU
 * time. `seconds`: of CPU time that the side itself may take.
 */
export interface Bar {
  readonly of: 'cold' | 'warm' | 'seconds'
  readonly wanted: number
}

/** What one process measured. */
export interface Sample extends Taken {
  /** Of what came out: documents, ids. Sides that do the same work have the same count. */
  readonly count: number
  /** Hash of what came out. Sides that are exact have the same one. */
  readonly digest?: string | undefined
  /** Which of sluice's encoders did the work. */
  readonly path?: EncodePath | undefined
  /** The same work again in the same process: the code is compiled by then, and the words of the text are known. */
  readonly warm?: Taken | undefined
}

/** Work that is measured in a fresh process, which has loaded what it needs before it starts the clock. */
export type Work =
  /** A job of `jobs/`, by its name, and what it is given. */
  | { readonly kind: 'node', readonly job: string, readonly given: object }
  /** A job of `rivals.py`. */
  | { readonly kind: 'python', readonly job: string, readonly given: object }
  /** A command of sluice, or Node itself: the whole process counts. */
  | { readonly kind: 'sluice', readonly args: readonly string[] }
  | { readonly kind: 'program', readonly args: readonly string[] }

export interface Side {
  readonly name: string
  /** A limit is what the machine does at best: the least that any reader of such a file has to do. */
  readonly kind: 'sluice' | 'rival' | 'limit'
  readonly work: Work
  readonly bars?: readonly Bar[] | undefined
  /** A folder that the work writes shards to; their ids are compared with those of other sides. */
  readonly shards?: string | undefined
}

export interface Row {
  readonly name: string
  /** What is done, for people. */
  readonly about: string
  /** Null where there is no text. */
  readonly corpus: CorpusName | null
  /** Whose bytes speeds are of: those of the texts, or of the file that is read. */
  readonly of: 'text' | 'file' | 'shards' | null
  /** What one round of all sides takes on two quiet cores. */
  readonly seconds: number
  /** Whether the row is left out of a run of all rows. */
  readonly isNamedOnly?: boolean
  /** @throws Missing where something that all sides need isn't on this machine */
  readonly prepare: (inputs: Inputs) => Promise<Prepared>
}

/** What a row has measured, once its inputs are there. */
export interface Prepared {
  /** Of `Row.of`; null where there is no text. */
  readonly bytes: number | null
  readonly sides: readonly Side[]
  /** Sides that are left out, and why, a sentence each. */
  readonly skipped?: readonly string[]
}

export interface SideResult extends Pick<Side, 'name' | 'kind' | 'bars'> {
  readonly samples: readonly Sample[]
}

export interface RowResult extends Pick<Row, 'name' | 'about' | 'corpus' | 'of'> {
  readonly bytes: number | null
  readonly sides: readonly SideResult[]
  readonly skipped: readonly string[]
}

/** The sample with the least CPU time: whatever else the machine does only ever makes a run slower. */
export function bestOf (samples: readonly Sample[]): Sample {
  return samples.reduce((best, sample) => sample.cpu < best.cpu ? sample : best)
}

/** As `bestOf`, of the warm runs; undefined where there are none. */
export function bestWarm (samples: readonly Sample[]): Taken | undefined {
  const warm = samples.flatMap(sample => sample.warm ?? [])
  return warm.length === 0 ? undefined : warm.reduce((best, taken) => taken.cpu < best.cpu ? taken : best)
}

/** How many times as fast `ours` is as `other`, by CPU time. */
export function ratioOf (ours: Taken, other: Taken): number {
  return other.cpu / ours.cpu
}
