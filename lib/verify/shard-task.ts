import type { AnyShard, ShardedStats } from '../shards/stats.ts'

/** What is compared between shards and their stats. */
export type VerifyCheck =
  | 'missing' | 'unlisted' | 'bytes' | 'header' | 'dtype' | 'shape' | 'ids' | 'sha256' | 'documents' | 'names' | 'sums'
  | 'tokenizer'

/** A difference between a shard and its stats. */
export interface ShardFinding {
  readonly check: VerifyCheck
  /** The file of the shard's documents, if that differs, and not the shard. */
  readonly file?: string | undefined
  readonly found: string
  readonly expected: string
}

/** A shard to verify, and its stats. */
export interface ShardTask {
  readonly component: Omit<ShardedStats, 'shard_files'>
  readonly info: AnyShard
  /** Index of the shard in the component. */
  readonly index: number
  /** Number of shards of the component. */
  readonly shards: number
  /** Checks only size and header. */
  readonly quick: boolean
}

/** Adds a finding. @param file of the shard's documents; by default the shard */
export type Find = (check: VerifyCheck, found: string, expected: string, file?: string) => void
