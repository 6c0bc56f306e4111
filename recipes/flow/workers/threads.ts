import { stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import type { InputFile } from '../../../lib/bytes.ts'
import { SluiceError, messageOf } from '../../../lib/errors.ts'
import type { FastTextClassifier, SharedFastText } from '../../../lib/fasttext/classifier.ts'
import type { FilterModel } from '../../../lib/fasttext/model-use.ts'
import { positive } from '../../../lib/options.ts'
import { stageInStack } from '../../../lib/stage/module.ts'
import { usableCores } from '../../../lib/threads/cores.ts'
import type { Helper } from '../../../lib/threads/crew.ts'
import { WorkerThread } from '../../../lib/threads/thread.ts'
import type { BatchResult } from './batch-result.ts'
import type { BatchInput, BatchSpec, BatchTask } from './batch.ts'

/** The number of threads by default, in descriptions of options. */
export const WORKERS_DEFAULT = '(default: one per core that affinity, cgroups and SLURM_CPUS_PER_TASK allow; only ' +
  'the main thread for less than 8 MB)'

const WORKERS_HELP = 'threads that parse, filter and encode documents, including the main thread; ' +
  `at most one per core ${WORKERS_DEFAULT}`

/** The option of every recipe that can use more than one core. */
export const workersOption = positive.optional().describe(WORKERS_HELP)

/** Smaller inputs are processed before threads have started. */
const LITTLE_BYTES = 8e6

/** Options of a flow that concern threads. */
export interface ThreadOptions {
  /**
   * Threads that parse, filter and encode, including the main thread; at most one per core, as more would only cost
   * memory.
   *
   * @default one per core that affinity, cgroups and `SLURM_CPUS_PER_TASK` allow; only the main thread for less than
   *   8 MB
   */
  readonly workers?: number | undefined
  /** The threads of `withThreads`, shared by several flows; else each flow starts its own. */
  readonly threads?: Threads | undefined
  readonly signal?: AbortSignal | undefined
  /** Called with a message about a filter that can't run in threads. */
  readonly tell?: ((message: string) => void) | undefined
}

/** A thread that processes batches of one or more flows. It knows which record is in progress, for error messages. */
class BatchThread {
  #thread: WorkerThread<BatchTask, BatchResult>
  readonly #signal: AbortSignal | undefined
  /** The number of the current batch, and the current record in it. */
  readonly #progress = new SharedArrayBuffer(8)
  #given = 0
  readonly #specs = new Map<number, BatchSpec>() // of unfinished batches: to which flow the fatal one belongs
  #isClosed = false

  constructor (signal: AbortSignal | undefined) {
    this.#signal = signal
    new Int32Array(this.#progress).fill(-1)
    this.#thread = begin(signal)
  }

  /** Processes the batches of a flow. */
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
      // A batch of another flow has killed the thread. That flow fails, and this batch is retried.
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

/** The custom stages that a thread may have failed in; empty if none is suspected. */
function suspectsOf ({ filters }: BatchSpec, cause: unknown): string {
  const inStack = stageInStack((cause as Error).stack ?? '')
  if (inStack !== null) return inStack
  if (!messageOf(cause).includes('process.exit')) return ''
  const custom = filters.flatMap(({ module }) => module ?? [])
  return custom.map(({ stageName, module }) => `${stageName} (${module})`).join(' or ')
}

/** The number of threads, and whether the main thread works. */
export interface ThreadsOptions {
  /** Threads, including the main thread. */
  readonly workers: number
  /** Ends the threads at once when it fires. */
  readonly signal?: AbortSignal | undefined
  /** Whether the main thread processes batches too while it is idle. @default true */
  readonly mainWorks?: boolean
}

function begin (signal: AbortSignal | undefined): WorkerThread<BatchTask, BatchResult> {
  return new WorkerThread(import.meta.resolve('./thread.js'), signal)
}

/** Threads besides the main one, for one or more recipes. The caller closes them. */
export class Threads {
  readonly list: readonly BatchThread[]
  readonly mainWorks: boolean
  readonly #models = new Map<string, Promise<FastTextClassifier>>() // by SHA-256
  readonly #signal: AbortSignal | undefined

  constructor ({ workers, signal, mainWorks = true }: ThreadsOptions) {
    this.list = Array.from({ length: workers - 1 }, () => new BatchThread(signal))
    this.mainWorks = mainWorks
    this.#signal = signal
  }

  /** Loads a model once for all threads. @throws SluiceError `ERR_MODEL`, `ERR_ABORTED` */
  async model ({ path, sha256 }: FilterModel): Promise<SharedFastText> {
    const model = this.#models.get(sha256) ?? this.#load(path, sha256)
    this.#models.set(sha256, model)
    return (await model).shared
  }

  async #load (path: string, sha256: string): Promise<FastTextClassifier> {
    const { loadFastText } = await import('../../../lib/fasttext/classifier.ts')
    return await loadFastText(path, { signal: this.#signal, sha256 })
  }

  /** Ends the threads at once. */
  async close (): Promise<void> {
    await Promise.all(this.list.map(thread => thread.close()))
  }
}

/**
 * Starts threads, runs work with them, and ends them.
 *
 * @param inputs what is read; small inputs get only the main thread, unless `workers` is set
 * @param work is given the options with the threads, to pass on to its flows
 */
export async function withThreads<Options extends ThreadOptions, T> (
  inputs: readonly InputFile[],
  options: Options,
  work: (options: Options & { readonly threads: Threads }) => Promise<T>
): Promise<T> {
  if (options.threads !== undefined) return await work({ ...options, threads: options.threads })
  const workers = options.workers ?? (await areLittle(inputs) ? 1 : usableCores())
  const threads = new Threads({ workers: Math.min(workers, availableParallelism()), signal: options.signal })
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
