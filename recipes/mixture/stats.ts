import { z } from 'zod'
import { parseJson } from '../../lib/json/json.ts'
import { readOwn } from '../../lib/output/own-file.ts'
import type { ComponentStats } from '../components/component-stats.ts'
import type { LicenseRow } from '../components/licenses.ts'

/** What a run leaves as its stats file. */
export interface MixtureStats {
  readonly manifest: string
  /** One for each component that was finished, in the manifest's order. */
  readonly stats: readonly ComponentStats[]
  readonly failed: ReadonlyArray<{ readonly name: string, readonly code: string | null, readonly error: string }>
  /** What the licences of each component permit, as `licenses` tells it. */
  readonly licenses: readonly LicenseRow[]
  readonly manifest_sha256: string
  readonly tokenizer: { readonly path: string, readonly sha256: string, readonly vocab_size: number }
  /** When `verify` found all shards as these stats say; absent until then. */
  readonly verified_at_utc?: string
}

/** What a run gives: its stats, and the path of the record that tells what made its shards. */
export interface MixtureResult extends MixtureStats {
  readonly run_record: string
  /** Where the stats are. */
  readonly stats_path: string
}

/** Stats with the dates of those before them, for components that were kept as they are. */
export async function withVerifiedDates (
  path: string, kept: ReadonlySet<string>, stats: MixtureStats
): Promise<MixtureStats> {
  const before = await readDates(path)
  const dates = new Map(before?.stats.map(component => [shardsOf(component), component.verified_at_utc]))
  const dated = stats.stats.map(component => {
    const date = kept.has(component.name) ? dates.get(shardsOf(component)) : undefined
    return date === undefined ? component : { ...component, verified_at_utc: date }
  })
  const areAll = stats.failed.length === 0 && dated.every(component => component.verified_at_utc !== undefined)
  const verified = areAll ? before?.verified_at_utc : undefined
  return { ...stats, stats: dated, ...(verified !== undefined && { verified_at_utc: verified }) }
}

const datedComponent = z.object({
  output_dir: z.string(),
  shard_files: z.array(z.object({ file: z.string(), sha256: z.string() })),
  verified_at_utc: z.string().optional()
})

/** What of a stats file tells when its shards were verified. */
const datedStats = z.object({ verified_at_utc: z.string().optional(), stats: z.array(datedComponent) })

/** Null where there is no such file, or it is another. */
export async function readDates (path: string): Promise<z.output<typeof datedStats> | null> {
  const text = await readOwn(path).catch(() => null) ?? ''
  return datedStats.safeParse(parseJson(text)).data ?? null
}

/** What tells the shards of one component from those of another, and from others of its own. */
function shardsOf (component: z.output<typeof datedComponent> | ComponentStats): string {
  const { output_dir: folder, shard_files: files } = component
  return JSON.stringify([folder, files.map(({ file, sha256 }) => [file, sha256])])
}
