import type { Examination, Outcome, RecordBatch } from '../../../lib/records/record-batch.ts'
import type { Document, Tokens } from '../../../lib/document.ts'
import { Crew } from '../../../lib/threads/crew.ts'
import { SluiceError } from '../../../lib/errors.ts'
import type { Filter } from '../../manifest/schema.ts'
import { Stage, type StageOptions } from '../../../lib/stage/stage.ts'
import type { Encoder } from '../../../lib/tokenizer/tokenizer.ts'
import { type Examined, type ExaminedBatch, Examiner, type ExaminerSpec, type FilterSpec, failedAt } from './batch.ts'
import { endOfSentence } from '../../../transforms/encode.ts'
import { type AnyStage, filters } from '../../stages.ts'
import type { DocumentsJob } from '../documents.ts'
import { type ThreadOptions, type Threads, withThreads } from './threads.ts'

/** Memory for the ids of a batch of half a megabyte, a quarter of a million of them, or for its lines. Most texts have an id for three or four bytes; what doesn't fit is copied. */
const MEMORY_BYTES = 2 ** 20

/** Batches that are under way for each thread: one that it works at, one that waits, and two that wait for others. */
const BATCHES_A_WORKER = 4

/** What threads can do of a flow. */
export interface ExaminedFlow {
  readonly component: DocumentsJob
  /** Whether what filters drop is kept. */
  readonly keepsRejects: boolean
  /** How documents are wanted behind the filters, beside their ids. */
  readonly wants: 'nothing' | 'lines' | 'documents'
  /** What documents are encoded with, if they are. */
  readonly tokenizer: Encoder | null
}

/** What was found of a batch. */
interface Found extends Examined {
  readonly made: Int32Array | Uint8Array
  /** To be called once for each document, when nothing of it is looked at any more. */
  readonly done: () => void
}

/** A document that was examined; without its text where that isn't wanted. What was found is none of its fields, which are written. */
class ExaminedDocument implements Document {
  readonly id: string
  readonly text: string
  readonly meta: Record<string, unknown>
  readonly #batch: Found
  readonly #index: number // among the documents of the batch
  readonly #reason: string | undefined
  readonly #from: number // in what was made of the batch

  constructor (batch: Found, index: number, reason: string | undefined, from: number) {
    const document = batch.documents?.[index]
    this.id = document?.id ?? ''
    this.text = document?.text ?? ''
    this.meta = document === undefined || document === null ? NO_META : { ...document.meta } // one may have come for several
    this.#batch = batch
    this.#index = index
    this.#reason = reason
    this.#from = from
  }

  /** The filter that dropped it, as in `Examined`, and why; of one that has failed, the message. */
  static drop (document: Document): { readonly by: number, readonly reason: string | undefined } {
    const examined = ExaminedDocument.#of(document)
    return { by: examined.#batch.droppedBy[examined.#index]!, reason: examined.#reason }
  }

  /** What one of the filters that compare documents compares. */
  static key (document: Document, which: number): bigint {
    const examined = ExaminedDocument.#of(document)
    const { keys, keysEach } = examined.#batch
    return keys[examined.#index * keysEach + which]!
  }

  /** Its ids, or its line. */
  static made (document: Document): Pick<Found, 'made' | 'done'> {
    const examined = ExaminedDocument.#of(document)
    const { made, sizes, done } = examined.#batch
    return { made: made.subarray(examined.#from, examined.#from + sizes[examined.#index]!), done }
  }

  static done (document: Document): void {
    ExaminedDocument.#of(document).#batch.done()
  }

  static #of (document: Document): ExaminedDocument {
    if (#batch in document) return document
    throw new TypeError(`${document.id}: expected a document that was examined`)
  }
}

const NO_META: Record<string, unknown> = Object.freeze({})

/**
 * The part of a flow that threads do, and what stands in for it: a stage for each filter, of the same name, that counts,
 * drops and passes on what a thread has found, and compares what is to be compared in order.
 */
export class Examining implements Examination {
  readonly lookAhead: number
  readonly #spec: ExaminerSpec
  readonly #crew: Crew<ExaminedBatch, Examined>
  readonly #freeMemories: SharedArrayBuffer[] = []
  #examiner: Promise<Examiner> | undefined // of this thread

  /** @param tokenizer that of the spec, where it has one */
  constructor (spec: ExaminerSpec, threads: Threads, tokenizer: Encoder | null) {
    this.#spec = spec
    this.#crew = new Crew(threads.list.map(thread => thread.helper(spec)), threads.mainWorks ? async task => (await (this.#examiner ??= Examiner.open(spec, tokenizer ?? undefined))).begin(task) : null)
    this.lookAhead = BATCHES_A_WORKER * (threads.list.length + 1)
  }

  readonly examine = (batch: RecordBatch): { readonly take: () => Promise<readonly Outcome[]> } => {
    const memory = this.#freeMemories.pop() ?? new SharedArrayBuffer(this.encodes || this.makesLines ? MEMORY_BYTES : 0)
    const job = this.#crew.add({ batch, memory })
    return { take: async () => this.#outcomes(await job.take(), memory) }
  }

  #outcomes (examined: Examined, memory: SharedArrayBuffer): Outcome[] {
    const { faults, droppedBy, reasons, sizes } = examined
    const made = examined.made ?? (this.makesLines ? new Uint8Array(memory) : new Int32Array(memory))
    let left = faults.filter(fault => fault === 0).length // documents
    const done = (): void => { if (--left === 0) this.#freeMemories.push(memory) }
    const batch: Found = { ...examined, made, done }
    let count = 0
    let reason = 0
    let from = 0
    return faults.map(fault => {
      if (fault !== 0) return fault
      const index = count++
      const document = new ExaminedDocument(batch, index, droppedBy[index] === -1 ? undefined : reasons[reason++], from)
      from += sizes[index]!
      return document
    })
  }

  async close (): Promise<void> {
    await this.#crew.end(new SluiceError('ERR_ABORTED', 'stopped'))
    await (await this.#examiner?.catch(() => undefined))?.close()
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
    const { highWaterMark, rejects: reject } = options as StageOptions<Document>
    const rejects = (document: Document, why: string): void | Promise<void> => {
      ExaminedDocument.done(document)
      return reject?.(document, why)
    }
    if (key !== -1) return filters[stage]!.make({ ...options, rejects, hashOf: (document: Document) => ExaminedDocument.key(document, key) })
    return new Stage<Document, Document>({
      name: module?.stageName ?? stage,
      take (document, push) {
        const { by, reason } = ExaminedDocument.drop(document)
        if (by === index) return reason
        if (by === failedAt(index)) throw new SluiceError('ERR_DOCUMENT', reason!)
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
        const { made, done } = ExaminedDocument.made(document)
        push({ id: document.id, ids: made as Int32Array, meta: document.meta, copied: done })
        return undefined
      }
    })
  }

  /** Whether documents come as lines of NDJSON, for `line`. */
  get makesLines (): boolean {
    return this.#spec.keeps === 'lines'
  }

  /** The line of a document, to be copied at once. */
  readonly line = (document: Document): Uint8Array => {
    const { made, done } = ExaminedDocument.made(document)
    done()
    return made as Uint8Array
  }
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
async function specOf ({ component, keepsRejects, wants, tokenizer }: ExaminedFlow, threads: Threads): Promise<ExaminerSpec> {
  const all = component.filters.map(filterSpec)
  const firstKeyed = all.findIndex(isKeyed)
  const firstInOrder = component.filters.findIndex(isInOrder)
  const examined = all.slice(0, Math.min(keepsRejects && firstKeyed !== -1 ? firstKeyed + 1 : Infinity, firstInOrder === -1 ? Infinity : firstInOrder))
  const encodes = tokenizer?.path !== undefined && examined.length === all.length
  return {
    textColumn: component.textColumn,
    filters: await Promise.all(examined.map(async filter => filter.model === undefined ? filter : { ...filter, loaded: await threads.model(filter.model) })),
    keeps: keepsRejects ? 'all' : examined.length < all.length || (tokenizer !== null && !encodes) ? 'passed' : KEEPS[wants],
    tokenizer: encodes ? { path: tokenizer.path, sha256: tokenizer.sha256, version: tokenizer.version ?? '0.1.97', words: tokenizer.words, eosId: endOfSentence(tokenizer, component.eosId) } : null
  }
}

const KEEPS = { nothing: 'none', lines: 'lines', documents: 'passed' } as const

function filterSpec ({ stage, options, module, model }: Filter): FilterSpec {
  if (module === undefined) return { stage, options, model }
  const { module: name, path, sha256, stageName } = module
  return { stage, options, module: { module: name, path, sha256, stageName } }
}

function isInOrder ({ module }: Filter): boolean {
  return module?.inOrder != null
}

/** Does a flow with threads, where there are any. */
export async function withExamining<T> (flow: ExaminedFlow, options: ThreadOptions, work: (examining: Examining | null) => Promise<T>): Promise<T> {
  return await withThreads(flow.component.files, options, async ({ threads, tell }) => {
    if (threads.list.length === 0) return await work(null)
    const inOrder = flow.component.filters.find(isInOrder)?.module
    if (inOrder !== undefined) tell?.(`${flow.component.name}: ${inOrder.stageName} runs in the main thread, and so does what is behind it: ${inOrder.inOrder!}`)
    const examining = new Examining(await specOf(flow, threads), threads, flow.tokenizer)
    try {
      return await work(examining)
    } finally {
      await examining.close()
    }
  })
}
