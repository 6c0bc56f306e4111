import { join } from 'node:path'
import { z } from 'zod'
import { SluiceError } from '../../lib/errors.ts'
import { parseOptions } from '../../lib/options.ts'
import { metaPieces, modelOptions } from '../../lib/trainer/options.ts'
import type { Mixture } from '../manifest/found.ts'
import { tokenizerSchema } from '../manifest/schema.ts'
import type { TrainingJob } from './training.ts'

/** The training that a manifest asks for; null where it names no folder for it. */
export function trainingOf (manifest: Mixture): TrainingJob | null {
  const { tokenizer, tokenizerOutputDir: folder, datasets: components } = manifest
  return folder === null ? null : { ...trainingJob(tokenizer, { folder }), manifest, components }
}

const { modelType } = tokenizerSchema.shape

interface Whereabouts {
  readonly folder: string
  readonly logFile?: string | undefined
}

/** How a tokenizer is to be trained, and where it goes; on what is to be found yet. */
export function trainingJob (
  given: Readonly<Record<string, unknown>>, { folder, logFile }: Whereabouts
): Omit<TrainingJob, 'manifest' | 'components'> {
  const { sha256, modelType: type = 'unigram', ...own } = given
  const settings = parseOptions('train-tokenizer', modelOptions.omit({ workers: true }), own)
  const kind = parseOptions('train-tokenizer', z.object({ modelType }), { modelType: type }).modelType
  if (kind !== 'unigram') {
    throw new SluiceError('ERR_OPTION', `train-tokenizer.modelType: only unigram models can be trained, got ${kind}; ` +
      'spm_train of SentencePiece trains others, and --tokenizer-path of process-mixture and run takes them')
  }
  metaPieces(settings) // before anything is read: its mistakes
  const stem = join(folder, `spm_${settings.vocabSize}_${kind}`)
  return {
    settings,
    model: `${stem}.model`,
    vocab: `${stem}.vocab`,
    checkpoint: `${stem}.checkpoint.json`,
    log: logFile ?? `${stem}.json`
  }
}
