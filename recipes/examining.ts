import { stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import type { Examination, Outcome, RecordBatch } from '../lib/batched-reader.ts'
import type { Document, Tokens } from '../lib/document.ts'
import { Crew, type Helper } from '../lib/crew.ts'
import { SluiceError, messageOf } from '../lib/errors.ts'
import { findFiles } from '../lib/files.ts'
import type { Component, Filter } from '../lib/manifest/schema.ts'
import { positive } from '../lib/options.ts'
import { Stage } from '../lib/stage.ts'
import type { Encoder } from '../lib/tokenizer.ts'
import { type WorkerPool, workerThread } from '../lib/worker-pool.ts'
import { type ExamineTask, type Examined, Examiner, type ExaminerSpec, type FilterSpec, failedAt } from './examine.ts'
import { endOfSentence } from '../transforms/encode.ts'
import { type AnyStage, filters } from './stages.ts'

/** The option of every recipe that can use more than one core. */
export const workersOption = positive.optional()
  .describe('threads that parse, filter and encode documents; 1: none but the main one (default: as many as there are cores, and none for less than 8 MB)')

/** What takes less than this is done before threads have started. */
const LITTLE_BYTES = 8e6

/** Batches that are under way for each thread: one that it works at, and one that waits. */
const BATCHES_A_WORKER = 4

/** What threads can do of a flow. */
export interface ExaminedFlow {
  readonly component: Component
  /** Whether what filters drop is kept. */
  readonly keepsRejects: boolean
  /** Whether documents are wanted behind the filters, and not only their ids. */
  readonly keepsDocuments: boolean
  /** What documents are encoded with, if they are. */
  readonly tokenizer: Encoder | null
}

/** What a flow is told of threads. */
export interface ThreadOptions {
  /** Threads that parse, filter and encode; 1: none but the main one. @default as many as there are cores, and none for less than 8 MB */
  readonly workers?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Told which filter can't be done by threads. */
  readonly tell?: ((message: string) => void) | undefined
}

/** A document that was examined; without its text where that isn't wanted. What was found is none of its fields, which are written. */
class ExaminedDocument implements Document {
  readonly id: string
  readonly text: string
  readonly meta: Record<string, unknown>
  readonly #batch: Examined
  readonly #index: number // among the documents of the batch
  readonly #reason: string | undefined
  readonly #idsFrom: number

  constructor (batch: Examined, index: number, reason: string | undefined, idsFrom: number) {
    const document = batch.documents?.[index]
    this.id = document?.id ?? ''
    this.text = document?.text ?? ''
    this.meta = document?.meta ?? NO_META
    this.#batch = batch
    this.#index = index
    this.#reason = reason
    this.#idsFrom = idsFrom
  }

  static of (document: Document): ExaminedDocument {
    if (#batch in document) return document
    throw new TypeError(`${document.id}: expected a document that was examined`)
  }

  /** As in `Examined`. */
  get droppedBy (): number {
    return this.#batch.droppedBy[this.#index]!
  }

  /** Why it was dropped, or the message where a filter has failed. */
  get reason (): string | undefined {
    return this.#reason
  }

  get ids (): Int32Array {
    return this.#batch.ids.subarray(this.#idsFrom, this.#idsFrom + this.#batch.idCounts[this.#index]!)
  }

  /** What one of the filters that compare documents compares. */
  key (which: number): bigint {
    const { keys, keysEach } = this.#batch
    return keys[this.#index * keysEach + which]!
  }
}

const NO_META: Record<string, unknown> = Object.freeze({}) as Record<string, unknown>

/** A thread that examines batches, and what is known of where it stands. */
class ExaminingThread implements Helper<RecordBatch, Examined> {
  readonly ready: Promise<unknown>
  readonly #spec: ExaminerSpec
  readonly #pool: WorkerPool<ExamineTask, Examined>
  readonly #signal: AbortSignal | undefined
  readonly #progress = new SharedArrayBuffer(8)
  readonly #batches = new Map<number, RecordBatch>() // that it has been given
  #given = 0

  constructor (spec: ExaminerSpec, signal: AbortSignal | undefined) {
    this.#spec = spec
    this.#signal = signal
    this.#pool = workerThread({ module: import.meta.resolve('./examine.js'), name: 'examine' }, signal)
    this.ready = this.run({ json: new SharedArrayBuffer(0), records: [] })
  }

  readonly run = async (batch: RecordBatch): Promise<Examined> => {
    const number = this.#given++
    this.#batches.set(number, batch)
    try {
      const examined = await this.#pool.run({ spec: this.#spec, batch, number, progress: this.#progress })
      this.#batches.delete(number)
      return examined
    } catch (cause) {
      if (cause instanceof SluiceError || this.#signal?.aborted === true) throw cause
      throw new SluiceError('ERR_DOCUMENT', `${this.#current() ?? 'no document yet'}: the thread that filters and encodes it has failed: ${messageOf(cause)}; with --workers 1 it is done in the main thread`, { cause })
    }
  }

  close (): Promise<void> {
    return this.#pool.close()
  }

  /** The id of the document that it is at. */
  #current (): string | undefined {
    const [number, record] = new Int32Array(this.#progress)
    return this.#batches.get(number!)?.records[record!]?.id
  }
}

/**
 * The part of a flow that threads do, and what stands in for it: a stage for each filter, of the same name, that counts,
 * drops and passes on what a thread has found, and compares what is to be compared in order.
 */
export class Examining implements Examination {
  readonly lookAhead: number
  readonly #spec: ExaminerSpec
  readonly #threads: readonly ExaminingThread[]
  readonly #crew: Crew<RecordBatch, Examined>
  readonly #tokenizer: Encoder | null
  #examiner: Promise<Examiner> | undefined // of this thread

  /** @param workers threads, this one among them */
  constructor (spec: ExaminerSpec, { workers, tokenizer, signal }: { readonly workers: number, readonly tokenizer: Encoder | null, readonly signal: AbortSignal | undefined }) {
    this.#spec = spec
    this.#tokenizer = tokenizer
    this.#threads = Array.from({ length: workers - 1 }, () => new ExaminingThread(spec, signal))
    this.#crew = new Crew(this.#threads, async batch => (await (this.#examiner ??= Examiner.open(spec, this.#tokenizer ?? undefined))).begin(batch))
    this.lookAhead = BATCHES_A_WORKER * workers
  }

  readonly examine = (batch: RecordBatch): { readonly take: () => Promise<readonly Outcome[]> } => {
    const job = this.#crew.add(batch)
    return { take: async () => outcomesOf(await job.take()) }
  }

  async close (): Promise<void> {
    this.#crew.end(new SluiceError('ERR_ABORTED', 'stopped'))
    await Promise.all(this.#threads.map(thread => thread.close()))
    await (await this.#examiner)?.close()
  }

  /** How many of the filters threads do; those behind them see whole documents. */
  get filterCount (): number {
    return this.#spec.filters.length
  }

  get encodes (): boolean {
    return this.#spec.tokenizer !== null
  }

  /** Stands in for a filter, by its index. @param options as of the filter itself */
  standIn (index: number, options: Readonly<Record<string, unknown>>): AnyStage {
    const { stage, module } = this.#spec.filters[index]!
    const key = keyedFilters(this.#spec).indexOf(index)
    if (key !== -1) return filters[stage]!.make({ ...options, hashOf: (document: Document) => ExaminedDocument.of(document).key(key) })
    const { highWaterMark, rejects } = options as never
    return new Stage<Document, Document>({
      name: module?.stageName ?? stage,
      take (document, push) {
        const { droppedBy, reason } = ExaminedDocument.of(document)
        if (droppedBy === index) return reason
        if (droppedBy === failedAt(index)) throw new SluiceError('ERR_DOCUMENT', reason!)
        push(document)
        return undefined
      }
    }, { highWaterMark, rejects })
  }

  /** Stands in for `encode`. */
  encoded (): Stage<Document, Tokens> {
    return new Stage<Document, Tokens>({
      name: 'encode',
      take (document, push) {
        push({ id: document.id, ids: ExaminedDocument.of(document).ids, meta: document.meta })
        return undefined
      }
    })
  }

}

function outcomesOf (batch: Examined): Outcome[] {
  const { faults, droppedBy, reasons, idCounts } = batch
  let document = 0
  let reason = 0
  let id = 0
  return faults.map(fault => {
    if (fault !== 0) return fault
    const index = document++
    const idsFrom = id
    id += idCounts[index]!
    return new ExaminedDocument(batch, index, droppedBy[index] === -1 ? undefined : reasons[reason++], idsFrom)
  })
}

/** Indexes of the filters that compare documents with each other. */
function keyedFilters (spec: ExaminerSpec): number[] {
  return spec.filters.flatMap((filter, index) => isKeyed(filter) ? [index] : [])
}

/** One of the user's own that compares documents does so in the main thread. */
function isKeyed ({ stage, options, module }: FilterSpec): boolean {
  return module === undefined && filters[stage]!.work(options).key !== undefined
}

/**
 * What threads do of a flow: the filters before the first one of the user's own that wants all documents in order, unless
 * what one drops has to be as it was before those behind it.
 */
function specOf ({ component, keepsRejects, keepsDocuments, tokenizer }: ExaminedFlow): ExaminerSpec {
  const all = component.filters.map(filterSpec)
  const firstKeyed = all.findIndex(isKeyed)
  const firstInOrder = component.filters.findIndex(isInOrder)
  const examined = all.slice(0, Math.min(keepsRejects && firstKeyed !== -1 ? firstKeyed + 1 : Infinity, firstInOrder === -1 ? Infinity : firstInOrder))
  const encodes = tokenizer?.path !== undefined && examined.length === all.length
  return {
    textColumn: component.textColumn,
    filters: examined,
    keeps: keepsRejects ? 'all' : keepsDocuments || !encodes ? 'passed' : 'none',
    tokenizer: encodes ? { path: tokenizer.path, sha256: tokenizer.sha256, eosId: endOfSentence(tokenizer, component.eosId) } : null
  }
}

function filterSpec ({ stage, options, module }: Filter): FilterSpec {
  if (module === undefined) return { stage, options }
  const { module: name, path, sha256, stageName } = module
  return { stage, options, module: { module: name, path, sha256, stageName } }
}

function isInOrder ({ module }: Filter): boolean {
  return module?.inOrder != null
}

/**
 * Does work with the threads that a flow is worth, or without any, and ends them.
 *
 * @param workers as asked for; undefined for as many as there are cores, where there is enough to do
 */
export async function withThreads<T> (flow: ExaminedFlow, { workers, signal, tell }: ThreadOptions, work: (examining: Examining | null) => Promise<T>): Promise<T> {
  const threads = workers ?? (await isLittle(flow.component) ? 1 : availableParallelism())
  if (threads === 1) return await work(null)
  const inOrder = flow.component.filters.find(isInOrder)?.module
  if (inOrder !== undefined) tell?.(`${flow.component.name}: ${inOrder.stageName} runs in the main thread, and so does what is behind it: ${inOrder.inOrder!}`)
  const examining = new Examining(specOf(flow), { workers: threads, tokenizer: flow.tokenizer, signal })
  try {
    return await work(examining)
  } finally {
    await examining.close()
  }
}

async function isLittle ({ dataFiles }: Component): Promise<boolean> {
  let bytes = 0
  for (const { path, size } of await findFiles(dataFiles)) {
    bytes += size ?? (await stat(path).catch(() => ({ size: 0 }))).size
    if (bytes >= LITTLE_BYTES) return false
  }
  return true
}
