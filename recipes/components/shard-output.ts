import type { Writable } from 'node:stream'
import type { FileInfo, FormatName } from '../../lib/shards/formats/format.ts'
import { defaultDtype, isFlat, otherFormat, unfit } from '../../lib/shards/formats/formats.ts'
import { type Dtype, bytesPerId } from '../../lib/shards/npy.ts'
import type { AnyShard } from '../../lib/shards/stats.ts'
import type { StageStats } from '../../lib/stage/stage.ts'
import type { Encoder } from '../../lib/tokenizer/tokenizer.ts'
import { type FlatSink, makeFlatSink } from '../../sinks/flat.ts'
import { NpySink } from '../../sinks/npy.ts'
import { type RowSink, makeRowSink } from '../../sinks/rows.ts'
import type { FoundComponent } from '../manifest/found.ts'

/** The sink of a component's sequences, or of its documents for a flat format. */
export type ShardSink = NpySink | FlatSink | RowSink

/** A sink of shards, or one that only counts them. */
export interface CountedSink extends Writable {
  readonly stageName: string
  readonly stats: StageStats & {
    readonly shards: readonly AnyShard[]
    readonly tokens?: number
    readonly list?: FileInfo | null
  }
  readonly filled: number
  readonly save: () => Promise<unknown>
  readonly restore: (state: unknown) => void
}

/** The settings that a sink of shards needs. */
export type ShardChoice = Pick<FoundComponent, 'format' | 'dtype' | 'seqLen' | 'sequencesPerShard' | 'tokensPerShard'>

/** The type of a component's ids. */
export function dtypeOf ({ format, dtype }: Pick<FoundComponent, 'format' | 'dtype'>, vocabSize: number): Dtype {
  return dtype ?? defaultDtype(format, vocabSize)
}

/** The settings of a component's shards, as its checkpoint has them. Those by default are left out. */
export function shardSettings (
  component: ShardChoice, { vocabSize }: Pick<Encoder, 'vocabSize'>
): Readonly<Record<string, unknown>> {
  const { format, seqLen, sequencesPerShard, tokensPerShard } = component
  const dtype = dtypeOf(component, vocabSize)
  if (isFlat(format)) return { format, tokens_per_shard: tokensPerShard, dtype }
  return { ...formatSetting(format), seq_len: seqLen, sequences_per_shard: sequencesPerShard, dtype }
}

/** The format, as checkpoints and stats have it; `npy` is left out. */
export function formatSetting (format: FormatName): { readonly format?: FormatName } {
  return format === 'npy' ? {} : { format }
}

/** Why shards can't be written in their format; null if it can. */
export function misfitOf (component: ShardChoice, { vocabSize }: Pick<Encoder, 'vocabSize'>): string | null {
  const { format, dtype, seqLen, sequencesPerShard } = component
  const mistake = unfit(format, vocabSize, dtype)
  if (mistake !== null || format === 'npy' || isFlat(format)) return mistake
  const { maxBytes = Infinity } = otherFormat(format) as { readonly maxBytes?: number }
  const bytes = seqLen * sequencesPerShard * bytesPerId(dtypeOf(component, vocabSize))
  if (bytes <= maxBytes) return null
  const most = Math.floor(maxBytes / (bytes / sequencesPerShard))
  return `a shard of format ${format} holds at most ${maxBytes} bytes of ids, and sequences_per_shard ` +
    `${sequencesPerShard} needs ${bytes}; set it to at most ${most}`
}

interface SinkOptions {
  readonly overwrite: boolean
  readonly resumable: boolean
  readonly beforeFirst?: (() => Promise<void>) | undefined
  /** Number of the first shard. @default 0 */
  readonly first?: number
}

/** The sink of a component. */
export function sinkOf (
  folder: string,
  component: ShardChoice,
  { vocabSize }: Pick<Encoder, 'vocabSize'>,
  { overwrite, ...stream }: SinkOptions
): ShardSink {
  const { format, seqLen, sequencesPerShard, tokensPerShard } = component
  const dtype = dtypeOf(component, vocabSize)
  const shared = { dtype, vocabSize, overwrite }
  if (isFlat(format)) return makeFlatSink(folder, { format, tokensPerShard, ...shared }, stream)
  if (format !== 'npy') return makeRowSink(folder, { format, seqLen, sequencesPerShard, ...shared }, stream)
  return new NpySink(folder, { seqLen, sequencesPerShard, ...shared }, stream)
}
