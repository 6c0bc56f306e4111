import type { ShardedStats } from '../../../lib/shards/stats.ts'
import { number, percent } from '../../../lib/text/numbers.ts'
import { table } from '../../../lib/text/table.ts'
import type { MixedSource } from './stats.ts'

type Side = Pick<ShardedStats, 'name' | 'sequences' | 'tokens' | 'shards' | 'output_dir' | 'shard_files'>

/** The parts of a mixture's stats that are shown. */
export interface ShownMix {
  readonly stats: readonly Side[]
  readonly mixture: {
    readonly sources: ReadonlyArray<Pick<MixedSource,
      'name' | 'share' | 'share_reached' | 'tokens' | 'epochs' | 'validation_tokens'>>
  }
}

/** A mixture as text: what was drawn from each source, and where it is. */
export function mixText ({ stats, mixture: { sources } }: ShownMix): string {
  const rows = sources.map(({ name, share, share_reached: reached, tokens, epochs, validation_tokens: held }) => [
    name, share === null ? '-' : percent(share), percent(reached), number(tokens), epochs.toFixed(2), number(held)
  ])
  const items = stats.some(isFlat) ? 'documents' : 'sequences'
  const sides = stats.map(side =>
    [side.name, number(itemsOf(side)), number(side.tokens), number(side.shards), side.output_dir])
  return [
    table([['source', 'share', 'reached', 'tokens', 'epochs', 'validation tokens'], ...rows]),
    '',
    table([['side', items, 'tokens', 'shards', 'folder'], ...sides], 'left')
  ].join('\n')
}

/** Whether shards have documents, not sequences: only those of flat formats count the documents that end in them. */
export function isFlat ({ shard_files: files }: Pick<Side, 'shard_files'>): boolean {
  return files.some(({ ended }) => ended !== undefined)
}

/** The number of sequences, or of documents in a flat format. */
export function itemsOf (side: Pick<Side, 'sequences' | 'shard_files'>): number {
  return isFlat(side) ? side.shard_files.reduce((sum, { ended = 0 }) => sum + ended, 0) : side.sequences
}
