import { Worker, parentPort } from 'node:worker_threads'
import { type ErrorCode, SluiceError, messageOf } from '../errors.ts'

/** A quarter of Node's default: data in a thread is short-lived, and a larger young generation only costs memory. */
const YOUNG_MB = 12

interface Pending<Result> {
  readonly resolve: (result: Result) => void
  readonly reject: (error: Error) => void
}

/**
 * What a thread sends back. A SluiceError is sent as its code and message, as structured clone would drop the code of
 * an error; its stack isn't sent.
 */
type Answer<Result> =
  | { readonly result: Result }
  | { readonly code: ErrorCode, readonly message: string }
  | { readonly error: Error }

/**
 * A thread that does tasks in order of arrival. Tasks are queued there, so it doesn't wait for this thread between
 * them. It keeps the process alive only while it has tasks.
 */
export class WorkerThread<Task, Result> {
  readonly #worker: Worker
  readonly #pending = new Map<number, Pending<Result>>()
  #count = 0
  #failure: Error | undefined

  /** @param entry URL of a module that calls `serveTasks` @param signal ends the thread when it fires */
  constructor (entry: string, signal?: AbortSignal) {
    this.#worker = new Worker(new URL(entry), {
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
      ...(hasInputType() && { execArgv: [] })
    })
    this.#worker.unref()
    this.#worker.on('message', this.#answered)
    this.#worker.on('messageerror', this.#fail)
    this.#worker.on('error', this.#fail)
    const onAbort = (): void => { this.#fail(signal?.reason as Error) }
    this.#worker.on('exit', code => {
      signal?.removeEventListener('abort', onAbort)
      const hint = code === 0
        ? ': a custom stage may have called process.exit; to end with an error, a stage should throw one'
        : ''
      this.#fail(new Error(`it ended with exit code ${code}${hint}`))
    })
    signal?.addEventListener('abort', onAbort)
    if (signal?.aborted === true) onAbort()
  }

  /** Whether the thread has died or was closed. */
  get hasEnded (): boolean {
    return this.#failure !== undefined
  }

  /** Runs a task. @throws what the work throws, or the error that ended the thread, for each task that was not done */
  run (task: Task): Promise<Result> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      const number = this.#count++
      this.#pending.set(number, { resolve, reject })
      this.#worker.ref()
      this.#worker.postMessage({ number, task })
    })
  }

  /** Ends the thread at once, even during a task. */
  async close (): Promise<void> {
    this.#failure ??= new Error('it was closed')
    await this.#worker.terminate()
  }

  readonly #answered = ({ number, ...answer }: { readonly number: number } & Answer<Result>): void => {
    const pending = this.#pending.get(number)
    this.#pending.delete(number)
    // Not while the thread ends: the process would end too.
    if (this.#pending.size === 0 && !this.hasEnded) this.#worker.unref()
    if ('error' in answer) pending?.reject(answer.error)
    else if ('code' in answer) pending?.reject(new SluiceError(answer.code, answer.message))
    else pending?.resolve(answer.result)
  }

  readonly #fail = (error: Error): void => {
    this.#failure ??= error
    const pending = [...this.#pending.values()]
    this.#pending.clear()
    for (const { reject } of pending) reject(this.#failure)
    this.#worker.terminate().catch(() => {})
  }
}

/**
 * Whether the process was started with `--input-type` (as with `--eval`), which Node refuses as an option of a thread.
 */
function hasInputType (): boolean {
  return process.execArgv.some(option => option.startsWith('--input-type'))
}

/**
 * Serves the tasks of a `WorkerThread`, in that thread; in the main thread it does nothing. Tasks start as they arrive:
 * if `work` is asynchronous, it has to keep their order itself. Results are copied, which is faster than transferring
 * memory.
 */
export function serveTasks (work: (task: never) => Promise<unknown>): void {
  parentPort?.on('message', ({ number, task }: { readonly number: number, readonly task: never }) => {
    answerOf(work, task)
      .then(answer => { parentPort!.postMessage({ number, ...answer }) }, (error: unknown) => { throw error })
  })
}

async function answerOf (work: (task: never) => Promise<unknown>, task: never): Promise<Answer<unknown>> {
  try {
    return { result: await work(task) }
  } catch (error) {
    if (error instanceof SluiceError) return { code: error.code, message: error.message }
    return { error: new Error(messageOf(error), { cause: error }) }
  }
}
