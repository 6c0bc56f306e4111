import { z } from 'zod'
import { count, positive, sha256Hex } from '../../../lib/options.ts'

/** The version of the plan format. */
export const PLAN_VERSION = 1

/** An input file, as `InputFile`, with its date, by which a change is found. */
const plannedFile = z.strictObject({ path: z.string(), size: count, modified: z.string() })
export type PlannedFile = Readonly<z.output<typeof plannedFile>>

/**
 * A unit: the index of its file, the offset of its first record, that of the first record after it, and its size in
 * bytes. Offsets are as positions of sources have them: bytes, or rows of tables. null: up to the end of the file.
 */
const unit = z.tuple([count, count, count.nullable(), count])
export type Unit = z.output<typeof unit>

const plannedComponent = z.strictObject({
  name: z.string(),
  /** Why one task makes the whole component; null if its units are mapped by many tasks. */
  whole: z.string().nullable(),
  /** SHA-256 of the settings of its job. */
  settings_sha256: sha256Hex,
  files: z.array(plannedFile),
  units: z.array(unit)
})
export type PlannedComponent = Readonly<z.output<typeof plannedComponent>>

export const planSchema = z.strictObject({
  sluice_plan: z.literal(PLAN_VERSION),
  sluice: z.string(),
  node: z.string(),
  /** The working directory, to which paths are relative. */
  root: z.string(),
  /** The folder of the plan, relative to the root. */
  folder: z.string(),
  manifest: z.strictObject({ path: z.string(), sha256: sha256Hex }),
  tokenizer: z.strictObject({ path: z.string(), sha256: sha256Hex }),
  stats: z.string(),
  /** The options of `process-mixture`. */
  options: z.record(z.string(), z.unknown()),
  /** The files that each name in the manifest stands for. */
  found: z.record(z.string(), z.array(z.strictObject({ path: z.string(), size: count.nullable() }))),
  unit_bytes: positive,
  components: z.array(plannedComponent)
})
/** A plan file. */
export type Plan = Readonly<z.output<typeof planSchema>>
