/** Stops what is under way at its next checkpoint, and says when that is written; it waits there for the end. */
export type StopAtCheckpoint = () => Promise<void>

/**
 * Stops a run: each flow that keeps checkpoints writes one first, of what is done by then. Where none is written within
 * a second, the run stops without.
 */
export class Stop {
  readonly #controller = new AbortController()
  readonly #mostMs: number
  readonly #flows = new Set<{ readonly stop: StopAtCheckpoint, readonly ended: Promise<void> }>()
  #isRequested = false

  /** @param mostMs how long checkpoints are waited for */
  constructor (mostMs = 1000) {
    this.#mostMs = mostMs
  }

  /** Fires once the run is to end. */
  get signal (): AbortSignal {
    return this.#controller.signal
  }

  /** Takes a flow that is under way. @returns what is called once it has ended */
  add (stop: StopAtCheckpoint): () => void {
    let end!: () => void
    const flow = { stop, ended: new Promise<void>(resolve => { end = resolve }) }
    this.#flows.add(flow)
    return () => {
      this.#flows.delete(flow)
      end()
    }
  }

  /** Stops the run; again is nothing. */
  request (): void {
    if (this.#isRequested) return
    this.#isRequested = true
    if (this.#flows.size === 0) this.end()
    if (this.signal.aborted) return
    const timer = setTimeout(() => { this.end() }, this.#mostMs)
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
