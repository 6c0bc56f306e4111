import { join } from 'node:path'
import type { Dtype } from '../../lib/shards/npy.ts'
import { jsonKind } from '../../lib/output/own-file.ts'
import type { ComponentDocuments, Duplicates } from '../../lib/verify/duplicates.ts'
import type { AnyShard, ShardedStats, StatsFile } from '../../lib/shards/stats.ts'
import { number, percent } from '../../lib/text/numbers.ts'
import { table } from '../../lib/text/table.ts'

/** A shard that was verified. */
export interface InventoryShard {
  /** Relative to the working directory, like `output_dir`. */
  readonly path: string
  readonly bytes: number
  readonly sequences: number
  readonly dtype: Dtype
  /** Null if the data was not read. */
  readonly sha256: string | null
}

export interface InventoryTotals {
  readonly shards: number
  readonly sequences: number
  /** Tokens in the shards, without the tail and without padding. */
  readonly tokens: number
  readonly bytes: number
}

export interface InventoryComponent {
  readonly name: string
  /** From the stats; null if they don't have it. */
  readonly dataset: string | null
  readonly subset: string | null
  readonly license: string | null
  readonly output_dir: string
  readonly seq_len: number
  readonly vocab_size: number
  readonly tokenizer_sha256: string
  readonly shards: readonly InventoryShard[]
  readonly totals: InventoryTotals
}

/** Recognizes an existing inventory, so that no other file is replaced. */
export const INVENTORY = jsonKind('an inventory', 'verified_at_utc', 'stats', 'components', 'totals')

/** The inventory that `verify` writes if there are no findings. */
export interface Inventory {
  /** When the verification started; ISO 8601. */
  readonly verified_at_utc: string
  readonly stats: string
  /** The SHA-256 of the stats file, including its `verified_at_utc`. */
  readonly stats_sha256: string
  /** Whether only names, sizes and headers were checked. */
  readonly quick: boolean
  /** Whether the tokenizer was compared with its recorded SHA-256. */
  readonly tokenizer_verified: boolean
  readonly components: readonly InventoryComponent[]
  readonly totals: InventoryTotals
  /** Documents that occur more than once; null if the data was not read. */
  readonly duplicates: Duplicates | null
}

type Verification =
  Pick<Inventory, 'verified_at_utc' | 'stats_sha256' | 'quick' | 'tokenizer_verified' | 'duplicates'>

/** The inventory of verified shards, from their stats. */
export function inventoryOf ({ path, components }: StatsFile, seen: Verification): Inventory {
  const listed = components.map((component): InventoryComponent => ({
    name: component.name,
    dataset: component.dataset ?? null,
    subset: component.subset ?? null,
    license: component.license ?? null,
    output_dir: component.output_dir,
    seq_len: component.seq_len,
    vocab_size: component.vocab_size,
    tokenizer_sha256: component.tokenizer_sha256,
    shards: component.shard_files.map(info => shardOf(component, info, seen.quick)),
    totals: {
      shards: component.shards,
      sequences: component.sequences,
      tokens: writtenTokens(component),
      bytes: component.shard_files.reduce((sum, { bytes, index }) => sum + bytes + (index?.bytes ?? 0), 0)
    }
  }))
  const total = (key: keyof InventoryTotals): number => listed.reduce((sum, { totals }) => sum + totals[key], 0)
  return {
    verified_at_utc: seen.verified_at_utc,
    stats: path,
    stats_sha256: seen.stats_sha256,
    quick: seen.quick,
    tokenizer_verified: seen.tokenizer_verified,
    components: listed,
    totals: {
      shards: total('shards'),
      sequences: total('sequences'),
      tokens: total('tokens'),
      bytes: total('bytes')
    },
    duplicates: seen.duplicates
  }
}

/** Tokens in the shards, without padding. */
function writtenTokens ({
  sequences, seq_len: seqLen, shard_files: shards, padding_tokens: padding = 0
}: ShardedStats): number {
  return shards.reduce((sum, { tokens = 0 }) => sum + tokens, sequences * seqLen - padding)
}

function shardOf (
  { output_dir: folder, dtype }: ShardedStats, { file, bytes, sequences, sha256 }: AnyShard, quick: boolean
): InventoryShard {
  return { path: join(folder, file), bytes, sequences, dtype, sha256: quick ? null : sha256 }
}

/** A summary of the inventory, for a terminal. */
export function inventoryTable ({ components, totals, quick, duplicates }: Inventory): string {
  const row = (name: string, { shards, sequences, tokens, bytes }: InventoryTotals): string[] =>
    [name, number(shards), number(sequences), number(tokens), megabytes(bytes)]
  const rows = components.map(({ name, totals }) => row(name, totals))
  const sum = components.length > 1 ? [row('all', totals)] : []
  return [
    table([['component', 'shards', 'sequences', 'tokens', 'MB'], ...rows, ...sum]),
    ...(duplicates === null ? [] : ['', duplicatesTable(duplicates)]),
    '',
    verdictOf(quick)
  ].join('\n')
}

/** The result of a verification without findings, in one sentence. */
export function verdictOf (quick: boolean): string {
  return quick
    ? 'Names, sizes and headers match the stats; the data was not read.'
    : 'The shards match their stats.'
}

function duplicatesTable ({ sampled, components, shared }: Duplicates): string {
  const documents = [DOCUMENT_HEADS, ...components.map(documentCells)]
  const pairs = shared.map(sharedCells)
  return [
    table(documents),
    '',
    pairs.length === 0 ? noneShared(components) : table([SHARED_HEADS, ...pairs]),
    ...sampledNote(sampled)
  ].join('\n')
}

export const DOCUMENT_HEADS = ['component', 'documents', 'different', 'repeated']
export const SHARED_HEADS = ['components', 'documents in both', 'of the first', 'of the second']

/** A row under `DOCUMENT_HEADS`. */
export function documentCells ({ name, documents, different }: ComponentDocuments): string[] {
  if (documents === null || different === null) return [name, '-', '-', '-']
  return [name, number(documents), number(different), documents === 0 ? '-' : shareText(1 - different / documents)]
}

/** A row under `SHARED_HEADS`. */
export function sharedCells ({ components, documents, shares }: Duplicates['shared'][number]): string[] {
  return [components.join(', '), number(documents), ...shares.map(shareText)]
}

export function noneShared (components: readonly ComponentDocuments[]): string {
  return components.length < 2
    ? 'There is only one component, so no documents are compared between components.'
    : 'No document is in two components with the same tokenizer.'
}

/** A note if duplicates are estimated; empty if all documents were compared. */
export function sampledNote (sampled: number): string[] {
  return sampled === 1 ? [] : [`Duplicates are estimated from one document in ${number(sampled)}.`]
}

/** A share in percent. Only 0 is shown as 0, and only 1 as 100. */
function shareText (share: number): string {
  if (share > 0 && share < 0.001) return '< 0.1 %'
  if (share < 1 && share > 0.999) return '> 99.9 %'
  return percent(share, 1)
}

export function megabytes (bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
