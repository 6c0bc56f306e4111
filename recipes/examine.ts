import type { RecordBatch } from '../lib/batched-reader.ts'
import type { Document } from '../lib/document.ts'
import { SluiceError, codeOf, messageOf } from '../lib/errors.ts'
import type { RecordFault } from '../lib/record.ts'
import { IdBuffer } from '../lib/sentencepiece/id-buffer.ts'
import { type StageModuleFile, loadStageModule } from '../lib/stage-module.ts'
import { type Tokenizer, loadTokenizer } from '../lib/tokenizer.ts'
import { passable } from '../lib/worker-pool.ts'
import { documentOfJson } from '../sources/ndjson.ts'
import { type FilterWork, filterWork } from './stages.ts'

/** A filter, as plain data. */
export interface FilterSpec {
  readonly stage: string
  readonly options: Readonly<Record<string, unknown>>
  /** Of a stage of the user's own, which the thread loads. */
  readonly module?: StageModuleFile & { readonly stageName: string }
}

/** What is done with each document of a flow, as far as that hangs on nothing but the document. */
export interface ExaminerSpec {
  /** Where records that are yet to be parsed have their text. */
  readonly textColumn: string
  /** The filters in order, with their options. */
  readonly filters: readonly FilterSpec[]
  /** Which documents are wanted as they are behind the filters, or were when they were dropped. */
  readonly keeps: 'none' | 'passed' | 'all'
  /** What documents that pass are encoded with; null where they aren't. */
  readonly tokenizer: { readonly path: string, readonly sha256: string, readonly eosId: number } | null
}

export interface ExamineTask {
  readonly spec: ExaminerSpec
  readonly batch: RecordBatch
  /** Of 4 bytes: tells the index of the record that is being examined, should the thread die of it. */
  readonly progress: SharedArrayBuffer
}

/** What became of the records of a batch. Lists but the first are of those that gave a document. */
export interface Examined {
  /** Why a record gave no document; null for one that was no record, and 0 for a document. */
  readonly faults: ReadonlyArray<RecordFault | null | 0>
  /** The filter that dropped a document, by its index; -1 for one that passed all, duplicates or not; `failedAt` for one that a filter has failed at. */
  readonly droppedBy: Int32Array
  /** Of those that were dropped; of those that a filter has failed at, the error's message. */
  readonly reasons: readonly string[]
  /** By which the filters that compare documents do so: for each document as many as there are such filters. */
  readonly keys: BigUint64Array
  /** Null for one that isn't wanted. */
  readonly documents: ReadonlyArray<Document | null>
  /** Ids of all documents, and how many each has. */
  readonly ids: Int32Array
  readonly idCounts: Int32Array
}

/**
 * Stands in `droppedBy` for a document that a filter has failed at: whether it comes to that filter at all, behind others
 * that compare documents and before a limit, only the main thread knows.
 */
export function failedAt (filter: number): number {
  return -2 - filter
}

/** Does what a spec says. */
class Examiner {
  readonly #spec: ExaminerSpec
  readonly #works: readonly FilterWork[]
  readonly #tokenizer: Tokenizer | null

  private constructor (spec: ExaminerSpec, works: readonly FilterWork[], tokenizer: Tokenizer | null) {
    this.#spec = spec
    this.#works = works
    this.#tokenizer = tokenizer
  }

  static async open (spec: ExaminerSpec): Promise<Examiner> {
    const works = await Promise.all(spec.filters.map(async ({ module, ...filter }) => filterWork({ ...filter, module: module && await loadStageModule(module, filter.options) })))
    for (const work of works) await work.open?.()
    return new Examiner(spec, works, spec.tokenizer === null ? null : await loadSame(spec.tokenizer))
  }

  async examine ({ json, records }: RecordBatch, progress: Int32Array): Promise<Examined> {
    const result = new Results(records.length, this.#works.filter(({ key }) => key !== undefined).length)
    const bytes = Buffer.from(json)
    for (const [i, record] of records.entries()) {
      progress[0] = i
      const outcome = 'from' in record ? documentOfJson(bytes.subarray(record.from, record.to), this.#spec.textColumn, () => record.id) : record
      result.faults.push(typeof outcome === 'string' || outcome === null ? outcome : 0)
      if (typeof outcome !== 'string' && outcome !== null) await this.#pass(outcome, result)
    }
    return result.whole()
  }

  async #pass (given: Document, result: Results): Promise<void> {
    let document = given
    const push = (next: Document): void => { document = next }
    let droppedBy = -1
    for (const [i, work] of this.#works.entries()) {
      if (work.key !== undefined) {
        result.addKey(work.key(document))
        continue
      }
      try {
        const reason = work.take(document, push)
        const awaited = typeof reason === 'string' ? reason : await reason
        if (awaited === undefined) continue
        result.reasons.push(awaited)
        droppedBy = i
      } catch (error) {
        if (codeOf(error) !== 'ERR_DOCUMENT') throw error
        result.reasons.push(messageOf(error))
        droppedBy = failedAt(i)
      }
      break
    }
    if (droppedBy === -1 && this.#tokenizer !== null) {
      this.#tokenizer.append(document.text, result.ids)
      result.ids.push(this.#spec.tokenizer!.eosId)
    }
    const { keeps } = this.#spec
    result.endDocument(droppedBy, keeps === 'all' || (keeps === 'passed' && droppedBy === -1) ? document : null)
  }
}

async function loadSame ({ path, sha256 }: { readonly path: string, readonly sha256: string }): Promise<Tokenizer> {
  const tokenizer = await loadTokenizer(path)
  if (tokenizer.sha256 !== sha256) throw new SluiceError('ERR_TOKENIZER', `${path}: was changed while it is in use: has SHA-256 ${tokenizer.sha256}, expected ${sha256}; start again`)
  return tokenizer
}

/** Of one batch, as it comes along. */
class Results {
  readonly faults: Array<RecordFault | null | 0> = []
  readonly reasons: string[] = []
  readonly ids = new IdBuffer()
  readonly #droppedBy: Int32Array
  readonly #idCounts: Int32Array
  readonly #keys: BigUint64Array
  readonly #keysEach: number
  readonly #documents: Array<Document | null> = []
  #idsBefore = 0
  #keysOfDocument = 0

  constructor (records: number, keysEach: number) {
    this.#droppedBy = new Int32Array(records)
    this.#idCounts = new Int32Array(records)
    this.#keys = new BigUint64Array(records * keysEach)
    this.#keysEach = keysEach
  }

  addKey (key: bigint): void {
    this.#keys[this.#documents.length * this.#keysEach + this.#keysOfDocument++] = key
  }

  endDocument (droppedBy: number, document: Document | null): void {
    const index = this.#documents.push(document) - 1
    this.#droppedBy[index] = droppedBy
    this.#idCounts[index] = this.ids.length - this.#idsBefore
    this.#idsBefore = this.ids.length
    this.#keysOfDocument = 0
  }

  whole (): Examined {
    return { faults: this.faults, reasons: this.reasons, droppedBy: this.#droppedBy, keys: this.#keys, documents: this.#documents, ids: this.ids.copy(), idCounts: this.#idCounts }
  }
}

/** One examiner a thread: a flow has but one spec, and a mixture's components follow each other. */
let open: { readonly key: string, readonly examiner: Promise<Examiner> } | undefined

/** Examines a batch; what was loaded for it is kept for the next one. @throws SluiceError as the filters do, and `ERR_TOKENIZER` */
export async function examineBatch ({ spec, batch, progress }: ExamineTask): Promise<Examined> {
  const key = JSON.stringify(spec)
  if (open?.key !== key) open = { key, examiner: Examiner.open(spec) }
  return await (await open.examiner).examine(batch, new Int32Array(progress))
}

/** `examineBatch` for a thread. */
export const examine = passable(examineBatch)
