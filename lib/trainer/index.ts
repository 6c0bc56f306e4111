/** The module `sluice/trainer`: trains unigram models on texts. */
export type { ModelOptions } from './options.ts'
export type { TrainProgress, TrainStats } from './train.ts'
export { type TrainRun, type TrainedTokenizer, UnigramTrainer, trainUnigram } from './train-unigram.ts'
