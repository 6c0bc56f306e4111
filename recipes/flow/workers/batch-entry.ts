import type { Document } from '../../../lib/document.ts'
import type { BatchResult } from './batch-result.ts'

/** The result of a batch, until all of its documents are done. */
export interface BatchOutput extends BatchResult {
  readonly made: Int32Array | Uint8Array
  /** Call it once for each document, when its result is no longer needed. */
  readonly done: () => void
}

/** A document of a batch that a thread has processed. It reads the thread's results for it from the batch. */
export class BatchEntry {
  readonly #output: BatchOutput
  readonly #index: number // among the documents of the batch
  readonly #from: number // where its ids or its line begin
  #document: Document | undefined
  /** Why the document was dropped, or the message of the error if a filter failed on it. */
  readonly reason: string | undefined

  constructor (output: BatchOutput, index: number, reason: string | undefined, from: number) {
    this.#output = output
    this.#index = index
    this.reason = reason
    this.#from = from
  }

  /** The document, if the batch returns it. */
  get document (): Document {
    if (this.#document === undefined) {
      const { id, text, meta } = this.#output.documents![this.#index]!
      // Documents may share one `meta`, and rejects are looked up by it.
      this.#document = { id, text, meta: { ...meta } }
    }
    return this.#document
  }

  /** The document as the batch returns it; null if it doesn't. */
  get kept (): Document | null {
    return this.#output.documents?.[this.#index] ?? null
  }

  /** The filter that dropped it, as in `BatchResult`. */
  get droppedBy (): number {
    return this.#output.droppedBy[this.#index]!
  }

  /** The key of the document for a filter that compares documents. @param which index among these filters */
  key (which: number): bigint {
    const { keys, keysEach } = this.#output
    return keys[this.#index * keysEach + which]!
  }

  /** The hash of the document's id. */
  get idHash (): bigint {
    return this.#output.idHashes[this.#index]!
  }

  /** The ids of the document, or its line. Copy them before calling `done`. */
  get made (): Int32Array | Uint8Array {
    const { made, sizes } = this.#output
    return made.subarray(this.#from, this.#from + sizes[this.#index]!)
  }

  /** Call it when the document's result is no longer needed. */
  done (): void {
    this.#output.done()
  }
}

/** An item of a flow with threads: an entry while results of its batch are needed, then the document. */
export type FlowItem = Document | BatchEntry

export function documentOf (item: FlowItem): Document {
  return item instanceof BatchEntry ? item.document : item
}
