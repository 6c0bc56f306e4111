import { join } from 'node:path'
import { SluiceError } from '../../../lib/errors.ts'
import { packerOf } from '../../../lib/packing/packer.ts'
import type { RecordFile } from '../../../lib/records/reader.ts'
import { isFlat } from '../../../lib/shards/formats/formats.ts'
import { HashedFile } from '../../../lib/shards/hashed-file.ts'
import { secondsSince } from '../../../lib/text/numbers.ts'
import type { ComponentStats } from '../../components/component-stats.ts'
import { type ShardFlow, runShardFlow, statsOf } from '../../components/make-shards.ts'
import { packingOf } from '../../components/packing.ts'
import { copyIn } from '../../components/paths.ts'
import type { ShardJob, ShardOptions } from '../../components/shard-job.ts'
import { documentsOf } from '../../flow/documents.ts'
import { GlobalDedup } from '../../flow/global-dedup.ts'
import { type Rejects, keepingRejects } from '../../flow/rejects.ts'
import { tee } from '../../flow/tee.ts'
import { threadedFlow } from '../../flow/workers/threaded-flow.ts'
import { Threads } from '../../flow/workers/threads.ts'
import { LineWriter } from '../../../lib/output/line-writer.ts'
import { makeFolder, writing } from '../../../lib/output/output.ts'
import { Checkpoints } from '../../jobs/checkpoints.ts'
import type { FoundComponent } from '../../manifest/found.ts'
import { flowPartOf } from './flow-part.ts'
import { KeptDocuments } from './kept.ts'
import { FlatLayout, type Layout, SequenceLayout, type ShardStart } from './layout.ts'
import { LayoutSink, packLayout } from './layout-stages.ts'
import { attemptFile, decideFolder } from './places.ts'
import { StoredRecords } from './stored-records.ts'
import type { StoredUnit } from './unit-reader.ts'
import type { StoredFailure, UnitFile } from './unit-writer.ts'

/** The marker of a component whose documents were decided on. */
export interface Decision {
  readonly attempt: string
  /** Why the component failed. */
  readonly failure: StoredFailure | null
  /** Its stats, without shards; null if it failed. */
  readonly stats: ComponentStats | null
  readonly starts: readonly ShardStart[]
  /** Sequences, or documents of a flat format. */
  readonly items: number
  /** The documents that are kept, as bits. */
  readonly kept: UnitFile | null
}

/** What is decided, and from which units. */
export interface DecideTarget {
  /** The folder of the plan. */
  readonly folder: string
  readonly attempt: string
  readonly units: readonly StoredUnit[]
  /** The number of the file of each unit. */
  readonly fileOf: (unit: number) => number
}

/**
 * Replays the part of a component that depends on the order of documents, over what map tasks have stored: the counts,
 * filters that compare documents, limits and checks. It finds which documents are kept and where shards begin. It also
 * writes the files that need texts in order, under names of the attempt: rejects, and the copy of filtered documents.
 *
 * @throws SluiceError as the component would on one machine
 */
export async function decide (
  job: ShardJob, target: DecideTarget, options: ShardOptions
): Promise<Omit<Decision, 'attempt' | 'failure'>> {
  const { component } = job
  const { folder, attempt, units } = target
  const kept = new KeptDocuments(units.map(({ marker }) => marker.documents))
  const layout = layoutOf(component, options)
  const rejectsPath = component.rejects && attemptFile(component.rejects, attempt)
  const stats = await keepingRejects(rejectsPath, rejects => {
    return replay(job, { ...target, kept, layout, rejects }, options)
  })
  const file = `${attempt}.kept`
  await writing(decideFolder(folder), () => makeFolder(decideFolder(folder)))
  const bits = await HashedFile.create(join(decideFolder(folder), file))
  try {
    await bits.add(Buffer.from(kept.bits))
    const { starts, items } = layout
    return { stats, starts, items, kept: await bits.finish() }
  } catch (error) {
    await bits.abandon()
    throw error
  }
}

interface Replay extends DecideTarget {
  readonly kept: KeptDocuments
  readonly layout: Layout
  readonly rejects: Rejects | null
}

async function replay (job: ShardJob, target: Replay, options: ShardOptions): Promise<ComponentStats> {
  const { component, read } = job
  const { units, fileOf, kept, layout, rejects, attempt } = target
  const { tokenizer } = options
  const started = performance.now()
  const threads = new Threads({ workers: 1, signal: options.signal })
  const threaded = await threadedFlow(flowPartOf(component, tokenizer), threads)
  try {
    const { name, format, filteredDir, maxRecords } = component
    const checkpoints = new Checkpoints({ every: Infinity, save: null, maxRecords })
    const stored = (file: RecordFile): StoredRecords =>
      new StoredRecords(file, units.filter(({ number }) => fileOf(number) === file.index), threaded.itemOf)
    const { dedup: compare } = component
    const keys = join(decideFolder(target.folder), `${attempt}.keys`)
    const ofTexts = compare && { memory: compare.memory, path: keys, resumable: false, most: maxRecords }
    const dedup = ofTexts && new GlobalDedup(ofTexts)
    const documents = documentsOf(read, options, { rejects, threaded, barriers: checkpoints, dedup, stored })
    const copyPath = filteredDir === null ? null : attemptFile(copyIn(filteredDir, name), attempt)
    const copy = copyPath === null ? null : new LineWriter(copyPath, { resumable: false })
    const packing = isFlat(format) ? null : packLayout(layout, kept, component.packing === 'best_fit')
    const flow: ShardFlow = {
      rejects,
      threaded,
      ...documents,
      stages: [...documents.stages, ...(copy === null ? [] : [tee(copy)])],
      checkpoints,
      dedup,
      copy,
      encoding: threaded.encoded(),
      packing,
      sink: new LayoutSink(format, layout, kept)
    }
    await runShardFlow(flow, name, { folder: component.outputDir, job: null }, options)
    // The sink of packed sequences is given none.
    if (packing !== null) Object.assign(flow.sink.stats, { in: layout.items, out: layout.items })
    const seconds = secondsSince(started) + units.reduce((sum, { marker }) => sum + marker.seconds, 0)
    return statsOf(job, flow, { folder: component.outputDir, tokenizer }, seconds)
  } finally {
    await threaded.close()
  }
}

function layoutOf (component: FoundComponent, { tokenizer }: ShardOptions): Layout {
  const { format, seqLen, sequencesPerShard, tokensPerShard } = component
  if (isFlat(format)) return new FlatLayout(tokensPerShard)
  const packing = packingOf(component, tokenizer)
  return new SequenceLayout(packerOf(packing), { packing: packing.packing, seqLen, perShard: sequencesPerShard })
}

/** A failure of a component, to be stored. @throws any error that a retry may not meet */
export function failureOf (error: unknown): StoredFailure {
  if (!(error instanceof SluiceError) || !FAILURES.has(error.code)) throw error
  return { code: error.code, message: error.message }
}

/** Errors that depend on the documents alone. */
const FAILURES: ReadonlySet<string> = new Set([
  'ERR_SOURCE', 'ERR_BAD_RECORDS', 'ERR_EXPECTED', 'ERR_DOCUMENT', 'ERR_SHARD'
])
