import type { z } from 'zod'
import type { Document, Tokens } from '../../../lib/document.ts'
import { SluiceError, allInOrder } from '../../../lib/errors.ts'
import type { BatchThreads, RecordBatch, RecordOutcome } from '../../../lib/records/record-batch.ts'
import { type Keyed, type StageOptions, Stage } from '../../../lib/stage/stage.ts'
import { Crew } from '../../../lib/threads/crew.ts'
import type { Encoder } from '../../../lib/tokenizer/tokenizer.ts'
import { boundariesOf } from '../../../transforms/encode.ts'
import { type PackStage, type packOptions, packFrom } from '../../../transforms/pack.ts'
import type { DocumentsJob } from '../../manifest/found.ts'
import type { Filter } from '../../manifest/schema.ts'
import { type AnyStage, filters } from '../../stages.ts'
import { type BatchOutput, type FlowItem, BatchEntry, documentOf } from './batch-entry.ts'
import { type BatchResult, type Keeps, failedAt } from './batch-result.ts'
import {
  type BatchInput, type BatchRun, type BatchSpec, type FilterSpec, type TokenizerSpec, BatchWorker
} from './batch.ts'
import { type ThreadOptions, type Threads, withThreads } from './threads.ts'

/**
 * Memory for the ids or lines of a batch. A batch has half a megabyte of text, and this holds a quarter of a million
 * ids; most texts have one id per three or four bytes. Results that don't fit are copied.
 */
const MEMORY_BYTES = 2 ** 20

/**
 * Batches in progress for each thread: one that it processes, one in its queue, and two that wait for other batches.
 */
const BATCHES_A_WORKER = 4

/** A flow that threads may take part in. */
export interface FlowPart {
  readonly component: DocumentsJob
  /** Whether dropped documents are written to a rejects file. */
  readonly keepsRejects: boolean
  /** What the flow needs after the filters, in addition to ids. */
  readonly wants: 'nothing' | 'lines' | 'documents'
  /** Whether documents that pass the filters are compared with all earlier ones. */
  readonly comparesAll?: boolean
  /** Encodes the documents; null if they are not encoded. */
  readonly tokenizer: Encoder | null
}

/**
 * The part of a flow that threads do, batch by batch, and the stages that remain in the main thread, in order. For each
 * filter a stage of the same name counts and drops documents by the results of a thread; the comparison of
 * documents by their keys is done by these stages, too.
 */
export class ThreadedFlow implements BatchThreads<FlowItem> {
  readonly lookAhead: number
  readonly documentOf = documentOf
  readonly #spec: BatchSpec
  readonly #crew: Crew<BatchInput, BatchResult>
  readonly #freeMemories: SharedArrayBuffer[] = []
  #worker: Promise<BatchWorker> | undefined // of the main thread

  /** @param tokenizer the loaded tokenizer of the spec; null if it has none */
  constructor (spec: BatchSpec, threads: Threads, tokenizer: Encoder | null) {
    const begin = async (input: BatchInput): Promise<BatchRun> => {
      this.#worker ??= BatchWorker.open(spec, tokenizer ?? undefined)
      return (await this.#worker).begin(input)
    }
    this.#spec = spec
    this.#crew = new Crew(threads.list.map(thread => thread.helper(spec)), threads.mainWorks ? begin : null)
    this.lookAhead = BATCHES_A_WORKER * (threads.list.length + 1)
  }

  readonly add = (batch: RecordBatch): { readonly take: () => Promise<ReadonlyArray<RecordOutcome<FlowItem>>> } => {
    const memory = this.#freeMemories.pop() ?? new SharedArrayBuffer(this.#makes ? MEMORY_BYTES : 0)
    const job = this.#crew.add({ batch, memory })
    return { take: async () => this.#outcomes(await job.take(), memory) }
  }

  #outcomes (result: BatchResult, memory: SharedArrayBuffer): Array<RecordOutcome<FlowItem>> {
    const { faults, droppedBy, reasons, sizes } = result
    const made = result.made ?? (this.makesLines ? new Uint8Array(memory) : new Int32Array(memory))
    let left = faults.filter(fault => fault === 0).length // documents
    const done = (): void => { if (--left === 0) this.#freeMemories.push(memory) }
    const output: BatchOutput = { ...result, made, done }
    let count = 0
    let reason = 0
    let from = 0
    return faults.map(fault => {
      if (fault !== 0) return fault
      const index = count++
      const entry = new BatchEntry(output, index, droppedBy[index] === -1 ? undefined : reasons[reason++], from)
      from += sizes[index]!
      return this.itemOf(entry)
    })
  }

  /** The item of an entry before any filter. */
  readonly itemOf = (entry: BatchEntry): FlowItem => this.#outOf(0)(entry)

  /** Number of keys of each document. */
  get keysEach (): number {
    return keyedFilters(this.#spec).length + (this.#spec.comparesAll ? 2 : 0)
  }

  /** The keys of texts after all filters, and the items to pass on; null if threads don't compute them. */
  get compared (): Keyed<BatchEntry, FlowItem> | null {
    if (!this.#spec.comparesAll) return null
    const at = keyedFilters(this.#spec).length
    return {
      keyOf: entry => (entry.key(at) << 64n) | entry.key(at + 1),
      outOf: this.#makes ? entry => entry : documentOf
    }
  }

  /** Options of a stage that drops entries. */
  dropping ({ highWaterMark, rejects }: StageOptions<Document>): StageOptions<BatchEntry> {
    return {
      highWaterMark,
      rejects (entry, reason) {
        entry.done()
        return rejects?.(entry.document, reason)
      }
    }
  }

  async close (): Promise<void> {
    await this.#crew.end(new SluiceError('ERR_ABORTED', 'stopped'))
    await (await this.#worker?.catch(() => undefined))?.close()
  }

  /** How many of the filters run in threads; later ones run in the main thread. */
  get filterCount (): number {
    return this.#spec.filters.length
  }

  get encodes (): boolean {
    return this.#spec.tokenizer !== null
  }

  /** Whether threads return lines of NDJSON, which `line` reads. */
  get makesLines (): boolean {
    return this.#spec.keeps === 'lines'
  }

  get #makes (): boolean {
    return this.encodes || this.makesLines
  }

  /** The item after this many filters: the document if no other results are needed any more, otherwise the entry. */
  #outOf (filters: number): (entry: BatchEntry) => FlowItem {
    const isLast = filters === this.filterCount && !this.#makes && !this.#spec.comparesAll
    return isLast ? documentOf : entry => entry
  }

  /** The part of a filter that stays in the main thread, as a stage. */
  inOrder (index: number, options: StageOptions<Document>): AnyStage {
    const { stage, module, options: own } = this.#spec.filters[index]!
    const outOf = this.#outOf(index + 1)
    const which = keyedFilters(this.#spec).indexOf(index)
    const shared = this.dropping(options)
    if (which !== -1) {
      const keyed = { keyOf: (entry: BatchEntry) => entry.key(which), outOf }
      return filters[stage]!.keyed!(own, shared, keyed)
    }
    return new Stage<BatchEntry, FlowItem>({
      name: module?.stageName ?? stage,
      take (entry, push) {
        const { droppedBy, reason } = entry
        if (droppedBy === index) return reason
        if (droppedBy === failedAt(index)) throw new SluiceError('ERR_DOCUMENT', reason!)
        push(outOf(entry))
        return undefined
      }
    }, shared)
  }

  /** Replaces `encode`: the documents are encoded already. */
  encoded (): Stage<BatchEntry, BatchEntry> {
    return new Stage<BatchEntry, BatchEntry>({
      name: 'encode',
      take (entry, push) {
        push(entry)
        return undefined
      }
    })
  }

  /** Replaces `encode` where documents aren't packed: passes on copies of their ids. */
  tokens (): Stage<BatchEntry, Pick<Tokens, 'ids'>> {
    return new Stage<BatchEntry, Pick<Tokens, 'ids'>>({
      name: 'encode',
      take (entry, push) {
        push({ ids: (entry.made as Int32Array).slice() })
        entry.done()
        return undefined
      }
    })
  }

  /** Replaces `pack`, after `encoded`. */
  packed (options: z.output<typeof packOptions>): PackStage<BatchEntry> {
    return packFrom<BatchEntry>(options, {
      idsOf: entry => entry.made as Int32Array,
      hashOf: entry => entry.idHash,
      copied: entry => { entry.done() }
    })
  }

  /** The line of a document. Copy it at once: its memory is reused. */
  readonly line = (entry: BatchEntry): Uint8Array => {
    const { made } = entry
    entry.done()
    return made as Uint8Array
  }
}

/** Indexes of the filters that compare documents with each other. */
function keyedFilters (spec: BatchSpec): number[] {
  return spec.filters.flatMap((filter, index) => isKeyed(filter) ? [index] : [])
}

/** Whether a filter compares documents by keys. A custom stage never does: it compares them in the main thread. */
function isKeyed ({ stage, options, module }: FilterSpec): boolean {
  return module === undefined && filters[stage]!.work(options).key !== undefined
}

/** How many filters of a component threads can run. @param keepsRejects whether dropped documents are written */
export function filtersInThreads ({ filters }: Pick<DocumentsJob, 'filters'>, keepsRejects: boolean): number {
  const firstKeyed = filters.map(filterSpec).findIndex(isKeyed)
  const firstInOrder = filters.findIndex(isInOrder)
  const untilKeyed = keepsRejects && firstKeyed !== -1 ? firstKeyed + 1 : filters.length
  const untilInOrder = firstInOrder === -1 ? filters.length : firstInOrder
  return Math.min(untilKeyed, untilInOrder)
}

/**
 * The part of a flow that threads do: the filters before the first custom stage that needs all documents in order.
 * Where rejects are kept, it ends after the first filter that compares documents: a document that this filter drops is
 * kept as it was before later filters changed it.
 */
async function specOf (
  { component, keepsRejects, wants, comparesAll = false, tokenizer }: FlowPart, threads: Threads
): Promise<BatchSpec> {
  const all = component.filters.map(filterSpec)
  const inThreads = all.slice(0, filtersInThreads(component, keepsRejects))
  const withModel = async (filter: FilterSpec): Promise<FilterSpec> =>
    filter.model === undefined ? filter : { ...filter, loaded: await threads.model(filter.model) }
  const doesAll = inThreads.length === all.length
  const encoder = doesAll ? tokenizerSpec(tokenizer, component) : null
  const needsDocuments = !doesAll || (tokenizer !== null && encoder === null)
  return {
    textColumn: component.textColumn,
    filters: await allInOrder(inThreads.map(withModel)),
    comparesAll: comparesAll && doesAll,
    keeps: keepsRejects ? 'all' : needsDocuments ? 'passed' : KEEPS[wants],
    tokenizer: encoder
  }
}

/** Null for a tokenizer that threads can't load: one that is not in a file. */
function tokenizerSpec (tokenizer: Encoder | null, component: DocumentsJob): TokenizerSpec | null {
  if (tokenizer?.path === undefined) return null
  const { path, sha256, version, specialTokens, shared } = tokenizer
  const options = { version: version ?? undefined, specialTokens: specialTokens ?? undefined }
  return { path, sha256, options, shared, boundaries: boundariesOf(tokenizer, component) }
}

const KEEPS: Readonly<Record<FlowPart['wants'], Keeps>> = { nothing: 'none', lines: 'lines', documents: 'passed' }

function filterSpec ({ stage, options, module, model }: Filter): FilterSpec {
  if (module === undefined) return { stage, options, model }
  const { module: name, path, sha256, stageName } = module
  return { stage, options, module: { module: name, path, sha256, stageName } }
}

function isInOrder ({ module }: Filter): boolean {
  return module?.inOrder != null
}

/** Creates the part of a flow that threads do, also if there is only the main thread. Close it at the end. */
export async function threadedFlow (flow: FlowPart, threads: Threads): Promise<ThreadedFlow> {
  return new ThreadedFlow(await specOf(flow, threads), threads, flow.tokenizer)
}

/** Runs a flow with threads. @param work is given null if there is only the main thread */
export async function withThreadedFlow<T> (
  flow: FlowPart, options: ThreadOptions, work: (threaded: ThreadedFlow | null) => Promise<T>
): Promise<T> {
  const { name, filters, files } = flow.component
  return await withThreads(files, options, async ({ threads, tell }) => {
    if (threads.list.length === 0) return await work(null)
    const inOrder = filters.find(isInOrder)?.module
    if (inOrder !== undefined) {
      const what = `${inOrder.stageName} runs in the main thread, and so do the filters after it`
      tell?.(`${name}: ${what}: ${inOrder.inOrder!}`)
    }
    const threaded = await threadedFlow(flow, threads)
    try {
      return await work(threaded)
    } finally {
      await threaded.close()
    }
  })
}
