import { Crew, type Future, inOneStep } from '../threads/crew.ts'
import { WorkerThread } from '../threads/thread.ts'
import { verifyAnyShard } from './format-shard.ts'
import type { ShardVerdict } from './shard.ts'
import type { ShardTask } from './shard-task.ts'

export interface ShardVerifierOptions {
  /** Number of threads, including the main thread. */
  readonly workers: number
  /** Stops all threads when it fires. */
  readonly signal?: AbortSignal | undefined
}

/** Verifies shards in the order in which they are added, in worker threads and in this one. Close it at the end. */
export class ShardVerifier {
  readonly #threads: ReadonlyArray<WorkerThread<ShardTask, ShardVerdict>>
  readonly #crew: Crew<ShardTask, ShardVerdict>
  readonly #closing = new AbortController()

  constructor ({ workers, signal }: ShardVerifierOptions) {
    const module = import.meta.resolve('./shard-thread.js')
    this.#threads = Array.from({ length: workers - 1 }, () => new WorkerThread(module, signal))
    const own = AbortSignal.any([this.#closing.signal, ...(signal === undefined ? [] : [signal])])
    // A shard may take long, so no second one is queued at a thread while another thread has nothing to do.
    this.#crew = new Crew(this.#threads, inOneStep(async task => {
      own.throwIfAborted()
      return await verifyAnyShard(task, own)
    }), { tasksEach: 1 })
  }

  add (task: ShardTask): Future<ShardVerdict> {
    return this.#crew.add(task)
  }

  /** Stops the current tasks and starts no more. */
  async close (): Promise<void> {
    const reason = new Error('the verifier is closed')
    this.#closing.abort(reason)
    await this.#crew.end(reason)
    await Promise.all(this.#threads.map(thread => thread.close()))
  }
}
