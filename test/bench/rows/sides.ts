import { Missing } from '../corpora/sources.ts'
import type { Inputs } from '../frame/inputs.ts'
import { type Package, release } from '../frame/python.ts'
import type { Prepared, Side } from '../frame/row.ts'

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

/**
 * A job in Python.
 *
 * @param needed the measured package, whose release is its name; null: Python itself, with the given name
 */
export function python (
  { python }: Inputs,
  needed: { readonly package: Package } | { readonly name: string },
  job: string,
  given: object
): MaybeSide {
  const name = 'package' in needed ? release(python, needed.package) : needed.name
  if (python === undefined) return { skipped: `Python (${job}) is not installed` }
  if (name === undefined) return { skipped: `Python's ${'package' in needed ? needed.package : job} is not installed` }
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
