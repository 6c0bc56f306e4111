/** When a source sends barriers. */
export interface Barriers {
  /** Called after each document: whether a barrier must follow it. */
  readonly isDue: () => boolean
  /** Called once a barrier has reached the end of the flow. The source waits for it. */
  readonly arrived: () => Promise<void>
}

/**
 * Follows the documents of a source through a flow: stages pass it on, and the sink awaits `arrive`. The source
 * pauses in the meantime. When a barrier arrives, all documents before it are processed, and none is in progress.
 */
export class Barrier {
  readonly arrive: () => Promise<void>

  constructor (arrive: () => Promise<void>) {
    this.arrive = arrive
  }
}
