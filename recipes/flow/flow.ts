import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { SluiceError, codeOf } from '../../lib/errors.ts'
import type { RecordSource } from '../../lib/records/source.ts'
import type { Checkpoints } from '../jobs/checkpoints.ts'
import type { Stop } from './stop.ts'
import type { Threads } from './workers/threads.ts'

/** A running flow, for progress displays. */
export interface Flow {
  readonly name: string
  readonly source: RecordSource<object>
  /** Returns the number of tokens so far; absent if the flow does not encode. */
  readonly tokens?: () => number
  /** Absent if the flow keeps no checkpoints. */
  readonly checkpoints?: Checkpoints
}

/** Running work that has no documents to count, such as a training. */
export interface WatchedWork {
  readonly name: string
  /** Returns the progress in a few words. */
  readonly state: () => string
}

/** Options of every recipe that exist only in code. */
export interface RunOptions {
  /** Stops the run. Partial output is deleted, unless a checkpoint covers it. */
  readonly signal?: AbortSignal | undefined
  /** Stops the run at its checkpoints. `signal` must be its signal then. */
  readonly stop?: Stop | undefined
  /** The command line, recorded as provenance; absent if a recipe is called in code. */
  readonly command?: string | undefined
  /** Called with messages about the run, such as that a job resumes after an earlier one was stopped. */
  readonly tell?: ((message: string) => void) | undefined
  /**
   * Threads that are already running, such as those of an earlier recipe. The recipe doesn't close them.
   *
   * @default new ones, as many as `workers`
   */
  readonly threads?: Threads | undefined
  /** Called with each flow as it starts; the function that it returns is called when the flow has ended. */
  readonly watch?: ((flow: Flow) => () => void) | undefined
  /** The same for other work: called with each phase of a training. */
  readonly watchWork?: ((work: WatchedWork) => () => void) | undefined
}

/**
 * Runs a flow to its end: its source, then the streams in order. All are destroyed when it returns or throws.
 *
 * @throws SluiceError `ERR_ABORTED` when the signal fires; else the error of the stream that failed
 */
export async function runFlow (
  flow: Flow, streams: readonly NodeJS.WritableStream[], { signal, stop, watch }: RunOptions
): Promise<void> {
  const unwatch = watch?.(flow)
  const { checkpoints } = flow
  const ended = stop !== undefined && checkpoints?.canStop === true
    ? stop.add(() => checkpoints.stopAtCheckpoint(stop.signal))
    : undefined
  try {
    await runStreams(flow.name, [flow.source, ...streams], signal)
  } finally {
    ended?.()
    unwatch?.()
  }
}

/**
 * Joins streams and runs them to their end.
 *
 * @throws SluiceError `ERR_ABORTED` when the signal fires; else the error of the stream that failed
 */
export async function runStreams (
  name: string,
  streams: ReadonlyArray<NodeJS.ReadableStream | NodeJS.WritableStream>,
  signal: AbortSignal | undefined
): Promise<void> {
  try {
    await pipeline(streams as NodeJS.ReadWriteStream[], { signal })
  } catch (error) {
    // pipeline doesn't wait until streams are destroyed, and a sink deletes its partial output then.
    await Promise.all((streams as Writable[]).filter(stream => 'stageName' in stream && !stream.closed).map(closed))
    if (signal?.aborted !== true || codeOf(error) !== 'ABORT_ERR') throw error
    throw new SluiceError('ERR_ABORTED', `${name}: stopped`, { cause: error })
  }
}

/** Resolves when a stream that is being destroyed is closed. `once` of node:events would reject on its error. */
function closed (stream: Writable): Promise<void> {
  return new Promise(resolve => { stream.once('close', resolve) })
}
