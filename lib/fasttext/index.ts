/** The module `sluice/fasttext`: fastText classifiers. */
export {
  type ClassifierOptions, FastTextClassifier, type LoadOptions, type Prediction, type SharedFastText, loadFastText
} from './classifier.ts'
