import { existsSync } from 'node:fs'
import { SluiceError } from '../../lib/errors.ts'
import { readTokenizerFile } from '../../lib/tokenizer/files.ts'
import type { Encoder } from '../../lib/tokenizer/tokenizer.ts'
import { trainingOf } from '../components/training-job.ts'
import { type TrainingJob, checkTrainingPlaces, readsOnce, trainingStatus } from '../components/training.ts'
import { type JobStatus, statusText } from '../jobs/job.ts'
import type { Mixture } from '../manifest/found.ts'
import { trainingCheckpoint } from './read.ts'
import { type RunStep, OUTCOMES } from './steps.ts'

/** The training that a run begins with. */
export interface PlannedTraining {
  readonly job: TrainingJob
  readonly step: RunStep
  /** Takes the place of the tokenizer in plans until it is trained. */
  readonly standIn: Encoder
}

/** The options that determine whether a run trains its tokenizer. */
interface PlanOptions {
  readonly tokenizerPath?: string | undefined
  readonly restart?: boolean | undefined
}

/**
 * Plans the training of a manifest's tokenizer. Null if the run uses a model that it doesn't train: one named by
 * `--tokenizer-path`, one that the user put at the path in the manifest, or a model at that path with the SHA-256 in
 * the manifest.
 *
 * @throws SluiceError as `trainTokenizer`, before anything is written; `ERR_MANIFEST` for an input that can be read
 *   only once, as the training would use it up
 */
export async function plannedTraining (
  manifest: Mixture, { tokenizerPath: asked, restart = false }: PlanOptions
): Promise<PlannedTraining | null> {
  const { tokenizerPath: path, tokenizer } = manifest
  if (asked !== undefined || path === null || tokenizer.path !== null) return null
  const isThere = existsSync(path)
  if (isThere && tokenizer.sha256?.toLowerCase() === (await readTokenizerFile(path)).sha256) return null
  if (isThere && !existsSync(trainingCheckpoint(path))) return null
  const job = trainingOf(manifest)!
  if (await readsOnce(job)) {
    throw new SluiceError('ERR_MANIFEST', `${manifest.path}:1:1: a component reads standard input or a pipe, ` +
      'which training the tokenizer would use up; name files, ' +
      'train the tokenizer with train-tokenizer first, or name one with --tokenizer-path')
  }
  await checkTrainingPlaces(job)
  const status: JobStatus = restart ? { is: 'new' } : await trainingStatus(job)
  const isAgain = restart && isThere
  const outcome = isAgain ? 'done again' : OUTCOMES[status.is]
  const known = isAgain ? 'a restart was requested' : statusText(status)
  const why = known ?? `trains ${path} on samples of the components`
  return {
    job,
    step: { component: null, step: 'train-tokenizer', outcome, why },
    standIn: {
      append: () => { throw new Error('the tokenizer is not trained yet') },
      eosId: 2,
      vocabSize: job.settings.vocabSize,
      sha256: 'not trained yet'
    }
  }
}
