import { SluiceError } from '../errors.ts'
import { Crew, inOneStep } from '../threads/crew.ts'
import { WorkerThread } from '../threads/thread.ts'
import { type Lattice, PARTS } from './lattice.ts'
import { type Step, type Task, doTask } from './tasks.ts'

/** Does the steps of a training, in worker threads or in this thread. */
export class StepPool {
  readonly #threads: ReadonlyArray<WorkerThread<Task, number>>
  readonly #crew: Crew<Task, number>
  readonly #signal: AbortSignal | undefined

  /** @param workers number of worker threads; 1: this thread does all steps */
  constructor (workers: number, signal?: AbortSignal) {
    this.#signal = signal
    const threads = workers === 1 ? 0 : Math.min(workers, PARTS)
    const module = import.meta.resolve('./train-thread.js')
    this.#threads = Array.from({ length: threads }, () => new WorkerThread<Task, number>(module, signal))
    const here = workers === 1 ? inOneStep((task: Task) => Promise.resolve(task).then(doTask)) : null
    this.#crew = new Crew(this.#threads, here, { tasksEach: 1 })
  }

  /** Does a step. @returns the results of its parts, in their order @throws SluiceError `ERR_ABORTED` */
  async run (lattice: Lattice, step: Step): Promise<number[]> {
    const parts = Array.from({ length: PARTS }, (_, part) => this.#crew.add({ lattice, part, step }))
    const results: number[] = []
    try {
      for (const part of parts) {
        results.push(await part.take())
        throwIfAborted(this.#signal)
      }
    } catch (error) {
      throwIfAborted(this.#signal)
      throw error
    }
    return results
  }

  /** Stops the threads, even during a task. */
  async close (): Promise<void> {
    await this.#crew.end(new SluiceError('ERR_ABORTED', 'training: stopped'))
    await Promise.all(this.#threads.map(thread => thread.close()))
  }
}

/** @throws SluiceError `ERR_ABORTED` */
export function throwIfAborted (signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new SluiceError('ERR_ABORTED', 'training: stopped', { cause: signal.reason })
}
