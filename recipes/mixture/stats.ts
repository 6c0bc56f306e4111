import { z } from 'zod'
import { parseJson } from '../../lib/json/json.ts'
import { readOwn } from '../../lib/output/own-file.ts'
import type { ComponentStats } from '../components/component-stats.ts'
import type { ShardedStats } from '../../lib/shards/stats.ts'
import type { LicenseRow } from '../components/licenses.ts'

/** The stats file of a run. */
export interface MixtureStats {
  readonly manifest: string
  /** One for each component that was finished, in the manifest's order. */
  readonly stats: readonly ComponentStats[]
  readonly failed: ReadonlyArray<{ readonly name: string, readonly code: string | null, readonly error: string }>
  /** What the licences of each component permit, as `licenses` reports it. */
  readonly licenses: readonly LicenseRow[]
  readonly manifest_sha256: string
  readonly tokenizer: { readonly path: string, readonly sha256: string, readonly vocab_size: number }
  /** When `verify` last found that all shards match these stats; absent until then. */
  readonly verified_at_utc?: string
}

/** The result of a run: its stats, and the path of its record. */
export interface MixtureResult extends MixtureStats {
  readonly run_record: string
  /** The path of the stats file. */
  readonly stats_path: string
}

/**
 * Adds the dates of verification from the existing stats file, for components whose shards are unchanged.
 *
 * @param path of the stats file
 * @param kept names of the components that the run has skipped as up to date
 */
export async function withVerifiedDates<Stats extends DatedStats> (
  path: string, kept: ReadonlySet<string>, stats: Stats
): Promise<Stats> {
  const before = await readDates(path)
  const dates = new Map(before?.stats.map(component => [shardsOf(component), component.verified_at_utc]))
  const dated = stats.stats.map(component => {
    const date = kept.has(component.name) ? dates.get(shardsOf(component)) : undefined
    return date === undefined ? component : { ...component, verified_at_utc: date }
  })
  const areAll = (stats.failed ?? []).length === 0 && dated.every(component => component.verified_at_utc !== undefined)
  const verified = areAll ? before?.verified_at_utc : undefined
  return { ...stats, stats: dated, ...(verified !== undefined && { verified_at_utc: verified }) }
}

/** What another run of the same manifest has written: its results are only passed on. */
const otherRun = z.object({
  manifest_sha256: z.string(),
  tokenizer: z.object({ sha256: z.string() }),
  stats: z.array(z.looseObject({ name: z.string() }))
})

/**
 * Adds results from the existing stats file, for components that another run of the same manifest was making.
 *
 * @param path of the stats file @param names of all components, in the manifest's order
 */
export async function withOthers (path: string, names: readonly string[], stats: MixtureStats): Promise<MixtureStats> {
  const locked = new Set(stats.failed.filter(({ code }) => code === 'ERR_LOCKED').map(({ name }) => name))
  if (locked.size === 0) return stats
  const text = await readOwn(path).catch(() => null) ?? ''
  const other = otherRun.safeParse(parseJson(text)).data
  const isSame = other?.manifest_sha256 === stats.manifest_sha256 && other.tokenizer.sha256 === stats.tokenizer.sha256
  if (!isSame) return stats
  const added = other.stats.filter(({ name }) => locked.has(name))
  const known = new Set(added.map(({ name }) => name))
  const results = [...stats.stats, ...added as unknown as ComponentStats[]]
  return {
    ...stats,
    stats: results.toSorted((a, b) => names.indexOf(a.name) - names.indexOf(b.name)),
    failed: stats.failed.filter(({ name }) => !known.has(name))
  }
}

/** Stats that `verify` may have dated. */
interface DatedStats {
  readonly stats: ReadonlyArray<Pick<ShardedStats, 'name' | 'output_dir' | 'shard_files' | 'verified_at_utc'>>
  readonly failed?: readonly unknown[]
}

const datedComponent = z.object({
  output_dir: z.string(),
  shard_files: z.array(z.object({ file: z.string(), sha256: z.string() })),
  verified_at_utc: z.string().optional()
})

type DatedComponent = z.output<typeof datedComponent>

/** The part of a stats file with the dates of verification. */
const datedStats = z.object({ verified_at_utc: z.string().optional(), stats: z.array(datedComponent) })

/** Reads the dates of verification; null if there is no file, or one of another kind. */
export async function readDates (path: string): Promise<z.output<typeof datedStats> | null> {
  const text = await readOwn(path).catch(() => null) ?? ''
  return datedStats.safeParse(parseJson(text)).data ?? null
}

/** A key that is the same for the same folder with the same shards. */
function shardsOf (component: Pick<ShardedStats, 'output_dir' | 'shard_files'> | DatedComponent): string {
  const { output_dir: folder, shard_files: files } = component
  return JSON.stringify([folder, files.map(({ file, sha256 }) => [file, sha256])])
}
