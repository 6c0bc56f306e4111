import type { Document } from '../document.ts'
import type { RecordFault } from './record.ts'

/** A record that is parsed elsewhere: where there is nothing but its bytes to say what it is. */
export class UnparsedRecord implements Document {
  readonly id: string
  readonly text = ''
  readonly meta = {}
  readonly json: Buffer

  /** @param id of a record that has none of its own @param json valid until more is read */
  constructor (id: string, json: Buffer) {
    this.id = id
    this.json = json
  }
}

/** Records that go to a thread together. */
export interface RecordBatch {
  /** Bytes of records, those that are to be parsed among them: shared with the thread, and used again once the batch is done with. */
  readonly json: SharedArrayBuffer
  readonly records: readonly BatchedRecord[]
}

/** A document; or, of a record that is to be parsed, where in `json` it is, and its id if it has none of its own. */
export type BatchedRecord = Document | { readonly id: string, readonly from: number, readonly to: number }

/** What a thread makes of each record of a batch, in order. */
export type Outcome = Document | RecordFault | null

/** Where batches are taken to be examined. */
export interface Examination {
  /** What comes of it is waited for by `take`. */
  readonly examine: (batch: RecordBatch) => { readonly take: () => Promise<readonly Outcome[]> }
  /** Batches that are under way at most. */
  readonly lookAhead: number
}
