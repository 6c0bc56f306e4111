// Documents, errors
export type { Document, Sequence, Tokens } from '../lib/document.ts'
export { type ErrorCode, PartialError, SluiceError, errorCodes } from '../lib/errors.ts'

// Sources, and what they read
export type { ByteRanges, FileNames } from '../lib/bytes.ts'
export { openRanges } from '../lib/input/ranges.ts'
export type { BadRecord, MaxBad } from '../lib/records/bad-records.ts'
export type { SourcePosition } from '../lib/records/positions.ts'
export type { RecordFault } from '../lib/records/record.ts'
export type { RecordSource, SourceInput } from '../lib/records/source.ts'
export type { SourceOptions, SourceState, SourceStats } from '../lib/records/source-options.ts'
export type { RemoteFile } from '../lib/hub/hub.ts'
export type { ResolvedDataset } from '../lib/hub/resolve.ts'
export type { HubOptions } from '../lib/hub/settings.ts'
export { type ArrowOptions, arrow } from '../sources/arrow.ts'
export { type CsvOptions, csv } from '../sources/csv.ts'
export { type HfOptions, hf } from '../sources/hf.ts'
export { type NdjsonOptions, ndjson } from '../sources/ndjson.ts'
export { type ParquetOptions, parquet } from '../sources/parquet.ts'
export { type TextOptions, text as textLines } from '../sources/text.ts'

// Transforms
export {
  type Push, Stage, type StageOptions, type StageStats, type StreamOptions, type Work
} from '../lib/stage/stage.ts'
export type { TypedIterator } from '../lib/stage/typed-streams.ts'
export type { Detected, LanguageDetector } from '../lib/language/detector.ts'
export { type ClassifyOptions, classify } from '../transforms/classify.ts'
export { type DedupOptions, type DedupState, dedup } from '../transforms/dedup.ts'
export { type EncodeOptions, encode } from '../transforms/encode.ts'
export { type LanguageOptions, language } from '../transforms/language.ts'
export { type LengthOptions, length } from '../transforms/length.ts'
export { type NormalizeOptions, normalize } from '../transforms/normalize.ts'
export { type PackOptions, type PackStage, type PackState, type PackStats, pack } from '../transforms/pack.ts'

// Sinks
export type { LineSink, LineSinkOptions, LineSinkState } from '../lib/output/line-sink.ts'
export type { FolderSink, FolderSinkState, FolderSinkStats } from '../lib/shards/formats/folder-sink.ts'
export { type FlatItem, type FlatSink, type FlatSinkOptions, flatSink } from '../sinks/flat.ts'
export { type NdjsonSinkOptions, ndjsonSink } from '../sinks/ndjson.ts'
export { type NpySink, type NpySinkOptions, type NpySinkState, type NpySinkStats, npySink } from '../sinks/npy.ts'
export {
  type ParquetSink, type ParquetSinkOptions, type ParquetSinkState, parquetSink
} from '../sinks/parquet.ts'
export { type RowSink, type RowSinkOptions, rowSink } from '../sinks/rows.ts'
export { type TextSinkOptions, textSink } from '../sinks/text.ts'

// Shards
export { type ShardFile, type ShardSet, openShards } from '../lib/shards/reader.ts'
export { type LengthBucket, type ShardStatistics, type Spread, shardStatistics } from '../lib/shards/statistics.ts'
export {
  type ShardDocumentOptions, type ShardRow, type ShardRowOptions, type ShardTextOptions, shardDocuments, shardRows
} from '../lib/shards/text.ts'
export type { FileInfo, FormatName, FormatShard } from '../lib/shards/formats/format.ts'
export type { ShardInfo } from '../lib/shards/writer.ts'
export type { Duplicates } from '../lib/verify/duplicates.ts'
export type { VerifyCheck } from '../lib/verify/shard-task.ts'
export type { Finding as VerifyFinding } from '../lib/verify/shards.ts'

// Tokenizers
export type { Decoder } from '../lib/tokenizer/decoder.ts'
export { IdBuffer } from '../lib/sentencepiece/id-buffer.ts'
export type { SentencePieceVersion } from '../lib/sentencepiece/lexicon.ts'
export type { Piece, SentencePieceModel } from '../lib/sentencepiece/model.ts'
export {
  type ComparedCoverage, type Coverage, type CoverageComparison, type CoverageCounts, type CoverageDifference,
  type CoverageTokenizer, type CoverageTolerances, compareCoverage, measureCoverage
} from '../lib/tokenizer/coverage.ts'
export {
  type Encoder, type Tokenizer, type TokenizerOptions, loadDecoder, loadTokenizer
} from '../lib/tokenizer/tokenizer.ts'
export type { ModelOptions } from '../lib/trainer/options.ts'
export type { TrainProgress, TrainStats } from '../lib/trainer/train.ts'
export { type TrainRun, type TrainedTokenizer, UnigramTrainer, trainUnigram } from '../lib/trainer/train-unigram.ts'

// Licences
export {
  type LicenseTerms, type Obligation, type Redistributable, strictestOf as strictestTerms, termsOf as licenseTerms
} from '../lib/licenses/terms.ts'
export type { LicenseFinding, LicenseOf, LicenseRow } from './components/licenses.ts'
export { LicenseError, type LicensesReport, type LicensesRun, licenses as reportLicenses } from './licenses.ts'

// Recipes: one corpus
export { type FilterCorpusStats, filterCorpus } from './filter-corpus.ts'
export { type ExportStats, exportShards } from './export/export.ts'
export { type PullStats, shardCorpus } from './shard-corpus.ts'
export { CoverageError, type CoverageReport, checkCoverage } from './check-coverage.ts'
export { type TokenizerRecord, checkTokenizer } from './check-tokenizer.ts'
export type { SampleStats } from './components/training-sample.ts'
export type { TrainedStats } from './components/training.ts'
export { trainTokenizer } from './train-tokenizer.ts'
export { type InspectReport, inspect as inspectShards } from './inspect.ts'

// Recipes: a manifest
export type { Component, Filter, Manifest } from './manifest/schema.ts'
export type { Estimate } from '../lib/sampling/estimate.ts'
export { type Forecast, ForecastError, checkManifest } from './check.ts'
export type { ComponentForecast } from './forecast/forecast.ts'
export type { MixtureForecast } from './forecast/mixture.ts'
export type { ComponentStats } from './components/component-stats.ts'
export type { DocumentCounts, StageCounts } from './flow/counts.ts'
export type { Flow, RunOptions, WatchedWork } from './flow/flow.ts'
export { Threads, type ThreadsOptions } from './flow/workers/threads.ts'
export { type ExportedConfig, exportConfig } from './export/config.ts'
export { mix } from './mixture/mix/mix.ts'
export type { MixStats, MixedSource } from './mixture/mix/stats.ts'
export type { MixtureRun } from './mixture/mixture.ts'
export { RunError, type RunReport } from './mixture/run-mixture.ts'
export type { MixtureResult, MixtureStats } from './mixture/stats.ts'
export type { RunStep, StepOutcome } from './mixture/steps.ts'
export { type PlanReport, type PlannedRow, plan as planTasks } from './mixture/tasks/plan.ts'
export { type PhaseStatus, type PlanStatus, status as planStatus } from './mixture/tasks/status.ts'
export { type TaskReport, task as runTask } from './mixture/tasks/task.ts'
export { MixtureError, processMixture } from './process-mixture.ts'
export { run as runManifest } from './run.ts'
export type { VersionReport } from './versions/report.ts'
export type { Inventory } from './inventory/inventory.ts'
export { VerifyError, verify as verifyShards } from './verify.ts'
export { type InitReport, init as initManifest } from './start/init.ts'
export { quickstart } from './start/quickstart.ts'

// Where shards come from
export type { CardLicense } from './provenance/card.ts'
export type { Provenance, ProvenanceFile } from './provenance/schema.ts'
export { type WrittenProvenance, writeProvenance } from './provenance/write.ts'
export type { NumberDifference, RunDifference } from './history/compare.ts'
export {
  type RunRecord, type RunSource, type StoredRun, readRun as readRunRecord, runHash
} from './history/read.ts'
export { type FinishedRun, runName, sourcesOf as runSources, writeRunRecord } from './history/write.ts'
export type { RunDetails, RunSummary } from './history/summary.ts'
export type { RecordedSet } from './history/training-set.ts'
export { type RunsResult, type ShardMaker, type ShardTrace, runs as runHistory } from './runs.ts'

// Names of 0.2, deprecated
export {
  /** @deprecated Use `textLines`. */
  text
} from '../sources/text.ts'
export {
  /** @deprecated Use `VerifyFinding`. */
  type Finding
} from '../lib/verify/shards.ts'
export {
  /** @deprecated Use `strictestTerms`. */
  strictestOf,
  /** @deprecated Use `licenseTerms`. */
  termsOf
} from '../lib/licenses/terms.ts'
export {
  /** @deprecated Use `reportLicenses`. */
  licenses
} from './licenses.ts'
export {
  /** @deprecated Use `inspectShards`. */
  inspect
} from './inspect.ts'
export {
  /** @deprecated Use `runManifest`. */
  run
} from './run.ts'
export {
  /** @deprecated Use `verifyShards`. */
  verify
} from './verify.ts'
export {
  /** @deprecated Use `runHash`. */
  runHash as hashOf,
  /** @deprecated Use `readRunRecord`. */
  readRun
} from './history/read.ts'
export {
  /** @deprecated Use `runSources`. */
  sourcesOf
} from './history/write.ts'
export {
  /** @deprecated Use `runHistory`. */
  runs
} from './runs.ts'
