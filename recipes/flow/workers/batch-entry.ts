import type { Document } from '../../../lib/document.ts'
import type { BatchResult } from './batch-result.ts'

/** What threads have made of a batch, as long as it is looked at. */
export interface BatchOutput extends BatchResult {
  readonly made: Int32Array | Uint8Array
  /** To be called once for each document, when nothing of it is looked at any more. */
  readonly done: () => void
}

/** The place of a document in what threads have made of its batch: what they found for it is read from there. */
export class BatchEntry {
  readonly #output: BatchOutput
  readonly #index: number // among the documents of the batch
  readonly #from: number // in what was made of the batch
  #document: Document | undefined
  /** Why it was dropped; of one that a filter has failed at, the message. */
  readonly reason: string | undefined

  constructor (output: BatchOutput, index: number, reason: string | undefined, from: number) {
    this.#output = output
    this.#index = index
    this.reason = reason
    this.#from = from
  }

  /** The document, where threads were asked for it. */
  get document (): Document {
    if (this.#document === undefined) {
      const { id, text, meta } = this.#output.documents![this.#index]!
      this.#document = { id, text, meta: { ...meta } } // one may have come for several
    }
    return this.#document
  }

  /** The filter that dropped it, as in `BatchResult`. */
  get droppedBy (): number {
    return this.#output.droppedBy[this.#index]!
  }

  /** What one of the filters that compare documents compares. */
  key (which: number): bigint {
    const { keys, keysEach } = this.#output
    return keys[this.#index * keysEach + which]!
  }

  /** Its ids, or its line: to be copied before `done` is called. */
  get made (): Int32Array | Uint8Array {
    const { made, sizes } = this.#output
    return made.subarray(this.#from, this.#from + sizes[this.#index]!)
  }

  /** To be called when nothing of it is looked at any more. */
  done (): void {
    this.#output.done()
  }
}

/** What a flow with threads hands on: entries as long as threads have more of them than the document. */
export type FlowItem = Document | BatchEntry

export function documentOf (item: FlowItem): Document {
  return item instanceof BatchEntry ? item.document : item
}
