import { z } from 'zod'
import type { Document } from '../lib/document.ts'
import type { FastTextClassifier, SharedFastText } from '../lib/fasttext/classifier.ts'
import { Stage, type StageOptions, stageOptions } from '../lib/stage.ts'

const score = z.number().optional()

export const classifyOptions = z.strictObject({
  model: z.string().min(1).describe('.bin or .ftz file of a fastText classifier'),
  label: z.string().min(1).describe('label whose probability is the score, with its __label__ or without'),
  min: score.describe('lowest score at which a document is kept, inclusive'),
  max: score.describe('highest score at which a document is kept, inclusive'),
  record: z.string().min(1).optional().describe('name of the field in meta that the score is noted in')
}).refine(({ min, max, record }) => min !== undefined || max !== undefined || record !== undefined, 'expected min, max or record: else nothing comes of the score')
  .refine(({ min, max }) => min === undefined || max === undefined || min <= max, 'expected the lowest score (min) to be at most the highest (max)')
  .describe('keeps documents by the score that a fastText classifier gives them, or notes it')

export type ClassifyOptions = z.input<typeof classifyOptions> & StageOptions<Document> & {
  /** The model, where it is read already, as in another thread. */
  readonly loaded?: SharedFastText | undefined
}

/** The model that is read for these options. */
export function classifyModel ({ model }: Readonly<Record<string, unknown>>): string {
  return model as string
}

/**
 * Scores each document by the probability of one label of a fastText classifier, such as a quality filter (DCLM's, 0.018 and
 * above; the students of FineWeb-Edu). Drops `low_score` and `high_score`.
 *
 * @throws SluiceError `ERR_OPTION` for options that make no sense; the stream fails with it for a label that the model doesn't
 *   have, and with `ERR_MODEL` for a model that can't be used
 */
export function classify ({ loaded, ...options }: ClassifyOptions): Stage<Document, Document> {
  const [{ model, label, min = -Infinity, max = Infinity, record }, shared] = stageOptions('classify', classifyOptions, options)
  let classifier: FastTextClassifier
  let name: string
  return new Stage<Document, Document>({
    name: 'classify',
    async open () {
      const { FastTextClassifier, loadFastText } = await import('../lib/fasttext/classifier.ts')
      classifier = loaded === undefined ? await loadFastText(model) : FastTextClassifier.from(loaded)
      name = classifier.labels.includes(label) ? label : `__label__${label}`
      if (!classifier.labels.includes(name)) classifier.probability('', label) // throws
    },
    take (document, push) {
      const score = classifier.probability(document.text, name)
      if (score < min) return 'low_score'
      if (score > max) return 'high_score'
      push(record === undefined ? document : { ...document, meta: { ...document.meta, [record]: score } })
      return undefined
    }
  }, shared)
}
