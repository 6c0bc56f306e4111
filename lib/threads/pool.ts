import { type ErrorCode, SluiceError } from '../errors.ts'

/** Work that is done by several threads, or by this one. */
export interface WorkerPool<Task, Result> {
  /** Rejects with what the work throws, and once the pool is closed. */
  readonly run: (task: Task) => Promise<Result>
  /** Ends the threads, whatever they are at. */
  readonly close: () => Promise<void>
}

export interface WorkerPoolOptions {
  /** Threads; with 1 the work is done in this one, a task at a time. */
  readonly workers: number
  /** Ends the threads, and what is being done, when it fires: `run` rejects. */
  readonly signal?: AbortSignal | undefined
}

/** Where a thread finds the work: `import.meta.url` of a module, and the name under which that exports it by `passable`. */
export interface WorkerEntry {
  readonly module: string
  readonly name: string
}

/** How a result, or an error of ours, comes out of a thread: structured clone would take the code off the error. */
export type Passed<Result> = { readonly result: Result } | { readonly code: ErrorCode, readonly message: string }

/** Work as a thread does it. Results are copied on their way: to hand memory over costs more than that. */
export function passable<Task, Result> (work: (task: Task) => Promise<Result>): (task: Task) => Promise<Passed<Result>> {
  return async task => {
    try {
      return { result: await work(task) }
    } catch (error) {
      if (error instanceof SluiceError) return { code: error.code, message: error.message }
      throw error
    }
  }
}

/**
 * Threads that do a work; close them in the end. Tasks and results are cloned on their way.
 *
 * @param work the same as `entry` names, for this thread; it is given the signal
 */
export function workerPool<Task, Result> (entry: WorkerEntry, work: (task: Task, signal?: AbortSignal) => Promise<Result>, { workers, signal }: WorkerPoolOptions): WorkerPool<Task, Result> {
  return workers === 1 ? inThisThread(work, signal) : inThreads(entry, workers, signal)
}

function inThreads<Task, Result> ({ module, name }: WorkerEntry, workers: number, signal: AbortSignal | undefined): WorkerPool<Task, Result> {
  const starting = import('tinypool').then(({ Tinypool }) => new Tinypool({ filename: module, name, minThreads: workers, maxThreads: workers }))
  // Not by tinypool's own signal of a task: of thousands, each would listen.
  const close = async (): Promise<void> => {
    signal?.removeEventListener('abort', onAbort)
    await (await starting).destroy()
  }
  const onAbort = (): void => { close().catch(() => {}) } // `run` tells of it
  signal?.addEventListener('abort', onAbort)
  return {
    close,
    async run (task) {
      signal?.throwIfAborted()
      const passed = await (await starting).run(task) as Passed<Result>
      if ('code' in passed) throw new SluiceError(passed.code, passed.message)
      return passed.result
    }
  }
}

function inThisThread<Task, Result> (work: (task: Task, signal?: AbortSignal) => Promise<Result>, signal: AbortSignal | undefined): WorkerPool<Task, Result> {
  let last: Promise<unknown> = Promise.resolve()
  let closed = false
  return {
    async close () {
      closed = true
      await last
    },
    run (task) {
      const done = last.then(async () => {
        signal?.throwIfAborted()
        if (closed) throw new Error('the pool is closed')
        return await work(task, signal)
      })
      last = done.catch(() => { closed = true }) // what has failed as a whole isn't gone on with
      return done
    }
  }
}
