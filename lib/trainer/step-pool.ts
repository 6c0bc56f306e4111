import { setImmediate } from 'node:timers/promises'
import { SluiceError } from '../errors.ts'
import { WorkerThread } from '../threads/thread.ts'
import { type Lattice, PARTS } from './lattice.ts'
import { type Step, type Task, doTask } from './tasks.ts'

/** Does the steps of a training, with threads or in this one. */
export class StepPool {
  readonly #threads: ReadonlyArray<WorkerThread<Task, number>>
  readonly #signal: AbortSignal | undefined

  /** @param workers threads; with 1 all is done in this one */
  constructor (workers: number, signal?: AbortSignal) {
    this.#signal = signal
    const threads = workers === 1 ? 0 : Math.min(workers, PARTS)
    const module = import.meta.resolve('./train-thread.js')
    this.#threads = Array.from({ length: threads }, () => new WorkerThread<Task, number>(module, signal))
  }

  /** Does a step. @returns what came of its parts, in their order @throws SluiceError `ERR_ABORTED` */
  async run (lattice: Lattice, step: Step): Promise<number[]> {
    const results: number[] = []
    let next = 0
    const work = async (run: (task: Task) => Promise<number>): Promise<void> => {
      while (next < PARTS) {
        const part = next++
        results[part] = await run({ lattice, part, step })
        throwIfAborted(this.#signal)
      }
    }
    try {
      if (this.#threads.length > 0) await Promise.all(this.#threads.map(thread => work(task => thread.run(task))))
      else {
        await work(async task => {
          await setImmediate() // an abort is heard in between
          return doTask(task)
        })
      }
    } catch (error) {
      throwIfAborted(this.#signal)
      throw error
    }
    return results
  }

  /** Ends the threads, whatever they are at. */
  async close (): Promise<void> {
    await Promise.all(this.#threads.map(thread => thread.close()))
  }
}

/** @throws SluiceError `ERR_ABORTED` */
export function throwIfAborted (signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new SluiceError('ERR_ABORTED', 'training: stopped', { cause: signal.reason })
}
