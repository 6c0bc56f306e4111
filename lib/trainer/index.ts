/** What `sluice/trainer` is: unigram models trained on texts. */
export type { ModelOptions } from './options.ts'
export type { TrainProgress, TrainStats } from './train.ts'
export { type TrainRun, type TrainedTokenizer, UnigramTrainer, trainUnigram } from './train-unigram.ts'
