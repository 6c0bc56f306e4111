import { z } from 'zod'
import { SluiceError } from '../../lib/errors.ts'
import { readCheckpoint } from '../../lib/output/checkpoint.ts'
import { flowState } from './checkpoints.ts'
import { knownFile, writtenFile } from './known-files.ts'

const jobState = z.strictObject({
  /** The version of sluice. */
  sluice: z.string(),
  /** Everything that the output depends on, besides the inputs. */
  settings: z.record(z.string(), z.unknown()),
  inputs: z.array(knownFile),
  /** Seconds of work so far, over all runs. */
  seconds: z.number().min(0),
  /** What a basis has recorded (`JobBasis`). */
  basis: z.record(z.string(), z.string()).optional(),
  flow: flowState.nullable(),
  finished: z.strictObject({ result: z.unknown(), files: z.array(writtenFile) }).nullable()
})

/** The content of a job's checkpoint. */
export type JobState = z.output<typeof jobState>

/** The content of a checkpoint; null if there is none. @throws SluiceError `ERR_CHECKPOINT` when it is damaged */
export async function stateOf (path: string): Promise<JobState | null> {
  const content = await readCheckpoint(path)
  if (content === null) return null
  const { data, error } = jobState.safeParse(content)
  if (data !== undefined) return data
  const issues = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
  const mistake = `is not a checkpoint that this version reads: ${issues}; start over with --restart`
  throw new SluiceError('ERR_CHECKPOINT', `${path}: ${mistake}`)
}
