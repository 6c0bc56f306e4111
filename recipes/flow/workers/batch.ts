import type { Document } from '../../../lib/document.ts'
import { SluiceError, codeOf, messageOf } from '../../../lib/errors.ts'
import type { FilterModel } from '../../../lib/fasttext/model-use.ts'
import type { SharedFastText } from '../../../lib/fasttext/model.ts'
import { documentOfJson } from '../../../lib/records/json.ts'
import type { RecordBatch } from '../../../lib/records/record-batch.ts'
import type { RecordFault } from '../../../lib/records/record.ts'
import { IdBuffer } from '../../../lib/sentencepiece/id-buffer.ts'
import type { SentencePieceVersion } from '../../../lib/sentencepiece/lexicon.ts'
import { type StageModuleFile, loadStageModule } from '../../../lib/stage/module.ts'
import { type Tokenizer, loadTokenizer } from '../../../lib/tokenizer/tokenizer.ts'
import { ndjsonLine } from '../../../sinks/ndjson.ts'
import { type FilterWork, filterWork } from '../../stages.ts'

/** A filter, as plain data. */
export interface FilterSpec {
  readonly stage: string
  readonly options: Readonly<Record<string, unknown>>
  /** Of a stage of the user's own, which the thread loads. */
  readonly module?: StageModuleFile & { readonly stageName: string }
  /** That it reads, and as it was read, into memory that threads share. */
  readonly model?: FilterModel | undefined
  readonly loaded?: SharedFastText | undefined
}

/** What is done with each document of a flow, as far as that hangs on nothing but the document. */
export interface BatchSpec {
  /** Where records that are yet to be parsed have their text. */
  readonly textColumn: string
  /** The filters in order, with their options. */
  readonly filters: readonly FilterSpec[]
  /** Which documents are wanted, as they are behind the filters, or were when they were dropped; of `lines`, those that pass are wanted as lines of NDJSON. */
  readonly keeps: 'none' | 'lines' | 'passed' | 'all'
  /** What documents that pass are encoded with; null where they aren't. */
  readonly tokenizer: TokenizerSpec | null
}

/** A tokenizer that every thread loads for itself, but for the words it has met. */
export interface TokenizerSpec {
  readonly path: string
  readonly sha256: string
  readonly version: SentencePieceVersion
  readonly words: SharedArrayBuffer | undefined
  readonly eosId: number
}

/** Records, and where what is made of them goes: ids, 32 bits each, or lines in UTF-8. */
export interface BatchInput {
  readonly batch: RecordBatch
  readonly memory: SharedArrayBuffer
}

export interface BatchTask extends BatchInput {
  readonly spec: BatchSpec
  /** Which one it is: told by `progress`. */
  readonly number: number
  /** Two 32-bit integers: the batch that the thread is at, and which of its records, should the thread die of it. */
  readonly progress: SharedArrayBuffer
}

/** What became of the records of a batch. Lists but the first are of those that gave a document. */
export interface BatchResult {
  /** Why a record gave no document; null for one that was no record, and 0 for a document. */
  readonly faults: ReadonlyArray<RecordFault | null | 0>
  /** The filter that dropped a document, by its index; -1 for one that passed all, duplicates or not; `failedAt` for one that a filter has failed at. */
  readonly droppedBy: Int32Array
  /** Of those that were dropped; of those that a filter has failed at, the error's message. */
  readonly reasons: readonly string[]
  /** By which the filters that compare documents do so: for each document as many as there are such filters. */
  readonly keys: BigUint64Array
  readonly keysEach: number
  /** Null for one that isn't wanted; null where none is. */
  readonly documents: ReadonlyArray<Document | null> | null
  /** How many ids, or bytes of its line, each document has. */
  readonly sizes: Int32Array
  /** The ids, or lines, of all, where the memory for them was too small; else they are in it. */
  readonly made: Int32Array | Uint8Array | null
}

/**
 * Stands in `droppedBy` for a document that a filter has failed at: whether it comes to that filter at all, behind others
 * that compare documents and before a limit, only the main thread knows.
 */
export function failedAt (filter: number): number {
  return -2 - filter
}

/** What a batch is encoded with. */
type Append = Pick<Tokenizer, 'append'>

/** Does what a spec says, one batch after the other. */
export class BatchWorker {
  readonly #spec: BatchSpec
  readonly #works: readonly FilterWork[]
  readonly #tokenizer: Append | null

  private constructor (spec: BatchSpec, works: readonly FilterWork[], tokenizer: Append | null) {
    this.#spec = spec
    this.#works = works
    this.#tokenizer = tokenizer
  }

  /** @param tokenizer where the spec's was loaded already */
  static async open (spec: BatchSpec, tokenizer?: Append): Promise<BatchWorker> {
    const works = await Promise.all(spec.filters.map(async ({ module, loaded, ...filter }) => filterWork({ ...filter, module: module && await loadStageModule(module, filter.options) }, loaded && { loaded })))
    const opened: FilterWork[] = []
    try {
      for (const work of works) {
        await work.open?.()
        opened.push(work)
      }
      return new BatchWorker(spec, works, spec.tokenizer === null ? null : tokenizer ?? await loadSame(spec.tokenizer))
    } catch (error) {
      for (const work of opened) await work.close?.()
      throw error
    }
  }

  /** Begins a batch. The next one is begun once it is done with. */
  begin (task: BatchInput): BatchRun {
    return new BatchRun(this.#spec, this.#works, this.#tokenizer, task)
  }

  async close (): Promise<void> {
    for (const work of this.#works) await work.close?.()
  }
}

/** A batch that is under way, record by record. */
export class BatchRun {
  readonly #spec: BatchSpec
  readonly #works: readonly FilterWork[]
  readonly #tokenizer: Append | null
  readonly #bytes: Buffer
  readonly #records: RecordBatch['records']
  readonly #result: Results
  #next = 0

  constructor (spec: BatchSpec, works: readonly FilterWork[], tokenizer: Append | null, { batch: { json, records }, memory }: BatchInput) {
    this.#spec = spec
    this.#works = works
    this.#tokenizer = tokenizer
    this.#bytes = Buffer.from(json)
    this.#records = records
    this.#result = new Results(records.length, works.filter(({ key }) => key !== undefined).length, spec.keeps, memory)
  }

  /** Records that are done, those before the one that is under way. */
  get done (): number {
    return this.#next
  }

  get isDone (): boolean {
    return this.#next === this.#records.length
  }

  /** Does the next record. */
  step (): void | Promise<void> {
    const record = this.#records[this.#next++]!
    const outcome = 'from' in record ? documentOfJson(this.#bytes.subarray(record.from, record.to), this.#spec.textColumn, () => record.id) : record
    const isFault = typeof outcome === 'string' || outcome === null
    this.#result.faults.push(isFault ? outcome : 0)
    if (!isFault) return this.#pass(outcome, 0)
  }

  result (): BatchResult {
    return this.#result.whole()
  }

  /** From a filter on. Nothing is awaited where no filter has to: for most, that would cost more than the filter. */
  #pass (given: Document, first: number): void | Promise<void> {
    const works = this.#works
    let document = given
    const push = (next: Document): void => { document = next }
    for (let i = first; i < works.length; i++) {
      const work = works[i]!
      if (work.key !== undefined) {
        this.#result.addKey(work.key(document))
        continue
      }
      try {
        const reason = work.take(document, push)
        if (reason === undefined) continue
        if (typeof reason !== 'string') {
          return reason.then(
            awaited => {
              if (awaited === undefined) return this.#pass(document, i + 1)
              this.#drop(document, i, awaited)
            },
            (error: unknown) => { this.#fail(document, i, error) })
        }
        this.#drop(document, i, reason)
      } catch (error) {
        this.#fail(document, i, error)
      }
      return
    }
    if (this.#tokenizer !== null) {
      this.#tokenizer.append(document.text, this.#result.ids)
      this.#result.ids.push(this.#spec.tokenizer!.eosId)
    } else if (this.#spec.keeps === 'lines') this.#result.lines.append(ndjsonLine(document))
    this.#result.endDocument(-1, document)
  }

  #drop (document: Document, filter: number, reason: string): void {
    this.#result.reasons.push(reason)
    this.#result.endDocument(filter, document)
  }

  #fail (document: Document, filter: number, error: unknown): void {
    if (codeOf(error) !== 'ERR_DOCUMENT') throw error
    this.#result.reasons.push(messageOf(error))
    this.#result.endDocument(failedAt(filter), document)
  }
}

/** @throws SluiceError `ERR_TOKENIZER` when it isn't the one that the spec tells of */
export async function loadSame ({ path, sha256, version, words }: Omit<TokenizerSpec, 'eosId'>): Promise<Tokenizer> {
  const tokenizer = await loadTokenizer(path, { words, version })
  if (tokenizer.sha256 !== sha256) throw new SluiceError('ERR_TOKENIZER', `${path}: was changed while it is in use: has SHA-256 ${tokenizer.sha256}, expected ${sha256}; start again`)
  return tokenizer
}

/** Of one batch, as it comes along. */
class Results {
  readonly faults: Array<RecordFault | null | 0> = []
  readonly reasons: string[] = []
  readonly ids: IdBuffer
  readonly lines: LineBuffer
  readonly #keeps: BatchSpec['keeps']
  readonly #memory: SharedArrayBuffer
  readonly #droppedBy: Int32Array
  readonly #sizes: Int32Array
  readonly #keys: BigUint64Array
  readonly #keysEach: number
  readonly #documents: Array<Document | null> | null
  #count = 0
  #sizeBefore = 0
  #keysOfDocument = 0

  constructor (records: number, keysEach: number, keeps: BatchSpec['keeps'], memory: SharedArrayBuffer) {
    this.ids = new IdBuffer(new Int32Array(memory))
    this.lines = new LineBuffer(Buffer.from(memory))
    this.#keeps = keeps
    this.#memory = memory
    this.#droppedBy = new Int32Array(records)
    this.#sizes = new Int32Array(records)
    this.#keys = new BigUint64Array(records * keysEach)
    this.#keysEach = keysEach
    this.#documents = keeps === 'none' || keeps === 'lines' ? null : []
  }

  addKey (key: bigint): void {
    this.#keys[this.#count * this.#keysEach + this.#keysOfDocument++] = key
  }

  endDocument (droppedBy: number, document: Document): void {
    const index = this.#count++
    const size = this.ids.length + this.lines.length
    this.#documents?.push(this.#keeps === 'all' || droppedBy === -1 ? document : null)
    this.#droppedBy[index] = droppedBy
    this.#sizes[index] = size - this.#sizeBefore
    this.#sizeBefore = size
    this.#keysOfDocument = 0
  }

  whole (): BatchResult {
    const { faults, reasons, ids, lines } = this
    const made = [ids.ids, lines.bytes].find(({ buffer }) => buffer !== this.#memory)
    return { faults, reasons, droppedBy: this.#droppedBy, keys: this.#keys, keysEach: this.#keysEach, documents: this.#documents, sizes: this.#sizes, made: made?.subarray(0, this.#sizeBefore) ?? null }
  }
}

/** Lines in UTF-8, laid end to end. */
class LineBuffer {
  bytes: Buffer
  length = 0

  /** @param bytes memory to begin with */
  constructor (bytes: Buffer) {
    this.bytes = bytes
  }

  append (line: string): void {
    const most = 3 * line.length // bytes of as many UTF-16 units
    if (this.length + most > this.bytes.length) this.#reserve(Buffer.byteLength(line))
    this.length += this.bytes.write(line, this.length)
  }

  #reserve (more: number): void {
    if (this.length + more <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.bytes.length, this.length + more))
    this.bytes.copy(larger, 0, 0, this.length)
    this.bytes = larger
  }
}
