import type { Document } from '../document.ts'
import type { FoundRecord, OpenRecords, RecordFile, RecordReader } from './reader.ts'
import {
  type BatchThreads, type BatchedRecord, type RecordBatch, type RecordOutcome, UnparsedRecord
} from './record-batch.ts'

/** A batch is sent when it has this many bytes or records. */
const BATCH_BYTES = 2 ** 19
const BATCH_RECORDS = 2048

/** Larger memory, which long records need, is not reused. */
const MAX_KEPT_BYTES = 4 * BATCH_BYTES

/** Added to the size of each record, as the size of its metadata is unknown. */
const ASSUMED_BYTES_A_RECORD = 64

/** An item that can be sent to a thread. */
type Sendable = Document | UnparsedRecord

/** A record that was read ahead. */
class Taken<Result extends object> implements FoundRecord<Result> {
  readonly offset: number
  readonly end: number
  readonly size: number
  readonly line: number | undefined
  readonly nextLine: number | undefined
  /** Bytes to count as read when it is taken. */
  readonly counted: number
  /** Index among the records of the batch; -1 if it isn't sent to a thread. */
  readonly place: number
  /** Null until the batch is done, if it is sent to a thread. */
  outcome: RecordOutcome<Result>
  /** The memory that has its bytes. */
  memory: Buffer | undefined
  readonly #from: number
  readonly #to: number

  /** @param from start of its bytes in the memory of the batch, if they are kept @param to their end */
  constructor (found: FoundRecord<Sendable>, counted: number, place: number, from: number, to: number) {
    const { offset, end, size, outcome, line, nextLine } = found
    this.offset = offset
    this.end = end
    this.size = size
    this.outcome = typeof outcome === 'string' ? outcome : null
    this.line = line
    this.nextLine = nextLine
    this.counted = counted
    this.place = place
    this.#from = from
    this.#to = to
  }

  get bytes (): Buffer {
    return this.memory!.subarray(this.#from, this.#to)
  }
}

/** A batch that was sent. */
interface Sent<Result extends object> {
  readonly taken: ReadonlyArray<Taken<Result>>
  /** Bytes of all its records. */
  readonly size: number
  readonly memory: Buffer
  /** The job of the threads; null if no record needs one. */
  readonly job: ReturnType<BatchThreads<Result>['add']> | null
}

/**
 * Sends the records of another reader to threads in batches, and returns the outcomes in the order of the file. Records
 * that were read ahead count as read only once they are taken, so that positions and counts belong to the record that
 * was taken last.
 */
export class BatchedReader<Result extends object> implements RecordReader<Result> {
  readonly #reader: RecordReader<Sendable>
  readonly #threads: BatchThreads<Result>
  readonly #count: (bytes: number) => void
  #counted = 0 // since the last record was found
  #sent: Array<Sent<Result>> = []
  #ready: ReadonlyArray<Taken<Result>> = []
  #next = 0 // in #ready
  #memory: Buffer | undefined // with the bytes of the records in #ready
  #parts: Parts<Result> | undefined
  readonly #free: Buffer[] = []
  #sentBytes = 0
  #filling: Promise<void> | undefined
  #onSent: (() => void) | undefined
  #hasEnded = false
  #failure: { readonly error: unknown } | undefined

  constructor (file: RecordFile, open: OpenRecords<Sendable>, threads: BatchThreads<Result>) {
    this.#reader = open({ ...file, count: bytes => { this.#counted += bytes } })
    this.#threads = threads
    this.#count = file.count
  }

  get columns (): readonly string[] | undefined {
    return this.#reader.columns
  }

  next (): FoundRecord<Result> | undefined {
    const ready = this.#ready[this.#next]
    if (ready === undefined) return undefined
    this.#next++
    this.#count(ready.counted)
    return ready
  }

  async read (): Promise<boolean> {
    if (this.#parts !== undefined) {
      await this.#readParts(this.#parts)
      return true
    }
    if (this.#memory !== undefined && this.#memory.length <= MAX_KEPT_BYTES) this.#free.push(this.#memory)
    this.#memory = undefined
    this.#filling ??= this.#fill().finally(() => { this.#filling = undefined })
    // Waits for the first batch only: a slow input must not hold up batches that were sent.
    if (this.#sent.length === 0) {
      await Promise.race([this.#filling, new Promise<void>(resolve => { this.#onSent = resolve })])
    }
    const first = this.#sent.shift()
    if (first === undefined) {
      if (this.#failure !== undefined) throw this.#failure.error
      this.#count(this.#counted)
      this.#counted = 0
      return false
    }
    this.#sentBytes -= first.size
    await take(first)
    this.#memory = first.memory
    this.#give(first.taken)
    return true
  }

  /** Makes records ready, up to a bad one that turns out to consist of several records. */
  #give (taken: ReadonlyArray<Taken<Result>>): void {
    this.#next = 0
    for (const [index, record] of taken.entries()) {
      const isBad = record.place !== -1 && typeof record.outcome === 'string'
      const parts = isBad ? this.#reader.partsOf?.(record) : undefined
      if (parts === undefined) continue
      const counted = record.counted - (record.end - record.offset)
      this.#ready = taken.slice(0, index)
      this.#parts = { parts, counted, after: taken.slice(index + 1) }
      return
    }
    this.#ready = taken
  }

  /** Sends the records within a bad one, batch by batch, and then makes those after it ready. */
  async #readParts ({ parts, counted, after }: Parts<Result>): Promise<void> {
    const gathered = new Gathered<Result>(sharedMemory(BATCH_BYTES))
    let more = counted
    while (!gathered.isFull) {
      const part = parts.next()
      if (part.done === true) break
      gathered.add(part.value, more + part.value.end - part.value.offset)
      more = 0
    }
    const batch = gathered.batch()
    await take({ taken: gathered.taken, memory: gathered.memory, job: batch && this.#threads.add(batch) })
    if (gathered.taken.length > 0) {
      this.#parts = { parts, counted: more, after }
      this.#ready = gathered.taken
      this.#next = 0
    } else {
      this.#parts = undefined
      this.#give(after)
    }
  }

  get isBlank (): boolean | undefined {
    return this.#reader.isBlank
  }

  close (): void {
    this.#hasEnded = true
    this.#reader.close()
  }

  async #fill (): Promise<void> {
    const { lookAhead } = this.#threads
    while (!this.#hasEnded && this.#sent.length < lookAhead && this.#sentBytes <= lookAhead * BATCH_BYTES) {
      await this.#send()
      this.#onSent?.()
      this.#onSent = undefined
    }
  }

  /** Fills a batch and sends it. `read` throws an error once all records before it were taken. */
  async #send (): Promise<void> {
    const gathered = new Gathered<Result>(this.#free.pop() ?? sharedMemory(BATCH_BYTES))
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
    const batch = gathered.batch()
    const { taken, size, memory } = gathered
    this.#sentBytes += size
    this.#sent.push({ taken, size, memory, job: batch && this.#threads.add(batch) })
  }
}

/** The records within a bad one, and the records after it. */
interface Parts<Result extends object> {
  readonly parts: Generator<FoundRecord<Sendable>>
  /** Bytes to count with the next one, besides its own. */
  readonly counted: number
  readonly after: ReadonlyArray<Taken<Result>>
}

/** Waits for the outcomes of a batch, and assigns them to its records. */
async function take<Result extends object> (
  { taken, memory, job }: Pick<Sent<Result>, 'taken' | 'memory' | 'job'>
): Promise<void> {
  const outcomes = await job?.take() ?? []
  for (const record of taken) {
    record.memory = memory
    if (record.place !== -1) record.outcome = outcomes[record.place]!
  }
}

/** Records for one batch. */
class Gathered<Result extends object> {
  readonly taken: Array<Taken<Result>> = []
  readonly #records: BatchedRecord[] = []
  #used = 0 // bytes of the memory
  /** Bytes of all records, including those whose bytes are not kept. */
  size = 0
  memory: Buffer

  constructor (memory: Buffer) {
    this.memory = memory
  }

  get isFull (): boolean {
    return this.size >= BATCH_BYTES || this.taken.length >= BATCH_RECORDS
  }

  /** @param counted bytes to count as read with it */
  add (found: FoundRecord<Sendable>, counted: number): void {
    const { outcome, bytes, size } = found
    const isSent = typeof outcome === 'object' && outcome !== null
    const isUnparsed = outcome instanceof UnparsedRecord
    // The size of a parquet row is unknown.
    this.size += Math.max(size, isSent && !isUnparsed ? outcome.text.length : 0) + ASSUMED_BYTES_A_RECORD
    const from = this.#used
    if (isUnparsed || !isSent) this.#keep(bytes)
    this.taken.push(new Taken<Result>(found, counted, isSent ? this.#records.length : -1, from, this.#used))
    if (isSent) this.#records.push(isUnparsed ? { id: outcome.id, from, to: this.#used } : outcome)
  }

  /** Null if there is nothing to send. */
  batch (): RecordBatch | null {
    return this.#records.length === 0 ? null : { json: this.memory.buffer as SharedArrayBuffer, records: this.#records }
  }

  /** Copies bytes, as the next read may overwrite them. */
  #keep (bytes: Buffer): void {
    if (this.#used + bytes.length > this.memory.length) {
      const larger = sharedMemory(Math.max(2 * this.memory.length, this.#used + bytes.length))
      this.memory.copy(larger, 0, 0, this.#used)
      this.memory = larger
    }
    this.#used += bytes.copy(this.memory, this.#used)
  }
}

function sharedMemory (bytes: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(bytes))
}
