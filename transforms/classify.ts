import { z } from 'zod'
import type { Document } from '../lib/document.ts'
import { SluiceError } from '../lib/errors.ts'
import type { FastTextClassifier } from '../lib/fasttext/classifier.ts'
import { unknownLabel } from '../lib/fasttext/labels.ts'
import type { ModelUse } from '../lib/fasttext/model-use.ts'
import type { KnownModel } from '../lib/fasttext/model.ts'
import { type StageOptions, type Work, Stage, stageOptions } from '../lib/stage/stage.ts'

const score = z.number().min(0).max(1).optional()

export const classifyOptions = z.strictObject({
  model: z.string().min(1).describe('.bin or .ftz file of a fastText classifier'),
  label: z.string().min(1).describe('label whose probability is the score, with or without its prefix __label__'),
  min: score.describe('minimum score to keep a document, inclusive'),
  max: score.describe('maximum score to keep a document, inclusive'),
  record: z.string().min(1).optional().describe('field of meta to store the score in')
}).refine(({ min, max, record }) => min !== undefined || max !== undefined || record !== undefined,
  'expected `min`, `max` or `record`: without one of them the score is not used')
  .refine(({ min, max }) => min === undefined || max === undefined || min <= max, 'expected `min` to be at most `max`')
  .describe('keeps documents by the score of a fastText classifier, or stores it')

/** Options of `classify`. */
export type ClassifyOptions = z.input<typeof classifyOptions> & StageOptions<Document>

/** Finds the model that `classify` reads, and checks that it has the label. */
export const classifyModel: ModelUse = {
  path: ({ model }) => model as string,
  mistake ({ label }, path, labels) {
    if (nameOf(label as string, labels) !== undefined) return undefined
    return { key: 'label', message: unknownLabel(path, label as string, labels) }
  }
}

/** A label as it is spelled in the model. */
function nameOf (label: string, labels: readonly string[]): string | undefined {
  return [label, `__label__${label}`].find(name => labels.includes(name))
}

/**
 * Scores each document by the probability of one label of a fastText classifier, such as a quality filter: that of
 * DCLM, which keeps 0.018 and above, or classifiers trained on FineWeb-Edu's scores. Drops `low_score` and
 * `high_score`.
 *
 * @throws SluiceError `ERR_OPTION` for wrong options; the stream fails with `ERR_OPTION` for a label that the model
 *   doesn't have, and with `ERR_MODEL` for a model that can't be used
 */
export function classify (options: ClassifyOptions): Stage<Document, Document> {
  const [own, shared] = stageOptions('classify', classifyOptions, options)
  return new Stage(classifyWork(own), shared)
}

/**
 * The work of `classify`, without the stream.
 *
 * @param options checked options
 * @param known a model that is loaded already, or its SHA-256
 */
export function classifyWork (
  options: z.output<typeof classifyOptions>, { loaded, sha256 }: KnownModel = {}
): Work<Document, Document> {
  const { model, label, min = -Infinity, max = Infinity, record } = options
  let classifier: FastTextClassifier
  let name: string
  return {
    name: 'classify',
    async open () {
      const { FastTextClassifier, loadFastText } = await import('../lib/fasttext/classifier.ts')
      classifier = loaded === undefined ? await loadFastText(model, { sha256 }) : FastTextClassifier.from(loaded)
      const found = nameOf(label, classifier.labels)
      if (found === undefined) {
        throw new SluiceError('ERR_OPTION', unknownLabel(classifier.shared.path, label, classifier.labels))
      }
      name = found
    },
    take (document, push) {
      const score = classifier.probability(document.text, name)
      if (score < min) return 'low_score'
      if (score > max) return 'high_score'
      push(record === undefined ? document : { ...document, meta: { ...document.meta, [record]: score } })
      return undefined
    }
  }
}
