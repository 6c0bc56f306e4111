import type { Document } from '../../../lib/document.ts'
import { SluiceError, codeOf, messageOf } from '../../../lib/errors.ts'
import type { FilterModel } from '../../../lib/fasttext/model-use.ts'
import type { SharedFastText } from '../../../lib/fasttext/model.ts'
import { documentOfJson } from '../../../lib/records/json.ts'
import type { RecordBatch } from '../../../lib/records/record-batch.ts'
import type { SentencePieceVersion } from '../../../lib/sentencepiece/lexicon.ts'
import { type StageModuleFile, loadStageModule } from '../../../lib/stage/module.ts'
import { type Tokenizer, loadTokenizer } from '../../../lib/tokenizer/tokenizer.ts'
import { ndjsonLine } from '../../../sinks/ndjson.ts'
import { type FilterWork, filterWork } from '../../stages.ts'
import { type BatchResult, type Keeps, Results, failedAt } from './batch-result.ts'

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
  readonly keeps: Keeps
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
    const works = await Promise.all(spec.filters.map(workOf))
    const opened: FilterWork[] = []
    try {
      for (const work of works) {
        await work.open?.()
        opened.push(work)
      }
      const append = spec.tokenizer === null ? null : tokenizer ?? await loadSame(spec.tokenizer)
      return new BatchWorker(spec, works, append)
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

async function workOf ({ module, loaded, ...filter }: FilterSpec): Promise<FilterWork> {
  const stage = module && await loadStageModule(module, filter.options)
  return filterWork({ ...filter, module: stage }, loaded && { loaded })
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

  constructor (spec: BatchSpec, works: readonly FilterWork[], tokenizer: Append | null, input: BatchInput) {
    const { batch: { json, records }, memory } = input
    this.#spec = spec
    this.#works = works
    this.#tokenizer = tokenizer
    this.#bytes = Buffer.from(json)
    this.#records = records
    const keysEach = works.filter(({ key }) => key !== undefined).length
    this.#result = new Results(records.length, keysEach, spec.keeps, memory)
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
export async function loadSame (spec: Omit<TokenizerSpec, 'eosId'>): Promise<Tokenizer> {
  const { path, sha256, version, words } = spec
  const tokenizer = await loadTokenizer(path, { words, version })
  if (tokenizer.sha256 !== sha256) {
    const mistake = `has SHA-256 ${tokenizer.sha256}, expected ${sha256}; start again`
    throw new SluiceError('ERR_TOKENIZER', `${path}: was changed while it is in use: ${mistake}`)
  }
  return tokenizer
}
