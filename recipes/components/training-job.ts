import { join } from 'node:path'
import { z } from 'zod'
import { SluiceError } from '../../lib/errors.ts'
import { parseOptions } from '../../lib/options.ts'
import { loadOptions } from '../../lib/tokenizer/options.ts'
import { metaPieces, modelOptions } from '../../lib/trainer/options.ts'
import type { Mixture } from '../manifest/found.ts'
import { tokenizerSchema } from '../manifest/schema.ts'
import type { TrainingJob } from './training.ts'

/** The training that a manifest describes; null if it has no `tokenizer_output_dir`. */
export function trainingOf (manifest: Mixture): TrainingJob | null {
  const { tokenizer, tokenizerOutputDir: folder, datasets: components } = manifest
  return folder === null ? null : { ...trainingJob(tokenizer, { folder }), manifest, components }
}

const { modelType } = tokenizerSchema.shape

/** Keys under `tokenizer` that don't say how it is trained. */
const NOT_OF_TRAINING: ReadonlySet<string> = new Set(['sha256', 'path', ...Object.keys(loadOptions)])

interface TrainingOutput {
  readonly folder: string
  readonly logFile?: string | undefined
}

/** The settings and output files of a training, without what it reads. */
export function trainingJob (
  given: Readonly<Record<string, unknown>>, { folder, logFile }: TrainingOutput
): Omit<TrainingJob, 'manifest' | 'components'> {
  const { modelType: type = 'unigram', ...rest } = given
  const own = Object.fromEntries(Object.entries(rest).filter(([key]) => !NOT_OF_TRAINING.has(key)))
  const settings = parseOptions('train-tokenizer', modelOptions.omit({ workers: true }), own)
  const kind = parseOptions('train-tokenizer', z.object({ modelType }), { modelType: type }).modelType
  if (kind !== 'unigram') {
    throw new SluiceError('ERR_OPTION', `train-tokenizer.modelType: only unigram models can be trained, got ${kind}; ` +
      'spm_train of SentencePiece trains others, and --tokenizer-path of process-mixture and run takes them')
  }
  metaPieces(settings) // throws for mistakes in the settings, before anything is read
  const stem = join(folder, `spm_${settings.vocabSize}_${kind}`)
  return {
    settings,
    model: `${stem}.model`,
    vocab: `${stem}.vocab`,
    checkpoint: `${stem}.checkpoint.json`,
    log: logFile ?? `${stem}.json`
  }
}
