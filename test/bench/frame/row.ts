import type { CorpusName } from '../corpora/corpora.ts'
import type { Inputs } from './inputs.ts'

/** Seconds of work. */
export interface Taken {
  /** CPU time, user and system, of all threads. Other load on the machine hardly changes it. */
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
  /** The number of results, such as documents or ids. Sides that do the same work have the same count. */
  readonly count: number
  /** Hash of what came out. Sides that are exact have the same one. */
  readonly digest?: string | undefined
  /** Which of sluice's encoders did the work. */
  readonly path?: EncodePath | undefined
  /** The same work again in the same process: the code is compiled by then, and the words of the text are known. */
  readonly warm?: Taken | undefined
}

/** Work that is measured in a new process, which loads its inputs before the clock starts. */
export type Work =
  /** A job of `jobs/`, by name, and its argument. */
  | { readonly kind: 'node', readonly job: string, readonly given: object }
  /** A job of `rivals.py`. */
  | { readonly kind: 'python', readonly job: string, readonly given: object }
  /** A command of sluice, or Node itself: the whole process is measured. */
  | { readonly kind: 'sluice', readonly args: readonly string[] }
  | { readonly kind: 'program', readonly args: readonly string[] }

export interface Side {
  readonly name: string
  /** A limit is the best that the machine can do: the minimum for any reader of such a file. */
  readonly kind: 'sluice' | 'rival' | 'limit'
  readonly work: Work
  readonly bars?: readonly Bar[] | undefined
  /** A folder that the work writes shards to; their ids are compared with those of other sides. */
  readonly shards?: string | undefined
}

export interface Row {
  readonly name: string
  /** A description of the work. */
  readonly about: string
  /** Null if there is no text. */
  readonly corpus: CorpusName | null
  /** What speeds refer to: the bytes of the texts, or of the file. */
  readonly of: 'text' | 'file' | 'shards' | null
  /** Seconds of one round of all sides on two free cores. */
  readonly seconds: number
  /** Whether the row is left out of a run of all rows. */
  readonly isNamedOnly?: boolean
  /** @throws Missing where something that all sides need isn't on this machine */
  readonly prepare: (inputs: Inputs) => Promise<Prepared>
}

/** The sides of a row, ready to be measured. */
export interface Prepared {
  /** As in `Row.of`; null if there is no text. */
  readonly bytes: number | null
  readonly sides: readonly Side[]
  /** Sides that are left out, with the reason, one sentence each. */
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

/** The sample with the least CPU time: other load on the machine only makes a run slower. */
export function bestOf (samples: readonly Sample[]): Sample {
  return samples.reduce((best, sample) => sample.cpu < best.cpu ? sample : best)
}

/** Like `bestOf`, for the warm runs; undefined if there are none. */
export function bestWarm (samples: readonly Sample[]): Taken | undefined {
  const warm = samples.flatMap(sample => sample.warm ?? [])
  return warm.length === 0 ? undefined : warm.reduce((best, taken) => taken.cpu < best.cpu ? taken : best)
}

/** The speed of `ours` relative to `other`, by CPU time. */
export function ratioOf (ours: Taken, other: Taken): number {
  return other.cpu / ours.cpu
}
