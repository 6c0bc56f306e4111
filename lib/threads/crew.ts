import { setImmediate } from 'node:timers/promises'

/** Work that was begun and is done in steps, such as the records of a batch. */
export interface Steps<Result> {
  readonly isDone: boolean
  /** Does the next one. */
  readonly step: () => void | Promise<void>
  /** What came of it, once it is done. */
  readonly result: () => Result
}

/** Begins work that is no more than one step. */
export function inOneStep<Task, Result> (work: (task: Task) => Promise<Result>): (task: Task) => Promise<Steps<Result>> {
  return task => {
    let done: { readonly result: Result } | undefined
    return Promise.resolve({
      get isDone () { return done !== undefined },
      step: async () => { done = { result: await work(task) } },
      result: () => done!.result
    })
  }
}

/** A thread that works for a crew. */
export interface Helper<Task, Result> {
  /** Settles once it has loaded what it needs: no task waits for that. Without it tasks are given from the start. */
  readonly ready?: Promise<unknown>
  readonly run: (task: Task) => Promise<Result>
}

/** What will come of a task that was given to a crew. */
export interface Future<Result> {
  /**
   * Waits for what came of it, and works meanwhile.
   *
   * @throws what the work throws, and what keeps a helper from working
   */
  readonly take: () => Promise<Result>
}

export interface CrewOptions {
  /**
   * Tasks that a helper has at once; with 1 it waits between them, and no long one waits at it.
   *
   * @default 2: the one that it does, and the next one
   */
  readonly tasksEach?: number
}

/** For so long at a time this thread does work of its own: what comes from elsewhere waits meanwhile. */
const STEP_MS = 5

/**
 * It does so, too, when nothing was given or asked for in so long: it waits for something else then, such as a disk.
 */
const LULL_MS = 10

class QueuedTask<Task, Result> {
  readonly task: Task
  readonly result: Promise<Result>
  isSettled = false
  #settle!: { readonly resolve: (result: Result) => void, readonly reject: (error: unknown) => void }

  constructor (task: Task) {
    this.task = task
    this.result = new Promise<Result>((resolve, reject) => { this.#settle = { resolve, reject } })
    this.result.catch(() => {}) // whoever takes it is told
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
 * Does tasks in the order in which they come: by threads, and in this one as well, while it has nothing else to do than
 * to wait for one of them. So no core is idle while threads start, and there is one thread less to start.
 */
export class Crew<Task, Result> {
  readonly #begin: ((task: Task) => Promise<Steps<Result>>) | null
  readonly #tasksEach: number
  readonly #busy = new Map<Helper<Task, Result>, number>() // tasks of those that are ready
  readonly #waiting: Array<QueuedTask<Task, Result>> = []
  #own: { readonly asked: QueuedTask<Task, Result>, readonly steps: Steps<Result> } | undefined
  #failure: { readonly error: unknown } | undefined
  #working: Promise<boolean> | undefined
  #isTaking = false
  #lastAsked = 0
  #lull: NodeJS.Timeout | undefined

  /** @param begin begins a task in this thread; null where that is to do none */
  constructor (helpers: ReadonlyArray<Helper<Task, Result>>, begin: ((task: Task) => Promise<Steps<Result>>) | null, { tasksEach = 2 }: CrewOptions = {}) {
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

  /** Gives a task, and what will come of it: to be taken in the order in which tasks were given. */
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
   * Nothing is begun any more: tasks that aren't at a helper fail, and so do those that come. Resolves once nothing is
   * done here any more.
   */
  async end (error: unknown): Promise<void> {
    this.#failure ??= { error }
    clearTimeout(this.#lull)
    this.#own?.asked.reject(error)
    this.#own = undefined
    for (const asked of this.#waiting.splice(0)) asked.reject(error)
    await this.#working
  }

  /** It may have been while something was awaited, which the compiler can't see. */
  #hasEnded (): boolean {
    return this.#failure !== undefined
  }

  async #take (asked: QueuedTask<Task, Result>): Promise<Result> {
    this.#isTaking = true
    try {
      do await setImmediate() // else this thread's own stages would keep helpers from being heard
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
      this.#useLull().catch(() => {}) // whoever takes the task is told
    }, LULL_MS)
  }

  async #useLull (): Promise<void> {
    while (!this.#isTaking && performance.now() - this.#lastAsked >= LULL_MS && await this.#work()) await setImmediate()
    if (this.#own !== undefined || this.#waiting.length > 0) this.#awaitLull()
  }

  #feed (): void {
    for (let tasks = 0; tasks < this.#tasksEach; tasks++) {
      for (const [helper, busy] of this.#busy) {
        if (busy > tasks) continue
        const asked = this.#waiting.shift()
        if (asked === undefined) return
        this.#busy.set(helper, busy + 1)
        helper.run(asked.task).then(result => { asked.resolve(result) }, (error: unknown) => { asked.reject(error) }).finally(() => {
          this.#busy.set(helper, this.#busy.get(helper)! - 1)
          this.#feed()
        }).catch(() => {})
      }
    }
  }

  /** Works for a moment. False when there is nothing to do in this thread. */
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
