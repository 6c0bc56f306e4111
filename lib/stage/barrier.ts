/** What a source is told of barriers. */
export interface Barriers {
  /** Asked after each document: whether a barrier is to follow it. */
  readonly isDue: () => boolean
  /** Called once a barrier has come to the end of the flow. The source waits for it. */
  readonly arrived: () => Promise<void>
}

/**
 * Follows the documents of a source through a flow; stages hand it on, and the sink awaits `arrive`. The source makes
 * nothing in the meantime: when a barrier arrives, all that came before it has been dealt with, and nothing is under
 * way.
 */
export class Barrier {
  readonly arrive: () => Promise<void>

  constructor (arrive: () => Promise<void>) {
    this.arrive = arrive
  }
}
