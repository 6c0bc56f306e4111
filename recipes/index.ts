export type { Document, Sequence, Tokens } from '../lib/document.ts'
export { type ErrorCode, SluiceError, errorCodes } from '../lib/errors.ts'
export type { Component, Filter, Manifest } from './manifest/schema.ts'

export type { MaxBad } from '../lib/records/bad-records.ts'
export type { SourcePosition } from '../lib/records/positions.ts'

export type { RecordFault } from '../lib/records/record.ts'
export type { SourceInput } from '../lib/records/source.ts'

export type { BadRecord, SourceOptions, SourceStats } from '../lib/records/source-options.ts'
export type { Duplicates } from '../lib/verify/duplicates.ts'

export type { ShardInfo } from '../lib/shards/writer.ts'
export { type ShardSet, openShards } from '../lib/shards/reader.ts'
export { type ShardStatistics, shardStatistics } from '../lib/shards/statistics.ts'
export { type ShardDocumentOptions, type ShardRow, type ShardRowOptions, type ShardTextOptions, shardDocuments, shardRows } from '../lib/shards/text.ts'
export { type Push, Stage, type StageOptions, type StageStats, type Work } from '../lib/stage/stage.ts'
export type { VerifyCheck } from '../lib/verify/shard.ts'

export type { Finding } from '../lib/verify/shards.ts'
export type { Decoder } from '../lib/sentencepiece/decode.ts'

export { IdBuffer } from '../lib/sentencepiece/id-buffer.ts'
export { type Coverage, type CoverageComparison, type CoverageCounts, type CoverageDifference, type CoverageTolerances, compareCoverage, measureCoverage } from '../lib/tokenizer/coverage.ts'
export type { ModelOptions } from '../lib/trainer/options.ts'

export type { TrainProgress, TrainStats } from '../lib/trainer/train.ts'
export { type TrainRun, type TrainedTokenizer, UnigramTrainer, trainUnigram } from '../lib/trainer/train-unigram.ts'
export { type Encoder, type Tokenizer, type TokenizerOptions, loadDecoder, loadTokenizer } from '../lib/tokenizer/tokenizer.ts'

export { type LicenseTerms, type Obligation, type Redistributable, strictestOf, termsOf } from '../lib/licenses/terms.ts'
export type { ResolvedDataset } from '../lib/hub/resolve.ts'

export type { ByteRanges } from '../lib/bytes.ts'
export { openRanges } from '../lib/input/ranges.ts'
export { type ArrowOptions, arrow } from '../sources/arrow.ts'
export { type CsvOptions, csv } from '../sources/csv.ts'
export { type HfOptions, hf } from '../sources/hf.ts'
export { type NdjsonOptions, ndjson } from '../sources/ndjson.ts'
export { type ParquetOptions, parquet } from '../sources/parquet.ts'
export { type TextOptions, text } from '../sources/text.ts'

export { type DedupOptions, type DedupState, dedup } from '../transforms/dedup.ts'
export { type EncodeOptions, encode } from '../transforms/encode.ts'
export { type LanguageOptions, language } from '../transforms/language.ts'
export { type LengthOptions, length } from '../transforms/length.ts'
export { type NormalizeOptions, normalize } from '../transforms/normalize.ts'
export { type PackOptions, type PackStage, type PackState, type PackStats, pack } from '../transforms/pack.ts'

export { type NdjsonSinkOptions, ndjsonSink } from '../sinks/ndjson.ts'
export { type NpySinkOptions, type NpySinkStats, npySink } from '../sinks/npy.ts'
export { type TextSinkOptions, textSink } from '../sinks/text.ts'

export { type Forecast, ForecastError, checkManifest } from './check.ts'
export type { ComponentForecast } from './forecast/forecast.ts'

export { CoverageError, type CoverageReport, checkCoverage } from './check-coverage.ts'
export { type TokenizerRecord, checkTokenizer } from './check-tokenizer.ts'
export type { ComponentStats } from './components/component-stats.ts'

export { type FilterCorpusStats, filterCorpus } from './filter-corpus.ts'
export type { DocumentCounts, StageCounts } from './flow/counts.ts'

export type { Flow, RunOptions, WatchedWork } from './flow/flow.ts'
export type { Inventory } from './inventory/inventory.ts'

export { type InspectReport, inspect } from './inspect.ts'
export type { LicenseFinding, LicenseOf, LicenseRow } from './components/licenses.ts'

export { LicenseError, type LicensesReport, type LicensesRun, licenses } from './licenses.ts'
export type { CardLicense } from './provenance/card.ts'

export type { MixtureRun } from './mixture/mixture.ts'
export type { MixtureResult, MixtureStats } from './mixture/stats.ts'

export { MixtureError, processMixture } from './process-mixture.ts'
export type { Provenance, ProvenanceFile } from './provenance/schema.ts'

export { type WrittenProvenance, writeProvenance } from './provenance/write.ts'
export { quickstart } from './quickstart.ts'
export { type FinishedRun, runName, sourcesOf, writeRunRecord } from './history/write.ts'
export type { NumberDifference, RunDifference } from './history/compare.ts'

export { type RunRecord, type RunSource, hashOf, readRun } from './history/read.ts'
export { type RunSummary, type RunsResult, type ShardTrace, runs } from './runs.ts'
export { RunError, type RunReport, run } from './run.ts'
export type { RunStep, StepOutcome } from './mixture/steps.ts'

export { type PullStats, shardCorpus } from './shard-corpus.ts'
export { Threads, type ThreadsOptions } from './flow/workers/threads.ts'
export { trainTokenizer } from './train-tokenizer.ts'
export type { SampleStats, TrainedStats } from './components/training.ts'

export { VerifyError, verify } from './verify.ts'
