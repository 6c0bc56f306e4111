import type { Transform } from 'node:stream'
import type { z } from 'zod'
import type { Document } from '../lib/document.ts'
import { SluiceError } from '../lib/errors.ts'
import { type ModelUse, findModel } from '../lib/fasttext/model-use.ts'
import type { KnownModel } from '../lib/fasttext/model.ts'
import { isHubName } from '../lib/hub/address.ts'
import { type OptionsSchema, parseOptions, renameKeys, snakeCase, withDefaults } from '../lib/options.ts'
import type { SourceOptions } from '../lib/records/source-options.ts'
import type { RecordSource, SourceInput } from '../lib/records/source.ts'
import { type Keyed, type StageOptions, type Work, Stage } from '../lib/stage/stage.ts'
import type { Follows } from '../lib/stage/strict-work.ts'
import { arrowOptions, arrowSource } from '../sources/arrow.ts'
import { csvOptions, csvSource } from '../sources/csv.ts'
import { ndjsonOptions, ndjsonSource } from '../sources/ndjson.ts'
import { countRows, parquetOptions, parquetSource } from '../sources/parquet.ts'
import { textOptions, textSource } from '../sources/text.ts'
import { classifyModel, classifyOptions, classifyWork } from '../transforms/classify.ts'
import { dedupHashed, dedupOptions, dedupWork } from '../transforms/dedup.ts'
import { encodeOptions, encodeWork } from '../transforms/encode.ts'
import { languageModel, languageOptions, languageWork } from '../transforms/language.ts'
import { lengthOptions, lengthWork } from '../transforms/length.ts'
import { normalizeOptions, normalizeWork } from '../transforms/normalize.ts'
import { packOptions, packTokens } from '../transforms/pack.ts'
import type { KnownStages } from './manifest/check.ts'
import type { FoundComponent } from './manifest/found.ts'
import type { Component, Filter } from './manifest/schema.ts'

/** A transform of any input and output. */
export type AnyStage = Transform & Pick<Stage<never, never, unknown>, 'stageName' | 'stats' | 'save' | 'restore'>

/** The part of a filter, without the stream, that depends only on the document. */
export type FilterWork = Pick<Work<Document, Document>, 'open' | 'take' | 'key' | 'close'>

/** A row of the table of transforms: the options, and a function that makes a stage from checked options. */
export interface TransformEntry<S extends OptionsSchema = OptionsSchema> {
  readonly options: S
  make (options: z.output<S>, shared?: StageOptions<Document>): AnyStage
}

/** A row of the table of filters. */
export interface FilterEntry<S extends OptionsSchema = OptionsSchema> extends TransformEntry<S> {
  /** @param known the model, if the filter reads one */
  work (options: z.output<S>, known?: KnownModel): Work<Document, Document, unknown>
  /** Only for a filter that reads a fastText model. */
  readonly model?: ModelUse
  /** Only for a filter that compares documents: makes a stage for items whose keys are known already. */
  keyed? <Item, Out>(options: z.output<S>, shared: StageOptions<Item>, keyed: Keyed<Item, Out>): AnyStage
}

/** A row of the table of sources: the options, and how a source is made from checked options. */
export interface SourceEntry<S extends OptionsSchema = OptionsSchema> {
  readonly options: S
  make (input: SourceInput, options: z.output<S>, shared?: SourceOptions): RecordSource
  /** The number of records in a file, for formats that store it. Positions in their files count records, not bytes. */
  readonly countRecords?: (path: string) => Promise<number>
}

/** The sources by their names in a manifest. Any other `dataset` is one on the Hub. */
export const sources: Readonly<Record<string, SourceEntry>> = {
  json: source(ndjsonOptions, ndjsonSource),
  csv: source(csvOptions, csvSource),
  text: source(textOptions, textSource),
  parquet: { ...source(parquetOptions, parquetSource), countRecords: countRows },
  arrow: source(arrowOptions, arrowSource)
}

/** Options that recipes pass to every source. Text files have no columns, so `textColumn` is ignored for them. */
const COMMON_OPTIONS = { textColumn: true, maxLineBytes: true, maxBad: true } as const

/** The options that only some sources have, by the sources' names: keys of a component, and flags. */
const ownOptions = {
  json: ndjsonOptions.omit(COMMON_OPTIONS),
  csv: csvOptions.omit(COMMON_OPTIONS),
  text: textOptions.omit({ maxLineBytes: true, maxBad: true }),
  parquet: parquetOptions.omit(COMMON_OPTIONS),
  arrow: arrowOptions.omit(COMMON_OPTIONS)
}

/** The options of `ownOptions`, of all sources together. */
export const anySourceOptions = {
  ...ownOptions.json.shape,
  ...ownOptions.csv.shape,
  ...ownOptions.text.shape,
  ...ownOptions.parquet.shape,
  ...ownOptions.arrow.shape
}

/** Options that a schema has checked; an absent one has its default. */
type Checked<S extends OptionsSchema> = { readonly [Key in keyof z.output<S>]?: z.output<S>[Key] | undefined }

/** Checked options that only some sources have. */
type OwnSourceOptions = Checked<z.ZodObject<typeof anySourceOptions>>

type CommonSourceOptions = Checked<z.ZodObject<Pick<typeof ndjsonOptions.shape, keyof typeof COMMON_OPTIONS>>>

/** Checked options of any source. */
export type CheckedSourceOptions = OwnSourceOptions & CommonSourceOptions

/** The source for a `dataset`. @throws SluiceError `ERR_OPTION` for an option that only other sources have */
export function makeSource (
  dataset: string, input: SourceInput, options: CheckedSourceOptions, shared: SourceOptions = {}
): RecordSource {
  const source = sources[dataset]!
  const { shape } = source.options
  const isForeign = (key: string): boolean => !Object.hasOwn(shape, key) && !Object.hasOwn(COMMON_OPTIONS, key)
  const [foreign] = definedOf(options).find(([key]) => isForeign(key)) ?? []
  if (foreign !== undefined) {
    const others = Object.keys(sources).filter(name => Object.hasOwn(sources[name]!.options.shape, foreign)).join(', ')
    throw new SluiceError('ERR_OPTION', `${foreign}: dataset ${dataset} takes none (it is for ${others})`)
  }
  return source.make(input, withDefaults(shape, options), shared)
}

/** The stages that take and return documents: those that `filters` may name in a manifest. */
export const filters: Readonly<Record<string, FilterEntry>> = {
  normalize: filter(normalizeOptions, normalizeWork),
  length: filter(lengthOptions, lengthWork),
  language: { ...filter(languageOptions, languageWork), model: languageModel },
  classify: { ...filter(classifyOptions, classifyWork), model: classifyModel },
  dedup: { ...filter(dedupOptions, dedupWork), keyed: dedupHashed }
}

/** The name of a filter in stats and rejects. */
export function filterName ({ stage, module }: Filter): string {
  return module?.stageName ?? stage
}

/**
 * The stage of a filter.
 *
 * @param shared options that every stage has
 * @param follows called with a document and the one that the stage made of it, if that has another `meta`
 */
export function makeFilter (filter: Filter, shared: StageOptions<Document> = {}, follows?: Follows): AnyStage {
  const { stage, options, module, model } = filter
  if (module !== undefined) return new Stage(module.work(follows), shared)
  const work = filters[stage]!.work(options, model && { sha256: model.sha256 })
  return new Stage(follows === undefined || model === undefined ? work : followed(work, follows), shared)
}

/** A work that calls `follows` when it makes a document with another `meta`. */
function followed (work: Work<Document, Document, unknown>, follows: Follows): Work<Document, Document, unknown> {
  return {
    ...work,
    take: (document, push) => work.take(document, next => {
      if (next.meta !== document.meta) follows(document, next)
      push(next)
    })
  }
}

/** The work of a filter, without the stream. @param known its model, if it is loaded already */
export function filterWork ({ stage, options, module }: Filter, known?: KnownModel): FilterWork {
  return module?.work() ?? filters[stage]!.work(options, known)
}

/**
 * Adds the model that a filter reads, for filters that don't come from a manifest.
 *
 * @throws SluiceError `ERR_OPTION` when none is named, `ERR_MODEL` when it can't be read
 */
export async function withModel (filter: Filter): Promise<Filter> {
  const path = filters[filter.stage]!.model?.path(filter.options) ?? null
  return path === null ? filter : { ...filter, model: await findModel(path) }
}

/** All transforms. Each is also a command of the same name. */
export const transforms: Readonly<Record<string, TransformEntry>> = {
  ...filters,
  encode: transform(encodeOptions, options => new Stage(encodeWork(options))),
  pack: transform(packOptions, options => packTokens(options))
}

/** The stages that a manifest may name, in the form that the check of manifests takes. */
export const knownStages: KnownStages = {
  filters: Object.fromEntries(Object.entries(filters).map(([name, { options }]) => [name, options])),
  models: Object.fromEntries(Object.entries(filters).flatMap(([name, { model }]) => model ? [[name, model]] : [])),
  sources: ownOptions
}

/** The entries of options that are given. */
function definedOf (options: object): Array<[string, unknown]> {
  return Object.entries(options).filter(([, value]) => value !== undefined)
}

function source<S extends OptionsSchema> (options: S, make: SourceEntry<S>['make']): SourceEntry<S> {
  return { options, make }
}

function transform<S extends OptionsSchema> (options: S, make: TransformEntry<S>['make']): TransformEntry<S> {
  return { options, make }
}

function filter<S extends OptionsSchema, State> (
  options: S, work: (options: z.output<S>, known?: KnownModel) => Work<Document, Document, State>
): FilterEntry<S> {
  return { options, work, make: (given, shared) => new Stage(work(given), shared) }
}

/** Whether a component's dataset is one on the Hub. */
export function isOnHub ({ dataset }: Pick<Component, 'dataset'>): boolean {
  return !Object.hasOwn(sources, dataset)
}

/** Whether files of a component are on the Hub: those of its dataset, or some that are named as there. */
export function readsHub ({ dataset, dataFiles }: Pick<Component, 'dataset' | 'dataFiles'>): boolean {
  return isOnHub({ dataset }) || [dataFiles].flat().some(isHubName)
}

/** The key in `sources` of the source that reads a component. */
export function formatOf ({ dataset, hub }: Pick<FoundComponent, 'dataset' | 'hub'>): string {
  return hub?.format ?? dataset
}

/**
 * The parsed options that a component has for its source. The format of a dataset on the Hub is known only once its
 * files are found, so options that this format doesn't have are removed here.
 *
 * @throws SluiceError `ERR_OPTION` for an option of the dataset's card that the source can't read
 */
export function sourceOptionsOf (
  { sourceOptions, dataset, hub }: Pick<FoundComponent, 'sourceOptions' | 'dataset' | 'hub'>
): OwnSourceOptions {
  const checked: OwnSourceOptions = sourceOptions
  if (hub === null) return checked
  const schema = knownStages.sources[formatOf({ dataset, hub })]!
  const own = definedOf(checked).filter(([key]) => Object.hasOwn(schema.shape, key))
  const onCard = Object.entries(hub.options).filter(([key]) => !own.some(([other]) => other === key))
  return {
    ...parseOptions(`the card of ${dataset}`, schema, Object.fromEntries(onCard)),
    ...Object.fromEntries(own)
  }
}

/**
 * What was requested of a dataset on the Hub, and what was found, as part of a job's settings. The next run uses it to
 * read the same files.
 */
export function foundSettings (
  { subset, split, revision, hub }: Pick<FoundComponent, 'subset' | 'split' | 'revision' | 'hub'>
): { readonly hub?: unknown } {
  if (hub === null) return {}
  const { dataFiles, subset: foundSubset, split: foundSplit, ...found } = hub
  const asked = { subset, split, revision, data_files: dataFiles }
  return { hub: { asked, subset: foundSubset, split: foundSplit, ...renameKeys(found, snakeCase) } }
}
