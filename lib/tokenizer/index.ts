/** The module `sluice/tokenizer`: encodes and decodes with tokenizers, and measures how they cover texts. */
export { IdBuffer } from '../sentencepiece/id-buffer.ts'
export {
  type Coverage, type CoverageComparison, type CoverageCounts, type CoverageDifference, type CoverageTolerances,
  compareCoverage, measureCoverage
} from './coverage.ts'
export type { Decoder, Decoding } from './decoder.ts'
export type { TokenizerFormat } from './files.ts'
export {
  type Encoder, type SentencePieceVersion, type SharedTokenizer, type Tokenizer, type TokenizerOptions,
  loadDecoder, loadTokenizer
} from './tokenizer.ts'
