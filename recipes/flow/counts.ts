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

type CountingStage = Pick<AnyStage, 'stageName' | 'stats'>

/**
 * The counts of a flow that has ended.
 *
 * @param stages those that documents pass
 * @param after stages after them, whose output is no documents: `kept` does not depend on them
 */
export function countsOf (
  source: RecordSource<object>, stages: readonly AnyStage[], after: readonly CountingStage[] = []
): DocumentCounts {
  const all = [source, ...stages, ...after]
  return {
    read: source.stats.in,
    kept: (stages.at(-1) ?? source).stats.out,
    dropped: droppedBy(all),
    stages: all.map(stageCounts),
    bytes: source.stats.bytes
  }
}

function stageCounts ({ stageName, stats }: CountingStage): StageCounts {
  return { stage: stageName, in: stats.in, out: stats.out, dropped: { ...stats.dropped } }
}

/** What stages have dropped, by stage and reason: `length.too_short`. Two stages of one name are added up. */
export function droppedBy (stages: readonly CountingStage[]): Record<string, number> {
  const dropped: Record<string, number> = {}
  for (const { stageName, stats } of stages) {
    for (const [reason, n] of Object.entries(stats.dropped)) {
      const key = `${stageName}.${reason}`
      dropped[key] = (dropped[key] ?? 0) + n
    }
  }
  return dropped
}
