/** The module `sluice/sentencepiece`: reads and writes SentencePiece models, decodes ids and normalizes text. */
export { Decoder } from './decode.ts'
export {
  type ModelType, type NormalizerSpec, type Piece, type PieceType, type SentencePieceModel, type TrainerSpec, readModel
} from './model.ts'
export { Normalizer } from './normalizer.ts'
export { RULE_NAMES, type RuleName } from './rule-names.ts'
export { charsmapOf } from './rules.ts'
export { type TrainerFields, type WrittenModel, modelBytes } from './write-model.ts'
