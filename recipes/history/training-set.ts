import { z } from 'zod'
import { count } from '../../lib/options.ts'
import { shardedStats } from '../../lib/shards/stats.ts'
import { isFlat, itemsOf } from '../mixture/mix/text.ts'

const mixedSource = z.object({
  name: z.string(),
  share: z.number().nullable(),
  share_reached: z.number(),
  tokens: count,
  epochs: z.number(),
  validation_documents: count,
  validation_tokens: count
})

/** The fields of a training set's stats that are needed here; records have all fields. */
export const recordedSet = z.object({
  /** The sides, `train` and `validation`. */
  stats: z.array(shardedStats).readonly(),
  mixture: z.object({ sources: z.array(mixedSource).readonly() })
})
/** The training set in the record of a run. */
export type RecordedSet = Readonly<z.output<typeof recordedSet>>

/** The numbers of a training set that are compared, by side and by source; none if there is no training set. */
export function numbersOfSet (set: RecordedSet | undefined): Readonly<Record<string, unknown>> {
  const sides = (set?.stats ?? []).map(side => {
    const { name, tokens, padding_tokens: padding = 0 } = side
    const items = { [isFlat(side) ? 'documents' : 'sequences']: itemsOf(side) }
    return [name, { ...items, tokens, ...(padding > 0 && { padding_tokens: padding }) }] as const
  })
  const sources = (set?.mixture.sources ?? []).map(({ name, ...numbers }) => {
    const { share_reached: share, epochs } = numbers
    return [name, { ...numbers, share_reached: rounded(share, 6), epochs: rounded(epochs, 4) }] as const
  })
  // The sides come first, also where only the other run has them.
  return { train: undefined, validation: undefined, ...Object.fromEntries(sides), sources: Object.fromEntries(sources) }
}

/** Further digits show only that tokens can't be divided. */
function rounded (value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
