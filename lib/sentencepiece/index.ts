/** What `sluice/sentencepiece` is: SentencePiece's models, normalization and rules, without a tokenizer around them. */
export { Decoder } from './decode.ts'
export {
  type ModelType, type NormalizerSpec, type Piece, type PieceType, type SentencePieceModel, type TrainerSpec, readModel
} from './model.ts'
export { Normalizer } from './normalizer.ts'
export { RULE_NAMES, type RuleName } from './rule-names.ts'
export { charsmapOf } from './rules.ts'
export { type TrainerFields, type WrittenModel, modelBytes } from './write-model.ts'
