import type { Document } from '../document.ts'
import type { FoundRecord, OpenRecords, RecordFile, RecordReader } from './reader.ts'
import {
  type BatchThreads, type BatchedRecord, type RecordBatch, type RecordOutcome, UnparsedRecord
} from './record-batch.ts'

/** A batch is sent off when it has so many bytes, or records. */
const BATCH_BYTES = 2 ** 19
const BATCH_RECORDS = 2048

/** Memory that outgrew this, for long records, is not kept. */
const MOST_KEPT_BYTES = 4 * BATCH_BYTES

/** Stands for the bytes of a document that was parsed before it came: some that is kept of it is all that is known. */
const ASSUMED_BYTES_A_RECORD = 64

/** What there is to send to a thread. */
type Sendable = Document | UnparsedRecord

/** A record that was read ahead. */
class Taken<Result extends object> implements FoundRecord<Result> {
  readonly offset: number
  readonly end: number
  readonly size: number
  readonly line: number | undefined
  readonly nextLine: number | undefined
  /** Bytes to be counted as read when it is taken. */
  readonly counted: number
  /** Among the records of the batch; -1 for what no thread is needed for. */
  readonly place: number
  /** Null until the batch is done, where a thread is needed for it. */
  outcome: RecordOutcome<Result>
  /** What its bytes are in. */
  memory: Buffer | undefined
  readonly #from: number
  readonly #to: number

  /** @param from where its bytes are in the batch's memory, if they are kept */
  constructor ({ offset, end, size, outcome, line, nextLine }: FoundRecord<Sendable>, counted: number, place: number, from: number, to: number) {
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

  /** Seldom asked for. */
  get bytes (): Buffer {
    return this.memory!.subarray(this.#from, this.#to)
  }
}

/** A batch that is under way. */
interface Sent<Result extends object> {
  readonly taken: ReadonlyArray<Taken<Result>>
  /** Of all its records, in bytes. */
  readonly size: number
  readonly memory: Buffer
  /** What threads make of it; null where it has nothing for them. */
  readonly job: ReturnType<BatchThreads<Result>['add']> | null
}

/**
 * Records of another reader, which go to threads in batches; what comes of them is given in the order of the file. What
 * it has read ahead counts as read only once it is taken, so that positions and counts are those of the record that was
 * taken last.
 */
export class BatchedReader<Result extends object> implements RecordReader<Result> {
  readonly #reader: RecordReader<Sendable>
  readonly #threads: BatchThreads<Result>
  readonly #count: (bytes: number) => void
  #counted = 0 // since the last record was found
  #sent: Array<Sent<Result>> = []
  #ready: ReadonlyArray<Taken<Result>> = []
  #next = 0 // in #ready
  #memory: Buffer | undefined // that the records in #ready have their bytes in
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
    if (this.#memory !== undefined && this.#memory.length <= MOST_KEPT_BYTES) this.#free.push(this.#memory)
    this.#memory = undefined
    this.#filling ??= this.#fill().finally(() => { this.#filling = undefined })
    // What has been sent isn't kept waiting by an input that is slow.
    if (this.#sent.length === 0) await Promise.race([this.#filling, new Promise<void>(resolve => { this.#onSent = resolve })])
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

  /** Makes records ready, up to one that is bad as a whole, and turns out to have others in it. */
  #give (taken: ReadonlyArray<Taken<Result>>): void {
    this.#next = 0
    for (const [index, record] of taken.entries()) {
      const parts = record.place !== -1 && typeof record.outcome === 'string' ? this.#reader.partsOf?.(record) : undefined
      if (parts === undefined) continue
      this.#ready = taken.slice(0, index)
      this.#parts = { parts, counted: record.counted - (record.end - record.offset), behind: taken.slice(index + 1) }
      return
    }
    this.#ready = taken
  }

  /** Sends the records that are in another one, batch by batch, and then gives those after it. */
  async #readParts ({ parts, counted, behind }: Parts<Result>): Promise<void> {
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
      this.#parts = { parts, counted: more, behind }
      this.#ready = gathered.taken
      this.#next = 0
    } else {
      this.#parts = undefined
      this.#give(behind)
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

  /** Gathers a batch, and sends it off. What fails on the way is told once all before it was taken. */
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
    this.#sentBytes += gathered.size
    this.#sent.push({ taken: gathered.taken, size: gathered.size, memory: gathered.memory, job: batch && this.#threads.add(batch) })
  }
}

/** Records in another one, and what comes after it. */
interface Parts<Result extends object> {
  readonly parts: Generator<FoundRecord<Sendable>>
  /** Bytes to be counted with the next one, beside its own. */
  readonly counted: number
  readonly behind: ReadonlyArray<Taken<Result>>
}

/** Waits for what comes of a batch. */
async function take<Result extends object> ({ taken, memory, job }: Pick<Sent<Result>, 'taken' | 'memory' | 'job'>): Promise<void> {
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
  /** Bytes of all records, also of those whose bytes are not needed any more. */
  size = 0
  memory: Buffer

  constructor (memory: Buffer) {
    this.memory = memory
  }

  get isFull (): boolean {
    return this.size >= BATCH_BYTES || this.taken.length >= BATCH_RECORDS
  }

  /** @param counted bytes to be counted as read with it */
  add (found: FoundRecord<Sendable>, counted: number): void {
    const { outcome, bytes, size } = found
    const isSent = typeof outcome === 'object' && outcome !== null
    const isUnparsed = outcome instanceof UnparsedRecord
    // Of rows of parquet the size isn't told.
    this.size += Math.max(size, isSent && !isUnparsed ? outcome.text.length : 0) + ASSUMED_BYTES_A_RECORD
    const from = this.#used
    if (isUnparsed || !isSent) this.#keep(bytes)
    this.taken.push(new Taken<Result>(found, counted, isSent ? this.#records.length : -1, from, this.#used))
    if (isSent) this.#records.push(isUnparsed ? { id: outcome.id, from, to: this.#used } : outcome)
  }

  /** Null where there is nothing for a thread. */
  batch (): RecordBatch | null {
    return this.#records.length === 0 ? null : { json: this.memory.buffer as SharedArrayBuffer, records: this.#records }
  }

  /** Copies bytes, which change when more is read. */
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
