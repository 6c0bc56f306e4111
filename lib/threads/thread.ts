import { Worker, parentPort } from 'node:worker_threads'
import { type ErrorCode, SluiceError, messageOf } from '../errors.ts'

/** A quarter of Node's bound: what passes through a thread is soon forgotten, and more only costs memory. */
const YOUNG_MB = 12

interface Pending<Result> {
  readonly resolve: (result: Result) => void
  readonly reject: (error: Error) => void
}

/**
 * What comes out of a thread. Structured clone would take the code off an error of ours, which goes without its stack.
 */
type Answer<Result> = { readonly result: Result } | { readonly code: ErrorCode, readonly message: string } | { readonly error: Error }

/**
 * One thread that does tasks, one after the other as they come: it doesn't wait for this thread between them. It keeps
 * the process alive only while it has something to do.
 */
export class WorkerThread<Task, Result> {
  readonly #worker: Worker
  readonly #pending = new Map<number, Pending<Result>>()
  #count = 0
  #failure: Error | undefined

  /** @param entry URL of a module that calls `serveTasks` @param signal ends the thread when it fires */
  constructor (entry: string, signal?: AbortSignal) {
    this.#worker = new Worker(new URL(entry), { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB }, ...(hasInputType() && { execArgv: [] }) })
    this.#worker.unref()
    this.#worker.on('message', this.#answered)
    this.#worker.on('messageerror', this.#fail)
    this.#worker.on('error', this.#fail)
    const onAbort = (): void => { this.#fail(signal?.reason as Error) }
    this.#worker.on('exit', code => {
      signal?.removeEventListener('abort', onAbort)
      this.#fail(new Error(`it ended with exit code ${code}${code === 0 ? ': a stage of your own may have called process.exit; one that can\'t go on throws an error' : ''}`))
    })
    signal?.addEventListener('abort', onAbort)
    if (signal?.aborted === true) onAbort()
  }

  /** Whether it does nothing any more: it has died, or was ended. */
  get hasEnded (): boolean {
    return this.#failure !== undefined
  }

  /** @throws what the work throws, or why the thread has ended: then for all tasks that it has not done */
  run (task: Task): Promise<Result> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      const number = this.#count++
      this.#pending.set(number, { resolve, reject })
      this.#worker.ref()
      this.#worker.postMessage({ number, task })
    })
  }

  /** Ends the thread, whatever it is at. */
  async close (): Promise<void> {
    this.#failure ??= new Error('it was closed')
    await this.#worker.terminate()
  }

  readonly #answered = ({ number, ...answer }: { readonly number: number } & Answer<Result>): void => {
    const pending = this.#pending.get(number)
    this.#pending.delete(number)
    // A process that lets go of a thread while that ends, ends itself.
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

/** Of a program that is given as text, the type is no option of a thread's: Node refuses it there. */
function hasInputType (): boolean {
  return process.execArgv.some(option => option.startsWith('--input-type'))
}

/**
 * Does the tasks of a `WorkerThread`, in that thread; nothing where it is called in another one. They begin as they
 * come: `work` sees to their order where it waits for something. Results are copied on their way: to hand memory over
 * costs more.
 */
export function serveTasks (work: (task: never) => Promise<unknown>): void {
  parentPort?.on('message', ({ number, task }: { readonly number: number, readonly task: never }) => {
    answerOf(work, task).then(answer => { parentPort!.postMessage({ number, ...answer }) }, (error: unknown) => { throw error })
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
