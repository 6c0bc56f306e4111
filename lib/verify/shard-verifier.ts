import { Crew, type Future, inOneStep } from '../threads/crew.ts'
import { WorkerThread } from '../threads/thread.ts'
import { type ShardTask, type ShardVerdict, verifyShard } from './shard.ts'

export interface ShardVerifierOptions {
  /** Threads, the main one among them. */
  readonly workers: number
  /** Ends what is being done, wherever, when it fires. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Verifies shards in the order in which they are given: with threads, and in this one as well. To be closed in the end.
 */
export class ShardVerifier {
  readonly #threads: ReadonlyArray<WorkerThread<ShardTask, ShardVerdict>>
  readonly #crew: Crew<ShardTask, ShardVerdict>
  readonly #closing = new AbortController()

  constructor ({ workers, signal }: ShardVerifierOptions) {
    this.#threads = Array.from({ length: workers - 1 }, () => new WorkerThread(import.meta.resolve('./shard-thread.js'), signal))
    const own = AbortSignal.any([this.#closing.signal, ...(signal === undefined ? [] : [signal])])
    // A shard may take long: none waits at a thread while another one has nothing to do.
    this.#crew = new Crew(this.#threads, inOneStep(async task => {
      own.throwIfAborted()
      return await verifyShard(task, own)
    }), { tasksEach: 1 })
  }

  add (task: ShardTask): Future<ShardVerdict> {
    return this.#crew.add(task)
  }

  /** Ends what is being done, and begins nothing more. */
  async close (): Promise<void> {
    const reason = new Error('the verifier is closed')
    this.#closing.abort(reason)
    await this.#crew.end(reason)
    await Promise.all(this.#threads.map(thread => thread.close()))
  }
}
