import { setImmediate } from 'node:timers/promises'

/** Work that is done in steps, such as the records of a batch. */
export interface Steps<Result> {
  readonly isDone: boolean
  /** Does the next step. */
  readonly step: () => void | Promise<void>
  /** The result, once all steps are done. */
  readonly result: () => Result
}

/** Wraps a single step as work. */
export function inOneStep<Task, Result> (
  work: (task: Task) => Promise<Result>
): (task: Task) => Promise<Steps<Result>> {
  return task => {
    let done: { readonly result: Result } | undefined
    return Promise.resolve({
      get isDone () { return done !== undefined },
      step: async () => { done = { result: await work(task) } },
      result: () => done!.result
    })
  }
}

/** A thread of a crew. */
export interface Helper<Task, Result> {
  /** Resolves once the thread is loaded; it gets no task before that. Without it, it gets tasks from the start. */
  readonly ready?: Promise<unknown>
  readonly run: (task: Task) => Promise<Result>
}

/** The result to come of a task that was given to a crew. */
export interface Future<Result> {
  /**
   * Waits for the result; meanwhile, this thread does tasks too.
   *
   * @throws what the work throws, or the error that ended a helper
   */
  readonly take: () => Promise<Result>
}

export interface CrewOptions {
  /**
   * Number of tasks that a helper has at once. With 1, it is idle between tasks, but no task waits for a long one.
   *
   * @default 2: the current one and the next one
   */
  readonly tasksEach?: number
}

/** How long this thread works before it returns to the event loop. */
const STEP_MS = 5

/** This thread also works after this time without calls: it is waiting for something else then, such as a disk. */
const LULL_MS = 10

class QueuedTask<Task, Result> {
  readonly task: Task
  readonly result: Promise<Result>
  isSettled = false
  #settle!: { readonly resolve: (result: Result) => void, readonly reject: (error: unknown) => void }

  constructor (task: Task) {
    this.task = task
    this.result = new Promise<Result>((resolve, reject) => { this.#settle = { resolve, reject } })
    this.result.catch(() => {}) // `take` throws the error
  }

  resolve (result: Result): void {
    this.isSettled = true
    this.#settle.resolve(result)
  }

  reject (error: unknown): void {
    this.isSettled = true
    this.#settle.reject(error)
  }
}

/**
 * Runs tasks in order of arrival, in helper threads, and in this thread while it waits for a result. So no core is idle
 * while threads start, and one thread less is needed.
 */
export class Crew<Task, Result> {
  readonly #begin: ((task: Task) => Promise<Steps<Result>>) | null
  readonly #tasksEach: number
  readonly #busy = new Map<Helper<Task, Result>, number>() // number of tasks of each helper that is ready
  readonly #waiting: Array<QueuedTask<Task, Result>> = []
  #own: { readonly asked: QueuedTask<Task, Result>, readonly steps: Steps<Result> } | undefined
  #failure: { readonly error: unknown } | undefined
  #working: Promise<boolean> | undefined
  #isTaking = false
  #lastAsked = 0
  #lull: NodeJS.Timeout | undefined

  /** @param begin starts a task in this thread; null if this thread should do none */
  constructor (
    helpers: ReadonlyArray<Helper<Task, Result>>,
    begin: ((task: Task) => Promise<Steps<Result>>) | null,
    { tasksEach = 2 }: CrewOptions = {}
  ) {
    this.#begin = begin
    this.#tasksEach = tasksEach
    for (const helper of helpers) {
      if (helper.ready === undefined) this.#busy.set(helper, 0)
      else {
        helper.ready.then(() => {
          this.#busy.set(helper, 0)
          this.#feed()
        }, (error: unknown) => this.end(error))
      }
    }
  }

  /** Adds a task. Take the results in the order in which tasks were added. */
  add (task: Task): Future<Result> {
    const asked = new QueuedTask<Task, Result>(task)
    if (this.#failure === undefined) {
      this.#waiting.push(asked)
      this.#feed()
      this.#lastAsked = performance.now()
      this.#awaitLull()
    } else asked.reject(this.#failure.error)
    return { take: () => this.#take(asked) }
  }

  /**
   * Starts no more tasks: those that no helper has yet, and all that are added later, fail with the error. Resolves
   * once this thread has stopped working.
   */
  async end (error: unknown): Promise<void> {
    this.#failure ??= { error }
    clearTimeout(this.#lull)
    this.#own?.asked.reject(error)
    this.#own = undefined
    for (const asked of this.#waiting.splice(0)) asked.reject(error)
    await this.#working
  }

  /** A method, as the compiler can't see that the field may change during an `await`. */
  #hasEnded (): boolean {
    return this.#failure !== undefined
  }

  async #take (asked: QueuedTask<Task, Result>): Promise<Result> {
    this.#isTaking = true
    try {
      do await setImmediate() // so that messages from helpers are received
      while (!asked.isSettled && await this.#work())
      return await asked.result
    } finally {
      this.#isTaking = false
      this.#lastAsked = performance.now()
    }
  }

  #awaitLull (): void {
    if (this.#begin === null) return
    this.#lull ??= setTimeout(() => {
      this.#lull = undefined
      this.#useLull().catch(() => {}) // `take` throws the error
    }, LULL_MS)
  }

  async #useLull (): Promise<void> {
    const isLull = (): boolean => !this.#isTaking && performance.now() - this.#lastAsked >= LULL_MS
    while (isLull() && await this.#work()) await setImmediate()
    if (this.#own !== undefined || this.#waiting.length > 0) this.#awaitLull()
  }

  #feed (): void {
    for (let tasks = 0; tasks < this.#tasksEach; tasks++) {
      for (const [helper, busy] of this.#busy) {
        if (busy > tasks) continue
        const asked = this.#waiting.shift()
        if (asked === undefined) return
        this.#busy.set(helper, busy + 1)
        helper.run(asked.task)
          .then(result => { asked.resolve(result) }, (error: unknown) => { asked.reject(error) })
          .finally(() => {
            this.#busy.set(helper, this.#busy.get(helper)! - 1)
            this.#feed()
          })
          .catch(() => {})
      }
    }
  }

  /** Works for `STEP_MS`. Resolves to false if there is nothing to do in this thread. */
  #work (): Promise<boolean> {
    this.#working ??= this.#step().finally(() => { this.#working = undefined })
    return this.#working
  }

  async #step (): Promise<boolean> {
    const begin = this.#begin
    const asked = begin === null ? undefined : this.#own?.asked ?? this.#waiting.shift()
    if (begin === null || asked === undefined) return false
    try {
      const { steps } = this.#own ??= { asked, steps: await begin(asked.task) }
      if (this.#hasEnded()) throw this.#failure!.error
      const end = performance.now() + STEP_MS
      while (!steps.isDone && performance.now() < end) {
        const step = steps.step()
        if (step !== undefined) await step
        if (this.#hasEnded()) return false
      }
      if (!steps.isDone) return true
      asked.resolve(steps.result())
    } catch (error) {
      asked.reject(error)
    }
    this.#own = undefined
    return true
  }
}
