import type { RecordSource } from '../../lib/records/source.ts'
import type { AnyStage } from '../stages.ts'

/** The counts of one stage of a flow, as stats files have them. */
export interface StageCounts {
  readonly stage: string
  readonly in: number
  readonly out: number
  readonly dropped: Readonly<Record<string, number>>
}

/** The counts of a flow of documents, as stats files have them. */
export interface DocumentCounts {
  /** Records read. */
  readonly read: number
  /** Documents that passed every filter. */
  readonly kept: number
  /** Documents that were dropped, by stage and reason: `length.too_short`. */
  readonly dropped: Readonly<Record<string, number>>
  readonly stages: readonly StageCounts[]
  /** Bytes of the decompressed input. */
  readonly bytes: number
}

type CountingStage = Pick<AnyStage, 'stageName' | 'stats'>

/**
 * The counts of a flow that has ended.
 *
 * @param stages the stages that documents pass
 * @param after later stages, whose output is not documents: `kept` does not depend on them
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

/** What stages have dropped, by stage and reason: `length.too_short`. Counts of stages with the same name are added. */
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
