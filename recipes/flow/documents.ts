import { isAbsolute } from 'node:path'
import { isHubName } from '../../lib/hub/address.ts'
import { renameKeys, snakeCase } from '../../lib/options.ts'
import type { MaxBad } from '../../lib/records/bad-records.ts'
import { recordSourceOptions } from '../../lib/records/source-options.ts'
import type { RecordSource } from '../../lib/records/source.ts'
import type { Barriers } from '../../lib/stage/barrier.ts'
import type { DocumentsJob } from '../manifest/found.ts'
import type { Filter } from '../manifest/schema.ts'
import {
  type AnyStage, filterName, formatOf, foundSettings, makeFilter, makeSource, sourceOptionsOf
} from '../stages.ts'
import { expecting } from './expect.ts'
import { limit } from './limit.ts'
import type { Rejects } from './rejects.ts'
import type { ThreadedFlow } from './workers/threaded-flow.ts'

/** How a component is read; the options that every source has. */
export interface ReadOptions {
  readonly maxBad?: string | number | MaxBad | undefined
  readonly maxLineBytes?: number | undefined
  /** How often the Hub is asked again. */
  readonly maxRetries?: number | undefined
  /** Seconds to wait for the Hub. */
  readonly timeout?: number | undefined
  /** Told of warnings, and of waits for the Hub. */
  readonly tell?: ((message: string) => void) | undefined
}

/**
 * The flow of a component's documents: its source, the stages that they pass, and, behind these, what judges how many
 * did.
 */
export interface DocumentFlow {
  readonly source: RecordSource<object>
  readonly stages: AnyStage[]
  readonly judge: AnyStage
}

/** What a flow of documents is told of the job that it is for. */
export interface FlowHooks {
  readonly rejects?: Rejects | null
  readonly barriers?: Barriers
  /** What threads do of it; null for nothing. */
  readonly threaded?: ThreadedFlow | null
}

/** Documents that each stage holds on each side: of some megabytes each, Node's 16 would add up. */
const STREAM_OPTIONS = { highWaterMark: 4 } as const

/** The source and the filters of a job, and, where it says so, the end after `maxRecords`. Nothing is read yet. */
export function documentsOf (
  component: DocumentsJob, options: ReadOptions, { rejects = null, barriers, threaded = null }: FlowHooks = {}
): DocumentFlow {
  const { maxBad, maxLineBytes, maxRetries, timeout, tell } = options
  const { files, textColumn, maxRecords, expect } = component
  const hub = files.some(({ path }) => isHubName(path)) ? { maxRetries, timeout, tell } : undefined
  const sourceSettings = { textColumn, maxBad, maxLineBytes, ...sourceOptionsOf(component) }
  const shared = { ...rejects?.forSource(), ...(hub && { hub }), tell, ...STREAM_OPTIONS }
  const records = makeSource(formatOf(component), { files }, sourceSettings, shared)
  const source: RecordSource<object> = threaded === null ? records : records.inBatches(threaded)
  if (barriers !== undefined) source.sendBarriers(barriers)
  const filtering = component.filters.map((filter, index) => {
    const shared = { ...STREAM_OPTIONS, ...(rejects && { rejects: rejects.ofFilter(filterName(filter)) }) }
    if (threaded !== null && index < threaded.filterCount) return threaded.inOrder(index, shared)
    return makeFilter(filter, shared, rejects?.follows)
  })
  const judge = expecting(filtering, component.filters.map(filter => filter.expect), expect)
  const limiting = maxRecords === null ? [] : [limit(maxRecords, () => { source.stop() })]
  return { source, stages: [...filtering, ...limiting], judge }
}

/**
 * How many documents have passed the stages of `documentsOf`; none where there are none, as nothing is limited then.
 */
export function passedIn (stages: readonly AnyStage[]): () => number {
  return () => stages.at(-1)?.stats.out ?? 0
}

/** What the documents of a component hang on, beside the files that they are read from: plain JSON, for a job. */
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

/** Of a stage of the user's own: what its module was, by its SHA-256; so of a model. */
function filterSettings ({ stage, options, module, model }: Filter): Record<string, unknown> {
  if (module !== undefined) return { [stage]: { module: module.module, sha256: module.sha256, options } }
  return { [stage]: { ...renameKeys(options, snakeCase), ...model && { model_sha256: model.sha256 } } }
}

/**
 * What the ids of documents hang on, beside the names of their files: absolute ones are made relative to the working
 * directory. Of a job that writes ids.
 */
export function idSettings ({ files }: DocumentsJob): { readonly ids_from?: string } {
  return files.some(({ path }) => isAbsolute(path)) ? { ids_from: process.cwd() } : {}
}

/** As it is once it was written as JSON: a key without a value is none. */
export function plain (value: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value)) as Record<string, unknown>
}
