/** The module `sluice/tokenizer`: encodes and decodes with SentencePiece models, and measures how they cover texts. */
export { Decoder } from '../sentencepiece/decode.ts'
export { IdBuffer } from '../sentencepiece/id-buffer.ts'
export type { SentencePieceVersion } from '../sentencepiece/lexicon.ts'
export {
  type Coverage, type CoverageComparison, type CoverageCounts, type CoverageDifference, type CoverageTolerances,
  compareCoverage, measureCoverage
} from './coverage.ts'
export { type Encoder, type Tokenizer, type TokenizerOptions, loadDecoder, loadTokenizer } from './tokenizer.ts'
