import { isAbsolute } from 'node:path'
import { isHubName } from '../../lib/hub/address.ts'
import { renameKeys, snakeCase } from '../../lib/options.ts'
import type { MaxBad } from '../../lib/records/bad-records.ts'
import type { OpenRecords } from '../../lib/records/reader.ts'
import { recordSourceOptions } from '../../lib/records/source-options.ts'
import type { RecordSource } from '../../lib/records/source.ts'
import type { Barriers } from '../../lib/stage/barrier.ts'
import type { DocumentsJob } from '../manifest/found.ts'
import type { Filter } from '../manifest/schema.ts'
import {
  type AnyStage, filterName, formatOf, foundSettings, makeFilter, makeSource, sourceOptionsOf
} from '../stages.ts'
import { expecting } from './expect.ts'
import { type GlobalDedup, GLOBAL_DEDUP } from './global-dedup.ts'
import { limit } from './limit.ts'
import type { Rejects } from './rejects.ts'
import { type FlowItem, documentOf } from './workers/batch-entry.ts'
import type { ThreadedFlow } from './workers/threaded-flow.ts'

/** How a component is read: the options that every source has. */
export interface ReadOptions {
  readonly maxBad?: MaxBad | undefined
  readonly maxLineBytes?: number | undefined
  /** How often a request to the Hub is retried. */
  readonly maxRetries?: number | undefined
  /** Seconds to wait for the Hub. */
  readonly timeout?: number | undefined
  /** Called with warnings, and with a message before a long wait for the Hub. */
  readonly tell?: ((message: string) => void) | undefined
}

/**
 * The flow of a component's documents: its source, the stages that they pass, and after these the stage that checks how
 * many were kept.
 */
export interface DocumentFlow {
  readonly source: RecordSource<object>
  readonly stages: AnyStage[]
  readonly check: AnyStage
}

/** What connects a flow of documents to the job that runs it. */
export interface FlowHooks {
  readonly rejects?: Rejects | null
  readonly barriers?: Barriers
  /** The part that threads do; null if all is done in the main thread. */
  readonly threaded?: ThreadedFlow | null
  /** Drops documents whose text an earlier one had, after all filters. */
  readonly dedup?: GlobalDedup | null
  /** Reads the records of files from where earlier work has stored them, processed by the part that threads do. */
  readonly stored?: OpenRecords<FlowItem>
}

/**
 * Documents that each stage buffers on each side. They may have megabytes each, so Node's default of 16 is too many.
 */
const STREAM_OPTIONS = { highWaterMark: 4 } as const

/** Creates the source and the filters of a job, and the limit of `maxRecords` if there is one. Nothing is read yet. */
export function documentsOf (
  component: DocumentsJob, options: ReadOptions, hooks: FlowHooks = {}
): DocumentFlow {
  const { rejects = null, barriers, threaded = null, dedup = null, stored } = hooks
  const { maxBad, maxLineBytes, maxRetries, timeout, tell } = options
  const { files, textColumn, maxRecords, expect } = component
  const hub = files.some(({ path }) => isHubName(path)) ? { maxRetries, timeout, tell } : undefined
  const sourceSettings = { textColumn, maxBad, maxLineBytes, ...sourceOptionsOf(component) }
  const shared = { ...rejects?.forSource(), ...(hub && { hub }), tell, ...STREAM_OPTIONS }
  const records = makeSource(formatOf(component), { files }, sourceSettings, shared)
  const source: RecordSource<object> = threaded === null
    ? records
    : stored === undefined ? records.inBatches(threaded) : records.reading(stored, documentOf)
  if (barriers !== undefined) source.sendBarriers(barriers)
  const filtering = component.filters.map((filter, index) => {
    const shared = { ...STREAM_OPTIONS, ...(rejects && { rejects: rejects.ofFilter(filterName(filter)) }) }
    if (threaded !== null && index < threaded.filterCount) return threaded.inOrder(index, shared)
    return makeFilter(filter, shared, rejects?.follows)
  })
  const comparing = dedup === null ? [] : [comparingAll(dedup, threaded, rejects)]
  const check = expecting(filtering, component.filters.map(filter => filter.expect), expect)
  const limiting = maxRecords === null ? [] : [limit(maxRecords, () => { source.stop() })]
  return { source, stages: [...filtering, ...comparing, ...limiting], check }
}

function comparingAll (dedup: GlobalDedup, threaded: ThreadedFlow | null, rejects: Rejects | null): AnyStage {
  const shared = { ...STREAM_OPTIONS, ...(rejects && { rejects: rejects.ofFilter(GLOBAL_DEDUP) }) }
  const keyed = threaded?.compared ?? null
  return keyed === null ? dedup.ofDocuments(shared) : dedup.ofKeyed(keyed, threaded!.dropping(shared))
}

/**
 * Counts the documents that have passed the stages of `documentsOf`. Without stages it is 0: nothing is limited then.
 */
export function passedIn (stages: readonly AnyStage[]): () => number {
  return () => stages.at(-1)?.stats.out ?? 0
}

/** The settings of a job that its documents depend on, besides the input files: plain JSON. */
export function documentSettings (component: DocumentsJob, { maxLineBytes }: ReadOptions): Record<string, unknown> {
  const { dataset, textColumn, sourceOptions, maxRecords } = component
  return plain({
    dataset,
    ...foundSettings(component),
    text_column: textColumn,
    max_line_bytes: maxLineBytes ?? recordSourceOptions.maxLineBytes.parse(undefined),
    source_options: renameKeys(sourceOptions, snakeCase),
    filters: component.filters.map(filterSettings),
    max_records: maxRecords
  })
}

/** A filter as a job's settings have it. A custom stage and a model are identified by their SHA-256. */
function filterSettings ({ stage, options, module, model }: Filter): Record<string, unknown> {
  if (module !== undefined) return { [stage]: { module: module.module, sha256: module.sha256, options } }
  return { [stage]: { ...renameKeys(options, snakeCase), ...model && { model_sha256: model.sha256 } } }
}

/**
 * The setting that the ids of documents depend on, besides the names of their files, for jobs that write ids: absolute
 * paths are made relative to the working directory.
 */
export function idSettings ({ files }: DocumentsJob): { readonly ids_from?: string } {
  return files.some(({ path }) => isAbsolute(path)) ? { ids_from: process.cwd() } : {}
}

/** The value as JSON would return it: without keys that are undefined. */
export function plain (value: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value)) as Record<string, unknown>
}
