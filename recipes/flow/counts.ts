/** What a stage of a flow has counted, as stats files have it. */

import type { RecordSource } from '../../lib/records/source.ts'
import type { AnyStage } from '../stages.ts'

/** What one stage of a flow has counted. */
export interface StageCounts {
  readonly stage: string
  readonly in: number
  readonly out: number
  readonly dropped: Readonly<Record<string, number>>
}

/** What has come of the documents of a flow, as stats files have it. */
export interface DocumentCounts {
  /** Records read. */
  readonly read: number
  /** Documents that passed every filter. */
  readonly kept: number
  /** By stage and reason: `length.too_short`. */
  readonly dropped: Readonly<Record<string, number>>
  readonly stages: readonly StageCounts[]
  /** Of the decompressed input. */
  readonly bytes: number
}

/**
 * The counts of a flow that has ended: of its source, of the stages that documents pass, and, in `stages` only, of
 * those that `behind` them make something else of documents.
 */
export function countsOf (source: RecordSource<object>, stages: readonly AnyStage[], behind: ReadonlyArray<Pick<AnyStage, 'stageName' | 'stats'>> = []): DocumentCounts {
  const counts = [source, ...stages, ...behind].map(({ stageName, stats }) => ({ stage: stageName, in: stats.in, out: stats.out, dropped: { ...stats.dropped } }))
  return { read: source.stats.in, kept: (stages.at(-1) ?? source).stats.out, dropped: droppedBy([source, ...stages, ...behind]), stages: counts, bytes: source.stats.bytes }
}

/** What stages have dropped, by stage and reason: `length.too_short`. Two stages of one name are added up. */
export function droppedBy (stages: ReadonlyArray<Pick<AnyStage, 'stageName' | 'stats'>>): Record<string, number> {
  const dropped: Record<string, number> = {}
  for (const { stageName, stats } of stages) {
    for (const [reason, n] of Object.entries(stats.dropped)) dropped[`${stageName}.${reason}`] = (dropped[`${stageName}.${reason}`] ?? 0) + n
  }
  return dropped
}
