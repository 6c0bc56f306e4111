import { z } from 'zod'
import type { FilterModel } from '../../lib/fasttext/model-use.ts'
import { count, fileNames, path, positive, rejectsPath } from '../../lib/options.ts'
import { dtypes } from '../../lib/shards/npy.ts'
import type { StageModule } from '../../lib/stage/module.ts'
import { isName } from '../../lib/text/shown.ts'
import { tokenizerTraining } from '../../lib/trainer/options.ts'

const NO_CONTROLS = 'expected a name without control characters and line breaks'

const nullable = <T extends z.ZodType>(type: T): z.ZodDefault<z.ZodNullable<T>> => type.nullable().default(null)
const outputPath = path.refine(isName, NO_CONTROLS)

/** The share of documents that a filter, or all filters together, are expected to keep. */
export const expectSchema = z.strictObject({ kept: z.number().min(0).max(1) })

export type Expectation = z.output<typeof expectSchema>

/** The name of a filter that is a custom stage. */
export const USE = 'use'

/** A filter of a component: a stage, its options, and the share that it is expected to keep. */
export interface Filter {
  /** `use` for a custom stage. */
  readonly stage: string
  /** In camel case; those of a custom stage as they are written. */
  readonly options: Readonly<Record<string, unknown>>
  /** The loaded module of a custom stage. */
  readonly module?: StageModule | undefined
  /** The model that the stage reads, where it reads one. */
  readonly model?: FilterModel | undefined
  readonly expect?: Expectation | undefined
}

export const componentSchema = z.strictObject({
  name: z.string().regex(/^(?!\.{1,2}$)[^/\\\0]+$/, 'expected a name without slashes').refine(isName, NO_CONTROLS),
  dataset: z.string().min(1),
  subset: nullable(z.string()),
  split: z.string().min(1).default('train'),
  revision: z.string().min(1).default('main'),
  textColumn: z.string().min(1).default('text'),
  dataFiles: nullable(fileNames),
  license: nullable(z.string()),
  sampleLimit: count.default(100_000),
  filters: z.array(z.unknown()).default([]),
  expect: nullable(expectSchema),
  rejects: nullable(rejectsPath.refine(isName, NO_CONTROLS)),
  seqLen: positive.default(2048),
  sequencesPerShard: positive.default(1024),
  dtype: z.enum(dtypes).default('int32'),
  outputDir: nullable(outputPath),
  rawDir: nullable(outputPath),
  filteredDir: nullable(outputPath),
  eosId: z.int().min(-1).default(-1),
  maxRecords: nullable(positive)
})

export const tokenizerSchema = z.strictObject({
  vocabSize: positive.default(32_000),
  modelType: z.enum(['unigram', 'bpe', 'word', 'char']).default('unigram'),
  sha256: nullable(z.string().regex(/^[0-9a-fA-F]{64}$/, 'expected a SHA-256, 64 hexadecimal digits')),
  ...tokenizerTraining
})

export const manifestSchema = z.strictObject({
  name: nullable(z.string().min(1).refine(isName, NO_CONTROLS)),
  tokenizerOutputDir: nullable(outputPath),
  tokenizer: z.unknown().optional(),
  stats: nullable(outputPath),
  datasets: z.array(z.unknown()).min(1)
})

/** One dataset of a mixture: what is read, the filters, and where and how its shards are written. */
export interface Component extends Omit<z.output<typeof componentSchema>, 'filters' | 'outputDir' | 'dataFiles'> {
  readonly dataFiles: string | readonly string[]
  /** Options that only sources of this kind have, such as the delimiter of CSV. */
  readonly sourceOptions: Readonly<Record<string, unknown>>
  readonly filters: readonly Filter[]
  readonly outputDir: string
}

/** A mixture manifest, checked and with defaults filled in; its keys are in camel case. */
export interface Manifest {
  readonly path: string
  /** The text of the file. */
  readonly text: string
  /** Of the file. */
  readonly sha256: string
  readonly name: string | null
  readonly tokenizer: z.output<typeof tokenizerSchema>
  /** The folder that `train-tokenizer` writes to; null where the manifest names none. */
  readonly tokenizerOutputDir: string | null
  /** Where `train-tokenizer` puts the model; null where the manifest names no `tokenizer_output_dir`. */
  readonly tokenizerPath: string | null
  /** The path of the stats file; null where the manifest names none. */
  readonly stats: string | null
  readonly datasets: readonly Component[]
}
