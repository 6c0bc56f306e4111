import type { Document } from '../document.ts'
import type { RecordFault } from './record.ts'

/** A record that another thread is to parse: its bytes, and what they can't say. */
export class UnparsedRecord {
  readonly id: string
  readonly json: Buffer

  /** @param id of a record that has none of its own @param json valid until more is read */
  constructor (id: string, json: Buffer) {
    this.id = id
    this.json = json
  }
}

/** Records that go to a thread together. */
export interface RecordBatch {
  /**
   * Bytes of records, those that are to be parsed among them: shared with the thread, and used again once the batch is
   * done with.
   */
  readonly json: SharedArrayBuffer
  readonly records: readonly BatchedRecord[]
}

/** A document; or, of a record that is to be parsed, where in `json` it is, and its id if it has none of its own. */
export type BatchedRecord = Document | { readonly id: string, readonly from: number, readonly to: number }

/** What comes of a record: a result, the reason why there is none, or null where it was no record. */
export type RecordOutcome<Result> = Result | RecordFault | null

/** Threads that batches of records go to. */
export interface BatchThreads<Result extends object> {
  /** What comes of the records, in order, is waited for by `take`. */
  readonly add: (batch: RecordBatch) => { readonly take: () => Promise<ReadonlyArray<RecordOutcome<Result>>> }
  /** Batches that are under way at most. */
  readonly lookAhead: number
  /** The document that a result is about. */
  readonly documentOf: (result: Result) => Document
}
