import type { Document } from '../document.ts'
import type { RecordFault } from './record.ts'

/** A record to be parsed in another thread: its bytes, and the id for it if it has none. */
export class UnparsedRecord {
  readonly id: string
  readonly json: Buffer

  /** @param id for a record without one @param json valid until more is read */
  constructor (id: string, json: Buffer) {
    this.id = id
    this.json = json
  }
}

/** Records that go to a thread together. */
export interface RecordBatch {
  /** The bytes of records, including those to be parsed. Shared with the thread, and reused after the batch. */
  readonly json: SharedArrayBuffer
  readonly records: readonly BatchedRecord[]
}

/** A document; or, for a record to be parsed, its range in `json`, and the id for it if it has none. */
export type BatchedRecord = Document | { readonly id: string, readonly from: number, readonly to: number }

/** The outcome of a record: a result, the reason why there is none, or null for a blank line. */
export type RecordOutcome<Result> = Result | RecordFault | null

/** Threads that process batches of records. */
export interface BatchThreads<Result extends object> {
  /** Sends a batch; `take` waits for the outcomes of its records, in order. */
  readonly add: (batch: RecordBatch) => { readonly take: () => Promise<ReadonlyArray<RecordOutcome<Result>>> }
  /** How many batches may be in progress. */
  readonly lookAhead: number
  /** The document of a result. */
  readonly documentOf: (result: Result) => Document
}
