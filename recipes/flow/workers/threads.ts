import { stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import type { InputFile } from '../../../lib/bytes.ts'
import { SluiceError, messageOf } from '../../../lib/errors.ts'
import type { FastTextClassifier, SharedFastText } from '../../../lib/fasttext/classifier.ts'
import type { FilterModel } from '../../../lib/fasttext/model-use.ts'
import { positive } from '../../../lib/options.ts'
import { stageInStack } from '../../../lib/stage/module.ts'
import type { Helper } from '../../../lib/threads/crew.ts'
import { WorkerThread } from '../../../lib/threads/thread.ts'
import type { BatchResult } from './batch-result.ts'
import type { BatchInput, BatchSpec, BatchTask } from './batch.ts'

const WORKERS_HELP = 'threads that parse, filter and encode documents, including the main thread; ' +
  'at most one per core (default: one per core, for less than 8 MB only the main thread)'

/** The option of every recipe that can use more than one core. */
export const workersOption = positive.optional().describe(WORKERS_HELP)

/** What takes less than this is done before threads have started. */
const LITTLE_BYTES = 8e6

/** What a flow is told of threads. */
export interface ThreadOptions {
  /**
   * Threads that parse, filter and encode, the main one among them: at most as many as there are cores, as more would
   * only cost memory.
   *
   * @default so many, and no other for less than 8 MB
   */
  readonly workers?: number | undefined
  /** Those of `withThreads`, for one flow after the other; else each flow starts its own. */
  readonly threads?: Threads | undefined
  readonly signal?: AbortSignal | undefined
  /** Told which filter can't be done by threads. */
  readonly tell?: ((message: string) => void) | undefined
}

/** A thread that works at batches, of one flow or of several, and what is known of where it stands. */
export class BatchThread {
  #thread: WorkerThread<BatchTask, BatchResult>
  readonly #signal: AbortSignal | undefined
  /** The batch that it is at, and which of its records. */
  readonly #progress = new SharedArrayBuffer(8)
  #given = 0
  readonly #specs = new Map<number, BatchSpec>() // of batches that it has not done: whose it was that it died of
  #isClosed = false

  constructor (signal: AbortSignal | undefined) {
    this.#signal = signal
    new Int32Array(this.#progress).fill(-1)
    this.#thread = begin(signal)
  }

  /** What does a flow's part in it. */
  helper (spec: BatchSpec): Helper<BatchInput, BatchResult> {
    const empty = new SharedArrayBuffer(0)
    const ready = this.#run(spec, { batch: { json: empty, records: [] }, memory: empty })
    return { ready, run: task => this.#run(spec, task) }
  }

  close (): Promise<void> {
    this.#isClosed = true
    return this.#thread.close()
  }

  async #run (spec: BatchSpec, task: BatchInput, isAgain = false): Promise<BatchResult> {
    const number = this.#given++
    this.#specs.set(number, spec)
    try {
      if (this.#thread.hasEnded && !this.#isClosed) this.#thread = begin(this.#signal)
      const result = await this.#thread.run({ spec, ...task, number, progress: this.#progress })
      this.#specs.delete(number)
      return result
    } catch (cause) {
      if (cause instanceof SluiceError || this.#signal?.aborted === true) throw cause
      const [at, record] = new Int32Array(this.#progress)
      const isOfAnother = this.#specs.has(at!) && this.#specs.get(at!) !== spec
      // That flow fails, and not this one.
      if (isOfAnother && !isAgain && !this.#isClosed) return await this.#run(spec, task, true)
      const place = (at === number ? task.batch.records[record!]?.id : undefined) ?? 'before the first document'
      throw threadError(place, spec, cause)
    }
  }
}

function threadError (place: string, spec: BatchSpec, cause: unknown): SluiceError {
  const stages = suspectsOf(spec, cause)
  const failed = `the thread that filters and encodes it has failed${stages === '' ? '' : `, maybe in ${stages}`}`
  const message = `${failed}: ${messageOf(cause)}; with --workers 1 it is done in the main thread`
  return new SluiceError('ERR_DOCUMENT', `${place}: ${message}`, { cause })
}

/** The custom stages that a thread may have failed in; empty where none is suspected. */
function suspectsOf ({ filters }: BatchSpec, cause: unknown): string {
  const inStack = stageInStack((cause as Error).stack ?? '')
  if (inStack !== null) return inStack
  if (!messageOf(cause).includes('process.exit')) return ''
  const custom = filters.flatMap(({ module }) => module ?? [])
  return custom.map(({ stageName, module }) => `${stageName} (${module})`).join(' or ')
}

/** How many threads there are, and what ends them. */
export interface ThreadsOptions {
  /** Threads, the main one among them. */
  readonly workers: number
  /** Ends them, whatever they are at, when it fires. */
  readonly signal?: AbortSignal | undefined
  /** Whether the main thread takes its share of the work, while it has nothing else to do. @default true */
  readonly mainWorks?: boolean
}

function begin (signal: AbortSignal | undefined): WorkerThread<BatchTask, BatchResult> {
  return new WorkerThread(import.meta.resolve('./thread.js'), signal)
}

/**
 * Threads beside the main one, which load what they need from the start: for one recipe after the other, or one alone.
 * To be closed in the end.
 */
export class Threads {
  readonly list: readonly BatchThread[]
  readonly mainWorks: boolean
  readonly #models = new Map<string, Promise<FastTextClassifier>>() // by SHA-256: the main thread's own
  readonly #signal: AbortSignal | undefined

  constructor ({ workers, signal, mainWorks = true }: ThreadsOptions) {
    this.list = Array.from({ length: workers - 1 }, () => new BatchThread(signal))
    this.mainWorks = mainWorks
    this.#signal = signal
  }

  /** A model that filters read, read once for all threads. @throws SluiceError `ERR_MODEL`, `ERR_ABORTED` */
  async model ({ path, sha256 }: FilterModel): Promise<SharedFastText> {
    const model = this.#models.get(sha256) ?? this.#load(path, sha256)
    this.#models.set(sha256, model)
    return (await model).shared
  }

  async #load (path: string, sha256: string): Promise<FastTextClassifier> {
    const { loadFastText } = await import('../../../lib/fasttext/classifier.ts')
    return await loadFastText(path, { signal: this.#signal, sha256 })
  }

  /** Ends them, whatever they are at. */
  async close (): Promise<void> {
    await Promise.all(this.list.map(thread => thread.close()))
  }
}

/**
 * Does work with threads, and ends them.
 *
 * @param inputs what is read; for little of it there is none but the main one, unless `workers` asks for more
 * @param work for more flows than one it hands the options on to each
 */
export async function withThreads<Options extends ThreadOptions, T> (
  inputs: readonly InputFile[],
  options: Options,
  work: (options: Options & { readonly threads: Threads }) => Promise<T>
): Promise<T> {
  if (options.threads !== undefined) return await work({ ...options, threads: options.threads })
  const cores = availableParallelism()
  const workers = options.workers ?? (await areLittle(inputs) ? 1 : cores)
  const threads = new Threads({ workers: Math.min(workers, cores), signal: options.signal })
  try {
    return await work({ ...options, threads })
  } finally {
    await threads.close()
  }
}

async function areLittle (inputs: readonly InputFile[]): Promise<boolean> {
  let bytes = 0
  for (const { path, size } of inputs) {
    bytes += size ?? (await stat(path).catch(() => ({ size: 0 }))).size
    if (bytes >= LITTLE_BYTES) return false
  }
  return true
}
