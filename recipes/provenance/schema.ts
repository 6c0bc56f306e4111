import { z } from 'zod'
import { obligations } from '../../lib/licenses/known.ts'
import { count, positive } from '../../lib/options.ts'

const text = z.string().nullable()

const provenanceFile = z.object({
  /** As the source names it: in the dataset's repository, or on the machine. */
  path: z.string(),
  bytes: count.nullable(),
  sha256: text,
  /** Of the blob in the dataset's repository; null for what is in none. */
  git_oid: text,
  /** Of a file on the machine; absent for others. */
  modified_at_utc: z.string().optional()
})
/** A file that a raw pull has read. */
export type ProvenanceFile = Readonly<z.output<typeof provenanceFile>>

const provenance = z.object({
  source: z.object({ dataset: z.string(), subset: text, split: text, revision: text, commit: text, url: text }),
  /** ISO 8601. */
  retrieved_at_utc: z.object({ begun: z.string(), finished: z.string() }),
  license: z.object({
    /** As they were found; none where nobody states one. */
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
  /** Those kept next to the text; null where all columns of the source are. */
  columns: z.array(z.string()).readonly().nullable(),
  /** Written. */
  records: count,
  /** The command line; null for a call in code. */
  command: text,
  /** Its version. */
  sluice: z.string(),
  output: z.object({ path: z.string(), bytes: count.nullable(), sha256: text })
})
/** Where the records of a raw pull come from: what anyone needs who has to account for them. */
export type Provenance = Readonly<z.output<typeof provenance>>

const storedProvenance = provenance.extend({ card: text, licenses_md: text })

/** As `provenance.json` has it. */
export type StoredProvenance = Provenance & {
  /** The file next to it with the dataset's card, as it was when the pull began. */
  readonly card: string | null
  /** The file next to it that counts the records by the licence of each; null where they state none. */
  readonly licenses_md: string | null
}

/** The pulls into one folder, by the names of the files that they have written. */
export const provenanceJson = z.object({ format: z.literal(1), pulls: z.record(z.string(), storedProvenance) })
