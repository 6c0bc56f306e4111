import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { SluiceError, codeOf } from '../../lib/errors.ts'
import type { RecordSource } from '../../lib/records/source.ts'
import type { Checkpoints } from '../jobs/checkpoints.ts'
import type { Stop } from './stop.ts'
import type { Threads } from './workers/threads.ts'

/** A flow that is under way, for whoever shows its progress. */
export interface Flow {
  readonly name: string
  readonly source: RecordSource<object>
  /** Token ids made so far; absent where the flow makes none. */
  readonly tokens?: () => number
  /** By which it can be stopped and gone on with. */
  readonly checkpoints?: Checkpoints
}

/** Work that is under way and has no documents to count, such as a training. */
export interface WatchedWork {
  readonly name: string
  /** How far it is, in a few words. */
  readonly state: () => string
}

/** What every recipe can be told in code. */
export interface RunOptions {
  /** Stops the run; what is half-written is deleted, unless a checkpoint tells of it. */
  readonly signal?: AbortSignal | undefined
  /** Stops the run at its checkpoints; `signal` is to be its signal then. */
  readonly stop?: Stop | undefined
  /** The command line, for what keeps where data comes from; absent where a recipe is called in code. */
  readonly command?: string | undefined
  /** Told what a run does that isn't its results: that a job goes on where one before was stopped, say. */
  readonly tell?: ((message: string) => void) | undefined
  /**
   * Threads that are there already, of the recipe before perhaps; a recipe doesn't close them.
   *
   * @default its own, as `workers` says
   */
  readonly threads?: Threads | undefined
  /** Told of each flow as it starts; what it returns is called when the flow has ended. */
  readonly watch?: ((flow: Flow) => () => void) | undefined
  /** The same of other work: of each phase of a training. */
  readonly watchWork?: ((work: WatchedWork) => () => void) | undefined
}

/**
 * Runs a flow to its end: its source, then the streams in order.
 *
 * @throws SluiceError `ERR_ABORTED` when the signal fires; else what the stream that failed says. All are destroyed by
 *   then.
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
 * @throws SluiceError `ERR_ABORTED` when the signal fires; else as the stream that failed
 */
export async function runStreams (
  name: string,
  streams: ReadonlyArray<NodeJS.ReadableStream | NodeJS.WritableStream>,
  signal: AbortSignal | undefined
): Promise<void> {
  try {
    await pipeline(streams as NodeJS.ReadWriteStream[], { signal })
  } catch (error) {
    // pipeline doesn't wait for what a stream does as it is destroyed: a sink deletes what is half-written
    await Promise.all((streams as Writable[]).filter(stream => 'stageName' in stream && !stream.closed).map(closed))
    if (signal?.aborted !== true || codeOf(error) !== 'ABORT_ERR') throw error
    throw new SluiceError('ERR_ABORTED', `${name}: stopped`, { cause: error })
  }
}

/**
 * Resolves when a stream that is being destroyed has let go of all that it held; not `once`, which an error would
 * reject.
 */
function closed (stream: Writable): Promise<void> {
  return new Promise(resolve => { stream.once('close', resolve) })
}
