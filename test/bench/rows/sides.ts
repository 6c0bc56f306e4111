import { Missing } from '../corpora/sources.ts'
import type { Inputs } from '../frame/inputs.ts'
import { type Package, release } from '../frame/python.ts'
import type { Bar, Prepared, Side } from '../frame/row.ts'

/** A side, or the reason why it is missing. */
export type MaybeSide = Side | { readonly skipped: string }

export function prepared (bytes: number | null, ...sides: readonly MaybeSide[]): Prepared {
  return {
    bytes,
    sides: sides.flatMap(side => 'skipped' in side ? [] : side),
    skipped: sides.flatMap(side => 'skipped' in side ? side.skipped : [])
  }
}

/** A job of sluice's code. */
export function ours (job: string, given: object, name = 'sluice'): Side {
  return { name, kind: 'sluice', work: { kind: 'node', job, given } }
}

/** A command of sluice, as a whole process. */
export function command (args: readonly string[], name = 'sluice'): Side {
  return { name, kind: 'sluice', work: { kind: 'sluice', args } }
}

/** A package for Node. */
export function rival (name: string, job: string, given: object): Side {
  return { name, kind: 'rival', work: { kind: 'node', job, given } }
}

/** The minimal work of any reader. */
export function limit (name: string, job: string, given: object): Side {
  return { name, kind: 'limit', work: { kind: 'node', job, given } }
}

/** What a job in Python measures: a package, whose release is its name, with others that it uses; or Python itself. */
type Needed = { readonly package: Package, readonly with?: readonly Package[] } | { readonly name: string }

/** A job in Python. */
export function python ({ python }: Inputs, needed: Needed, job: string, given: object): MaybeSide {
  const packages = 'package' in needed ? [needed.package, ...needed.with ?? []] : []
  if (python === undefined) return { skipped: `Python (${packages[0] ?? job}) is not installed` }
  const missing = packages.find(name => release(python, name) === undefined)
  if (missing !== undefined) return { skipped: `Python's ${missing} is not installed` }
  const name = 'package' in needed ? release(python, needed.package)! : needed.name
  return { name, kind: 'rival', work: { kind: 'python', job, given } }
}

/** A side whose inputs may be missing: then the row goes without it. */
export async function orSkipped (make: () => Promise<MaybeSide>): Promise<MaybeSide> {
  try {
    return await make()
  } catch (error) {
    if (error instanceof Missing) return { skipped: error.message }
    throw error
  }
}

/** A side, with a bar for it or for sluice compared with it. */
export function withBars (side: MaybeSide, ...bars: readonly Bar[]): MaybeSide {
  return 'skipped' in side ? side : { ...side, bars }
}

/** A side whose shards are compared with those of others. */
export function withShards (side: MaybeSide, shards: string): MaybeSide {
  return 'skipped' in side ? side : { ...side, shards }
}
