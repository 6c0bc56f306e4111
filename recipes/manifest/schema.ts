import { z } from 'zod'
import type { FilterModel } from '../../lib/fasttext/model-use.ts'
import { count, fileNames, path, positive, rejectsPath } from '../../lib/options.ts'
import { packingOptions } from '../../lib/packing/packing.ts'
import { shardFileOptions } from '../../lib/shards/formats/options.ts'
import type { StageModule } from '../../lib/stage/module.ts'
import { isName } from '../../lib/text/shown.ts'
import { TOKENIZER_FILES } from '../../lib/tokenizer/files.ts'
import { loadOptions } from '../../lib/tokenizer/options.ts'
import { tokenizerTraining } from '../../lib/trainer/options.ts'
import { boundaryOptions } from '../../transforms/encode.ts'
import { type MixSettings, bytes } from './mix-schema.ts'

const NO_CONTROLS = 'expected a name without control characters and line breaks'

const nullable = <T extends z.ZodType>(type: T): z.ZodDefault<z.ZodNullable<T>> => type.nullable().default(null)
const outputPath = path.refine(isName, NO_CONTROLS)

/** The share of documents that a filter, or all filters together, are expected to keep. */
export const expectSchema = z.strictObject({
  kept: z.number().min(0).max(1)
    .describe('share that is expected to be kept; the run fails if it is off by more than a factor of 5')
})

export type Expectation = z.output<typeof expectSchema>

/** The name of a filter that is a custom stage. */
export const USE = 'use'

/** A filter of a component: a stage, its options, and the share that it is expected to keep. */
export interface Filter {
  /** `use` for a custom stage. */
  readonly stage: string
  /** Options in camel case; those of a custom stage unchanged. */
  readonly options: Readonly<Record<string, unknown>>
  /** The loaded module of a custom stage. */
  readonly module?: StageModule | undefined
  /** The model that the stage reads, if any. */
  readonly model?: FilterModel | undefined
  readonly expect?: Expectation | undefined
}

/** The source, filters and outputs of one component. */
export const componentSchema = z.strictObject({
  name: z.string().regex(/^(?!\.{1,2}$)[^/\\\0]+$/, 'expected a name without slashes').refine(isName, NO_CONTROLS)
    .describe('name of the component in messages, stats and default paths; must be unique'),
  dataset: z.string().min(1)
    .describe('format of the files: json, csv, text, parquet or arrow; or OWNER/NAME of a dataset on the Hub'),
  subset: nullable(z.string()).describe('subset of the dataset on the Hub; for local files only noted in the stats'),
  split: z.string().min(1).default('train')
    .describe('split of the dataset on the Hub; for local files only noted in the stats'),
  revision: z.string().min(1).default('main').describe('branch, tag or commit of the dataset on the Hub'),
  textColumn: z.string().min(1).default('text')
    .describe('field or column that holds the text, or the path to it: data.text, messages[].content'),
  dataFiles: nullable(fileNames)
    .describe('paths or globs of the files, plain, .gz or .zst; on the Hub, instead of the files that its card lists'),
  license: nullable(z.string()).describe('licence of the data, noted in the stats'),
  sampleLimit: count.default(100_000)
    .describe('documents that the tokenizer is trained on, counted after the filters; 0 = all'),
  filters: z.array(z.unknown()).default([]).describe('stages that the documents pass, in this order'),
  expect: nullable(expectSchema).describe('share of the documents that all filters together are expected to keep'),
  rejects: nullable(rejectsPath.refine(isName, NO_CONTROLS))
    .describe('separate NDJSON file for dropped documents and bad records, with reason and position'),
  seqLen: positive.max(2 ** 24).default(2048).describe('token ids in a sequence, which is a row of a shard'),
  sequencesPerShard: positive.default(1024).describe('rows of a shard; the last one may have fewer'),
  ...shardFileOptions,
  dtype: nullable(shardFileOptions.dtype.unwrap()).describe(shardFileOptions.dtype.description!),
  ...packingOptions,
  outputDir: nullable(outputPath).describe('folder for the shards (default: data/shards/NAME)'),
  rawDir: nullable(outputPath).describe('folder for a copy of the documents before the filters, with its provenance'),
  filteredDir: nullable(outputPath).describe('folder for a copy of the documents after the filters'),
  ...boundaryOptions,
  eos: nullable(boundaryOptions.eos.unwrap()).describe(boundaryOptions.eos.description!),
  maxRecords: nullable(positive).describe('maximum number of documents to shard, counted after the filters')
})

export const tokenizerSchema = z.strictObject({
  path: nullable(path).describe(`${TOKENIZER_FILES} to use, in place of training one`),
  ...loadOptions,
  vocabSize: positive.default(32_000).describe('pieces of the vocabulary'),
  modelType: z.enum(['unigram', 'bpe', 'word', 'char']).default('unigram')
    .describe('kind of model; only unigram models can be trained, the others come from elsewhere'),
  sha256: nullable(z.string().regex(/^[0-9a-fA-F]{64}$/, 'expected a SHA-256, 64 hexadecimal digits'))
    .describe('SHA-256 that the model file must have'),
  ...tokenizerTraining
})

const SCOPE_HELP = 'where each text is kept once, the first one in the order of the input: in each component, or in ' +
  'the mixture, whose components are in the order of the manifest'

/** How documents are compared with all earlier ones. */
export const dedupSchema = z.strictObject({
  scope: z.enum(['component', 'mixture']).default('component').describe(SCOPE_HELP),
  memory: bytes.refine(size => size >= 2 ** 20, 'expected at least 1MiB').prefault(512e6)
    .describe('memory for hashes of texts; those that exceed it are on disk: 512MB')
})

/** The checked key `dedup` of a manifest. */
export type DedupSettings = z.output<typeof dedupSchema>

export const manifestSchema = z.strictObject({
  name: nullable(z.string().min(1).refine(isName, NO_CONTROLS)).describe('name of the mixture in run records'),
  tokenizerOutputDir: nullable(outputPath).describe('folder for the trained tokenizer'),
  tokenizer: z.unknown().optional().describe('how the tokenizer is trained'),
  stats: nullable(outputPath)
    .describe('JSON file for the stats of a run (default: data/mixtures/mixture_stats.json)'),
  datasets: z.array(z.unknown()).min(1).describe('the components of the mixture'),
  dedup: z.unknown().optional().describe('drops documents with the same text as any earlier one, after all filters'),
  mixture: z.unknown().optional().describe('the training set that mix makes of the shards')
})

/** One dataset of a mixture: what is read, the filters, and where and how its shards are written. */
export interface Component extends Omit<z.output<typeof componentSchema>, 'filters' | 'outputDir' | 'dataFiles'> {
  readonly dataFiles: string | readonly string[]
  /** Options that only sources of this kind have, such as the delimiter of CSV. */
  readonly sourceOptions: Readonly<Record<string, unknown>>
  readonly filters: readonly Filter[]
  /** How documents that pass the filters are compared with all earlier ones; null if they are not. */
  readonly dedup: DedupSettings | null
  readonly outputDir: string
}

/** A mixture manifest, checked and with defaults filled in; its keys are in camel case. */
export interface Manifest {
  readonly path: string
  /** The text of the file. */
  readonly text: string
  /** The SHA-256 of the file. */
  readonly sha256: string
  readonly name: string | null
  readonly tokenizer: z.output<typeof tokenizerSchema>
  /** The folder that `train-tokenizer` writes to; null if the manifest names none. */
  readonly tokenizerOutputDir: string | null
  /** The tokenizer's file: the one that is named, or where `train-tokenizer` puts the model; null for neither. */
  readonly tokenizerPath: string | null
  /** The path of the stats file; null if the manifest names none. */
  readonly stats: string | null
  readonly datasets: readonly Component[]
  /** The training set that is made of the components' shards; null if none is. */
  readonly mixture: MixSettings | null
}
