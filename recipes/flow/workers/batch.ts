import type { Document } from '../../../lib/document.ts'
import { SluiceError, allInOrder, codeOf, messageOf } from '../../../lib/errors.ts'
import type { FilterModel } from '../../../lib/fasttext/model-use.ts'
import type { SharedFastText } from '../../../lib/fasttext/model.ts'
import { textKeys } from '../../../lib/dedup/text-key.ts'
import { documentOfJson } from '../../../lib/records/json.ts'
import { documentIds } from '../../../lib/packing/document-id.ts'
import type { RecordBatch } from '../../../lib/records/record-batch.ts'
import { type StageModuleFile, loadStageModule } from '../../../lib/stage/module.ts'
import {
  type SharedTokenizer, type Tokenizer, type TokenizerOptions, loadTokenizer
} from '../../../lib/tokenizer/tokenizer.ts'
import { type Boundaries, appendDocument } from '../../../transforms/encode.ts'
import { ndjsonLine } from '../../../sinks/ndjson.ts'
import { type FilterWork, filterWork } from '../../stages.ts'
import { type BatchResult, type Keeps, Results, failedAt } from './batch-result.ts'

/** A filter, as plain data. */
export interface FilterSpec {
  readonly stage: string
  readonly options: Readonly<Record<string, unknown>>
  /** The module of a custom stage, which the thread loads. */
  readonly module?: StageModuleFile & { readonly stageName: string }
  /** The model that the filter reads, and that model loaded into memory that threads share. */
  readonly model?: FilterModel | undefined
  readonly loaded?: SharedFastText | undefined
}

/** The work of a flow that depends on a single document only. */
export interface BatchSpec {
  /** The path of the text in records that are not parsed yet. */
  readonly textColumn: string
  /** The filters in order, with their options. */
  readonly filters: readonly FilterSpec[]
  /** Whether the documents that pass are compared by 128-bit keys of their texts. */
  readonly comparesAll: boolean
  readonly keeps: Keeps
  /** Encodes the documents that pass; null if they are not encoded. */
  readonly tokenizer: TokenizerSpec | null
}

/** A tokenizer that every thread loads for itself, but for what is shared. */
export interface TokenizerSpec {
  readonly path: string
  readonly sha256: string
  readonly options: TokenizerOptions
  readonly shared: SharedTokenizer | undefined
  readonly boundaries: Boundaries
}

/** Records, and memory for the result: ids of 32 bits each, or lines in UTF-8. */
export interface BatchInput {
  readonly batch: RecordBatch
  readonly memory: SharedArrayBuffer
}

export interface BatchTask extends BatchInput {
  readonly spec: BatchSpec
  /** The number of the batch, which `progress` reports. */
  readonly number: number
  /**
   * Two 32-bit integers, for errors if the thread dies: the number of the current batch, and the current record in it.
   */
  readonly progress: SharedArrayBuffer
}

/** The part of a tokenizer that encodes a batch. */
type Append = Pick<Tokenizer, 'append'>

/** Encodes documents, and hashes their ids. */
interface BatchEncoder extends Append {
  readonly hash: (id: string) => bigint
}

/** What is done with documents that have passed the filters. */
interface AfterFilters {
  /** The key of a text, if documents are compared by it. */
  readonly keyOf: ((text: string) => bigint) | null
  readonly encoder: BatchEncoder | null
}

/** Processes batches by a spec, one after the other. */
export class BatchWorker {
  readonly #spec: BatchSpec
  readonly #works: readonly FilterWork[]
  readonly #after: AfterFilters

  private constructor (spec: BatchSpec, works: readonly FilterWork[], after: AfterFilters) {
    this.#spec = spec
    this.#works = works
    this.#after = after
  }

  /** @param tokenizer the tokenizer of the spec, if it is loaded already */
  static async open (spec: BatchSpec, tokenizer?: Append): Promise<BatchWorker> {
    const works = await allInOrder(spec.filters.map(workOf))
    const opened: FilterWork[] = []
    try {
      for (const work of works) {
        await work.open?.()
        opened.push(work)
      }
      const keyOf = spec.comparesAll ? await textKeys() : null
      if (spec.tokenizer === null) return new BatchWorker(spec, works, { keyOf, encoder: null })
      const { append } = tokenizer ?? await loadSame(spec.tokenizer)
      return new BatchWorker(spec, works, { keyOf, encoder: { append, hash: await documentIds() } })
    } catch (error) {
      for (const work of opened) await work.close?.()
      throw error
    }
  }

  /** Begins a batch. The previous one must be done. */
  begin (task: BatchInput): BatchRun {
    return new BatchRun(this.#spec, this.#works, this.#after, task)
  }

  async close (): Promise<void> {
    for (const work of this.#works) await work.close?.()
  }
}

async function workOf ({ module, loaded, ...filter }: FilterSpec): Promise<FilterWork> {
  const stage = module && await loadStageModule(module, filter.options)
  return filterWork({ ...filter, module: stage }, loaded && { loaded })
}

/** A batch in progress, record by record. */
export class BatchRun {
  readonly #spec: BatchSpec
  readonly #works: readonly FilterWork[]
  readonly #after: AfterFilters
  readonly #bytes: Buffer
  readonly #records: RecordBatch['records']
  readonly #result: Results
  #next = 0

  constructor (spec: BatchSpec, works: readonly FilterWork[], after: AfterFilters, input: BatchInput) {
    const { batch: { json, records }, memory } = input
    this.#spec = spec
    this.#works = works
    this.#after = after
    this.#bytes = Buffer.from(json)
    this.#records = records
    const keysEach = works.filter(({ key }) => key !== undefined).length + (after.keyOf === null ? 0 : 2)
    const shape = { records: records.length, keysEach, hashesIds: after.encoder !== null }
    this.#result = new Results(shape, spec.keeps, memory)
  }

  /** Records that `step` has started. */
  get done (): number {
    return this.#next
  }

  get isDone (): boolean {
    return this.#next === this.#records.length
  }

  /** Does the next record. */
  step (): void | Promise<void> {
    const record = this.#records[this.#next++]!
    const outcome = 'from' in record
      ? documentOfJson(this.#bytes.subarray(record.from, record.to), this.#spec.textColumn, () => record.id)
      : record
    const isFault = typeof outcome === 'string' || outcome === null
    this.#result.faults.push(isFault ? outcome : 0)
    if (!isFault) return this.#pass(outcome, 0)
  }

  result (): BatchResult {
    return this.#result.whole()
  }

  /**
   * Runs the filters from `first` on. It awaits only filters that return a promise: for most filters, awaiting would
   * take longer than the filter.
   */
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
    const { keyOf, encoder } = this.#after
    if (keyOf !== null) {
      const key = keyOf(document.text)
      this.#result.addKey(key >> 64n)
      this.#result.addKey(key) // as 64 bits
    }
    if (encoder !== null) {
      appendDocument(document, encoder.append, this.#spec.tokenizer!.boundaries, this.#result.ids)
    } else if (this.#spec.keeps === 'lines') this.#result.lines.append(ndjsonLine(document))
    this.#result.endDocument(-1, document, encoder?.hash(document.id))
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

/** Loads the tokenizer of a spec. @throws SluiceError `ERR_TOKENIZER` when its file has changed since */
export async function loadSame (spec: Omit<TokenizerSpec, 'boundaries'>): Promise<Append> {
  const { path, sha256, options, shared } = spec
  if (shared?.kind === 'byte-level') {
    const { sharedEncoder } = await import('../../../lib/bpe/encoder.ts')
    return sharedEncoder(shared.encoder)
  }
  if (shared?.kind === 'pieces') {
    const { sharedPieces } = await import('../../../lib/tokenizer/pieces/encoder.ts')
    return sharedPieces(shared.encoder)
  }
  const tokenizer = await loadTokenizer(path, { ...options, shared })
  if (tokenizer.sha256 !== sha256) {
    const mistake = `has SHA-256 ${tokenizer.sha256}, expected ${sha256}; start again`
    throw new SluiceError('ERR_TOKENIZER', `${path}: was changed while it is in use: ${mistake}`)
  }
  return tokenizer
}
