/** Makes a flow write a checkpoint and pause there. Resolves when the checkpoint is written. */
export type StopAtCheckpoint = () => Promise<void>

/** Stops a run after each flow that keeps checkpoints has written one, or after a second at the latest. */
export class Stop {
  readonly #controller = new AbortController()
  readonly #maxMs: number
  readonly #flows = new Set<{ readonly stop: StopAtCheckpoint, readonly ended: Promise<void> }>()
  #isRequested = false

  /** @param maxMs how long to wait for checkpoints */
  constructor (maxMs = 1000) {
    this.#maxMs = maxMs
  }

  /** Fires when the run must end. */
  get signal (): AbortSignal {
    return this.#controller.signal
  }

  /** Adds a running flow. @returns a function to call when the flow has ended */
  add (stop: StopAtCheckpoint): () => void {
    let end!: () => void
    const flow = { stop, ended: new Promise<void>(resolve => { end = resolve }) }
    this.#flows.add(flow)
    return () => {
      this.#flows.delete(flow)
      end()
    }
  }

  /** Stops the run at its checkpoints. Further calls do nothing. */
  request (): void {
    if (this.#isRequested) return
    this.#isRequested = true
    if (this.#flows.size === 0) this.end()
    if (this.signal.aborted) return
    const timer = setTimeout(() => { this.end() }, this.#maxMs)
    const stopped = [...this.#flows].map(({ stop, ended }) => Promise.race([stop(), ended]))
    Promise.allSettled(stopped).then(() => {
      clearTimeout(timer)
      this.end()
    }, () => {})
  }

  /** Stops the run at once. */
  end (): void {
    this.#controller.abort()
  }
}
