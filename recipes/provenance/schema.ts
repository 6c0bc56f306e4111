import { z } from 'zod'
import { obligations } from '../../lib/licenses/known.ts'
import { count, positive } from '../../lib/options.ts'

const text = z.string().nullable()

const provenanceFile = z.object({
  /** The path in the dataset's repository, or on the machine. */
  path: z.string(),
  bytes: count.nullable(),
  sha256: text,
  /** The id of the blob in the dataset's repository; null for other files. */
  git_oid: text,
  /** Only for a file on the machine. */
  modified_at_utc: z.string().optional()
})
/** A file that a raw pull has read. */
export type ProvenanceFile = Readonly<z.output<typeof provenanceFile>>

const provenance = z.object({
  source: z.object({ dataset: z.string(), subset: text, split: text, revision: text, commit: text, url: text }),
  /** ISO 8601. */
  retrieved_at_utc: z.object({ begun: z.string(), finished: z.string() }),
  license: z.object({
    /** The licences as they are stated; empty if none is stated. */
    found: z.array(z.string()).readonly(),
    read_from: text,
    card_sha256: text,
    spdx: text,
    obligations: z.array(z.enum(obligations)).readonly(),
    redistributable: z.enum(['yes', 'unknown', 'no']),
    reason: z.string()
  }),
  files: z.array(provenanceFile).readonly(),
  /** Stages, in order, with their options; a raw pull has none. */
  filters: z.array(z.object({ stage: z.string(), options: z.record(z.string(), z.unknown()) })).readonly(),
  limit: positive.nullable(),
  /** The columns that are kept besides the text; null if all are. */
  columns: z.array(z.string()).readonly().nullable(),
  /** Records written. */
  records: count,
  /** The command line; null for a call in code. */
  command: text,
  /** The version of sluice. */
  sluice: z.string(),
  output: z.object({ path: z.string(), bytes: count.nullable(), sha256: text })
})
/** Where the records of a raw pull come from, by which source, licence and settings. */
export type Provenance = Readonly<z.output<typeof provenance>>

const storedProvenance = provenance.extend({ card: text, licenses_md: text })

/** A pull as `provenance.json` has it. */
export type StoredProvenance = Provenance & {
  /** The name of the file with the dataset's card, as it was when the pull started. */
  readonly card: string | null
  /** The name of the file that counts the records by licence; null if they state none. */
  readonly licenses_md: string | null
}

/** The pulls into one folder, by the names of the files that they wrote. */
export const provenanceJson = z.object({ format: z.literal(1), pulls: z.record(z.string(), storedProvenance) })
