import { existsSync } from 'node:fs'
import { SluiceError } from '../../lib/errors.ts'
import type { Encoder } from '../../lib/tokenizer/tokenizer.ts'
import type { RunOptions } from '../flow/flow.ts'
import type { JobStatus } from '../jobs/job.ts'
import type { Mixture } from '../manifest/found.ts'
import { VerifyError, verifyParsed } from '../verify.ts'
import { mixManifest, statsFileOf, statusOfMix } from './mix/mix.ts'
import { plannedShape } from './mix/shape.ts'
import type { MixStats } from './mix/stats.ts'
import { readDates } from './stats.ts'
import { DAMAGED, OUTCOMES, type RunStep, type StepOutcome } from './steps.ts'

/** The step of a run that makes the training set, and its error if it failed. */
export interface MixStep {
  readonly steps: readonly RunStep[]
  /** The stats of the training set, if it was made and verified, or is up to date. */
  readonly stats?: MixStats
  readonly error?: SluiceError
}

/** The options of a run that the step has. */
interface MixStepOptions {
  readonly verify: boolean
  readonly overwrite: boolean
  readonly checkpointEvery: number
  readonly restart: boolean
  readonly takeover: boolean
  readonly workers?: number | undefined
  readonly inventory?: string | undefined
}

const NONE: MixStep = { steps: [] }

/** Makes and verifies the training set of a manifest, if it has one. @param statsPath of the components' shards */
export async function mixStep (
  manifest: Mixture, statsPath: string, options: MixStepOptions, context: RunOptions
): Promise<MixStep> {
  if (manifest.mixture === null) return NONE
  const { overwrite, verify, checkpointEvery, restart, takeover, workers, inventory } = options
  const path = statsFileOf(manifest.mixture)
  let outcome: StepOutcome = 'done'
  const onStatus = ({ is }: JobStatus): void => { outcome = OUTCOMES[is] }
  try {
    const mixing = { stats: statsPath, overwrite, verify, checkpointEvery, restart, takeover }
    const stats = await mixManifest(manifest, mixing, { ...context, onStatus })
    const isVerified = stats.stats.every(({ verified_at_utc: date }) => date !== undefined)
    if (!isVerified) await verifyParsed(path, { workers, inventory, quick: false, takeover }, context)
    return { steps: [stepWas(outcome, `${path}: ${isVerified ? 'was verified' : 'is verified'}`)], stats }
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code === 'ERR_ABORTED') throw error
    const advice = error instanceof VerifyError ? `; ${DAMAGED}` : ''
    return { steps: [stepWas('failed', error.message.split('\n')[0]! + advice)], error }
  }
}

/** What is known before a run makes its training set. */
interface MixBefore {
  /** The stats file of the components' shards. */
  readonly statsPath: string
  /** Whether the shards of all components are up to date. */
  readonly isUpToDate: boolean
  /** Whether the shards of a finished training set are hashed. */
  readonly verify: boolean
  /** The folder of a training set that is made anew. */
  readonly newFolder: string
  readonly tokenizer: Encoder
}

/** @throws SluiceError `ERR_OPTION` when shards by this tokenizer can't be mixed as the manifest says */
export function checkMixStep ({ mixture, datasets }: Mixture, tokenizer: Encoder): void {
  if (mixture !== null) plannedShape(mixture, datasets, tokenizer)
}

/** What `mixStep` would do; its error if it would fail. */
export async function plannedMixStep (
  manifest: Mixture, { statsPath, isUpToDate, verify, newFolder, tokenizer }: MixBefore, { signal }: RunOptions
): Promise<MixStep> {
  const { mixture } = manifest
  if (mixture === null) return NONE
  const { outputDir } = mixture
  // A run that was killed may have finished all components before it wrote their stats.
  const isPlannable = isUpToDate && existsSync(statsPath)
  const draws = `draws documents into ${newFolder}`
  try {
    checkMixStep(manifest, tokenizer)
    if (!isPlannable) return { steps: [stepWas('done', draws)] }
    const status = await statusOfMix(manifest, mixture, statsPath, { verify, signal })
    const isVerified = (await readDates(statsFileOf(mixture)))?.verified_at_utc !== undefined
    if (status.is === 'finished' && !isVerified) return { steps: [stepWas('done', `${outputDir}: ${UNVERIFIED}`)] }
    const { why = status.is === 'new' ? draws : outputDir } = status as { readonly why?: string }
    return { steps: [stepWas(OUTCOMES[status.is], why)] }
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code === 'ERR_ABORTED') throw error
    return { steps: [stepWas('refused', error.message)], error }
  }
}

const UNVERIFIED = 'its shards are not known to match their stats'

function stepWas (outcome: StepOutcome, why: string): RunStep {
  return { component: null, step: 'mix', outcome, why }
}
