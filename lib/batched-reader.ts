import type { Document } from './document.ts'
import type { FoundRecord, RecordFile, RecordReader } from './record-reader.ts'
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
  /** The bytes of those that are to be parsed, one behind the other. */
  readonly json: Uint8Array
  readonly records: readonly BatchedRecord[]
}

/** A document; or, of a record that is to be parsed, where in `json` it ends, and its id if it has none of its own. */
export type BatchedRecord = Document | { readonly id: string, readonly jsonEnd: number }

/** What a thread makes of each record of a batch, in order. */
export type Outcome = Document | RecordFault | null

/** Where batches are taken to be examined. */
export interface Examination {
  readonly examine: (batch: RecordBatch) => Promise<readonly Outcome[]>
  /** Batches that are under way at most. */
  readonly lookAhead: number
}

/** A batch is sent off when it has so many bytes, or records. */
const BATCH_BYTES = 2 ** 20
const BATCH_RECORDS = 2048

/** Stands for the bytes of a document that was parsed before it came: some that is kept of it is all that is known. */
const ASSUMED_BYTES_A_RECORD = 64

interface Taken {
  readonly found: FoundRecord
  /** Bytes to be counted as read when the record is taken. */
  readonly counted: number
  /** In the batch; -1 for what needs no examination. */
  readonly place: number
}

/** A batch that is under way. */
interface Sent {
  readonly taken: readonly Taken[]
  readonly outcomes: Promise<readonly Outcome[]>
}

/**
 * Records of another reader, examined in batches by threads, and given in the order of the file. What it has read ahead
 * counts as read only once it is taken, so that positions and counts are those of the record that was taken last.
 */
export class BatchedReader implements RecordReader {
  readonly #reader: RecordReader
  readonly #examination: Examination
  readonly #count: (bytes: number) => void
  #counted = 0 // since the last record was found
  #sent: Sent[] = []
  #ready: Array<{ readonly found: FoundRecord, readonly counted: number }> = []
  #next = 0 // in #ready
  #hasEnded = false
  #failure: { readonly error: unknown } | undefined

  constructor (file: RecordFile, open: (file: RecordFile) => RecordReader, examination: Examination) {
    this.#reader = open({ ...file, count: bytes => { this.#counted += bytes } })
    this.#examination = examination
    this.#count = file.count
  }

  next (): FoundRecord | undefined {
    const ready = this.#ready[this.#next]
    if (ready === undefined) return undefined
    this.#next++
    this.#count(ready.counted)
    return ready.found
  }

  async read (): Promise<boolean> {
    while (!this.#hasEnded && this.#sent.length < this.#examination.lookAhead) await this.#send()
    const first = this.#sent.shift()
    if (first === undefined) {
      if (this.#failure !== undefined) throw this.#failure.error
      this.#count(this.#counted)
      this.#counted = 0
      return false
    }
    const outcomes = await first.outcomes
    this.#ready = first.taken.map(({ found, counted, place }) => ({ found: place === -1 ? found : { ...found, outcome: outcomes[place]! }, counted }))
    this.#next = 0
    return true
  }

  close (): void {
    this.#hasEnded = true
    this.#reader.close()
  }

  /** Gathers a batch, and sends it off. What fails on the way is told once all before it was taken. */
  async #send (): Promise<void> {
    const gathered = new Gathered()
    try {
      while (!gathered.isFull) {
        const found = this.#reader.next()
        if (found !== undefined) {
          gathered.add(found, this.#counted)
          this.#counted = 0
        } else if (!await this.#reader.read()) {
          this.#hasEnded = true
          break
        }
      }
    } catch (error) {
      this.#hasEnded = true
      this.#failure = { error }
    }
    if (gathered.taken.length === 0) return
    const outcomes = gathered.isEmpty ? Promise.resolve([]) : this.#examination.examine(gathered.batch())
    outcomes.catch(() => {}) // whoever takes the batch is told
    this.#sent.push({ taken: gathered.taken, outcomes })
  }
}

/** Records for one batch. */
class Gathered {
  readonly taken: Taken[] = []
  readonly #records: BatchedRecord[] = []
  #parts: Buffer[] = []
  #jsonEnd = 0
  #bytes = 0

  get isFull (): boolean {
    return this.#bytes >= BATCH_BYTES || this.taken.length >= BATCH_RECORDS
  }

  /** Whether nothing in it is to be examined. */
  get isEmpty (): boolean {
    return this.#records.length === 0
  }

  add (found: FoundRecord, counted: number): void {
    const { outcome } = found
    const bytes = Buffer.from(found.bytes) // they change when more is read
    const isExamined = typeof outcome === 'object' && outcome !== null
    this.taken.push({ found: { ...found, bytes }, counted, place: isExamined ? this.#records.length : -1 })
    this.#bytes += found.size + ASSUMED_BYTES_A_RECORD
    if (!isExamined) return
    if (outcome instanceof UnparsedRecord) {
      this.#jsonEnd += bytes.length
      this.#parts.push(bytes)
      this.#records.push({ id: outcome.id, jsonEnd: this.#jsonEnd })
    } else {
      this.#records.push(outcome)
    }
  }

  batch (): RecordBatch {
    return { json: Buffer.concat(this.#parts, this.#jsonEnd), records: this.#records }
  }
}
