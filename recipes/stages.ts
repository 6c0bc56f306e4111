import type { Transform } from 'node:stream'
import { z } from 'zod'
import type { Document } from '../lib/document.ts'
import { SluiceError } from '../lib/errors.ts'
import { type ModelUse, findModel } from '../lib/fasttext/model-use.ts'
import type { KnownModel } from '../lib/fasttext/model.ts'
import { isHubName } from '../lib/hub/address.ts'
import { type OptionsSchema, renameKeys, snakeCase } from '../lib/options.ts'
import type { SourceOptions } from '../lib/records/source-options.ts'
import type { RecordSource, SourceInput } from '../lib/records/source.ts'
import { type Keyed, type StageOptions, type Work, Stage } from '../lib/stage/stage.ts'
import type { Follows } from '../lib/stage/strict-work.ts'
import { arrow, arrowOptions } from '../sources/arrow.ts'
import { csv, csvOptions } from '../sources/csv.ts'
import { ndjson, ndjsonOptions } from '../sources/ndjson.ts'
import { countRows, parquet, parquetOptions } from '../sources/parquet.ts'
import { text, textOptions } from '../sources/text.ts'
import { classifyModel, classifyOptions, classifyWith } from '../transforms/classify.ts'
import { dedup, dedupHashed, dedupOptions } from '../transforms/dedup.ts'
import { encode, encodeOptions } from '../transforms/encode.ts'
import { languageModel, languageOptions, languageWith } from '../transforms/language.ts'
import { length, lengthOptions } from '../transforms/length.ts'
import { normalize, normalizeOptions } from '../transforms/normalize.ts'
import { pack, packOptions } from '../transforms/pack.ts'
import type { KnownStages } from './manifest/check.ts'
import type { FoundComponent } from './manifest/found.ts'
import type { Component, Filter } from './manifest/schema.ts'

/** A transform, whatever it takes and makes. */
export type AnyStage = Transform & Pick<Stage<never, never, never>, 'stageName' | 'stats'> & { readonly save: () => unknown, readonly restore: (state: never) => void }

/** A row of the table of transforms: how to make one, and what it can be told. */
export interface TransformEntry {
  readonly make: (options: Readonly<Record<string, unknown>>) => AnyStage
  readonly options: OptionsSchema
}

/** A row of the table of filters. */
export interface FilterEntry extends TransformEntry {
  /** @param known of the model, where the stage reads one */
  readonly make: (options: Readonly<Record<string, unknown>>, known?: KnownModel) => AnyStage
  /** What the stage does, without the stream. */
  readonly work: (options: Readonly<Record<string, unknown>>, known?: KnownModel) => FilterWork
  /** Of a stage that reads a fastText model. */
  readonly model?: ModelUse
  /** Of a stage that compares documents: the stage for items of which it is known already what is compared. */
  readonly keyed?: <Item, Out>(
    options: Readonly<Record<string, unknown>>, shared: StageOptions<Item>, keyed: Keyed<Item, Out>
  ) => AnyStage
}

/** The work of a filter, as far as it hangs on nothing but the document. */
export type FilterWork = Pick<Work<Document, Document>, 'open' | 'take' | 'key' | 'close'>

/** A row of the table of sources. */
export interface SourceEntry {
  readonly make: (input: SourceInput, options: Readonly<Record<string, unknown>>) => RecordSource
  readonly options: OptionsSchema
  /** How many records a file has, where it says so; the positions in it are counts of records then. */
  readonly countRecords?: (path: string) => Promise<number>
}

/** What `dataset` names in a manifest, when it isn't a dataset on the Hub. */
export const sources: Readonly<Record<string, SourceEntry>> = {
  json: { make: ndjson, options: ndjsonOptions },
  csv: { make: csv, options: csvOptions },
  text: { make: text, options: textOptions },
  parquet: { make: parquet, options: parquetOptions, countRecords: countRows },
  arrow: { make: arrow, options: arrowOptions }
}

/** Options that recipes give to every source; one without a text column (a line of text) does without. */
const COMMON_OPTIONS = ['textColumn', 'maxLineBytes', 'maxBad']

/** The options that only some sources have, by the sources' names: keys of a component, and flags. */
const sourceOptions: Readonly<Record<string, OptionsSchema>> = Object.fromEntries(Object.entries(sources).map(([name, { options }]) =>
  [name, z.strictObject(Object.fromEntries(Object.entries(options.shape).filter(([key]) => !COMMON_OPTIONS.includes(key))))]))

/** The options of `sourceOptions`, of all sources together. */
export const anySourceOptions: OptionsSchema['shape'] = Object.assign({}, ...Object.values(sourceOptions).map(({ shape }) => shape)) as OptionsSchema['shape']

/** The source for a `dataset`. @throws SluiceError `ERR_OPTION` for an option that only other sources have */
export function makeSource (dataset: string, input: SourceInput, options: Readonly<Record<string, unknown>>, inCode: SourceOptions = {}): RecordSource {
  const { make, options: schema } = sources[dataset]!
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  const foreign = given.find(([key]) => !Object.hasOwn(schema.shape, key) && !COMMON_OPTIONS.includes(key))
  if (foreign !== undefined) throw new SluiceError('ERR_OPTION', `${foreign[0]}: dataset ${dataset} takes none (it is for ${Object.keys(sources).filter(name => Object.hasOwn(sources[name]!.options.shape, foreign[0])).join(', ')})`)
  return make(input, { ...Object.fromEntries(given.filter(([key]) => Object.hasOwn(schema.shape, key))), ...inCode })
}

/** Documents in, documents out: what `filters` names in a manifest. */
export const filters: Readonly<Record<string, FilterEntry>> = {
  normalize: filter(normalize, normalizeOptions),
  length: filter(length, lengthOptions),
  language: { ...filter(languageWith, languageOptions), model: languageModel },
  classify: { ...filter(classifyWith, classifyOptions), model: classifyModel },
  dedup: { ...filter(dedup, dedupOptions), keyed: dedupHashed }
}

/** What a filter is called in stats and in rejects. */
export function filterName ({ stage, module }: Filter): string {
  return module?.stageName ?? stage
}

/**
 * The stage of a filter.
 *
 * @param shared options that every stage has
 * @param follows told of what a stage makes of a document, where that has another `meta`
 */
export function makeFilter ({ stage, options, module, model }: Filter, shared: Readonly<Record<string, unknown>> = {}, follows?: Follows): AnyStage {
  if (module !== undefined) return new Stage(module.work(follows), shared)
  const filter = filters[stage]!
  const known = model && { sha256: model.sha256 }
  if (follows === undefined || filter.model === undefined) return filter.make({ ...options, ...shared }, known)
  return new Stage(followed(stage, filter.work(options, known), follows), shared)
}

/** A work that says so where it makes a document with another `meta`. */
function followed (name: string, work: FilterWork, follows: Follows): Work<Document, Document> {
  return {
    ...work,
    name,
    take: (document, push) => work.take(document, next => {
      if (next.meta !== document.meta) follows(document, next)
      push(next)
    })
  }
}

/** What the stage of a filter does, without the stream. @param known of its model */
export function filterWork ({ stage, options, module }: Filter, known?: KnownModel): FilterWork {
  return module?.work() ?? filters[stage]!.work(options, known)
}

/**
 * A filter that isn't a manifest's, with the model that it reads.
 *
 * @throws SluiceError `ERR_OPTION` where none is named, `ERR_MODEL` when it can't be read
 */
export async function withModel (filter: Filter): Promise<Filter> {
  const path = filters[filter.stage]!.model?.path(filter.options) ?? null
  return path === null ? filter : { ...filter, model: await findModel(path) }
}

/** Every transform: each is a command of that name. */
export const transforms: Readonly<Record<string, TransformEntry>> = {
  ...filters,
  encode: transform(encode, encodeOptions),
  pack: transform(pack, packOptions)
}

/** The stages that a manifest may name, as its check wants them. */
export const knownStages: KnownStages = {
  filters: Object.fromEntries(Object.entries(filters).map(([name, { options }]) => [name, options])),
  models: Object.fromEntries(Object.entries(filters).flatMap(([name, { model }]) => model === undefined ? [] : [[name, model]])),
  sources: sourceOptions
}

/** The options are checked by the stage itself, with its own schema: the table need not know their types. */
function transform<In, Out, State> (make: (options: never) => Stage<In, Out, State>, options: OptionsSchema): TransformEntry {
  return { make: given => make(given as never), options }
}

function filter<State> (
  make: (options: never, known?: KnownModel) => Stage<Document, Document, State>, options: OptionsSchema
): FilterEntry {
  return { make: (given, known) => make(given as never, known), options, work: (given, known) => make(given as never, known).work }
}

/** Whether a component's dataset is one on the Hub. */
export function isOnHub ({ dataset }: Pick<Component, 'dataset'>): boolean {
  return !Object.hasOwn(sources, dataset)
}

/** Whether files of a component are on the Hub: those of its dataset, or some that are named as there. */
export function readsHub ({ dataset, dataFiles }: Pick<Component, 'dataset' | 'dataFiles'>): boolean {
  return isOnHub({ dataset }) || [dataFiles].flat().some(isHubName)
}

/** By which source a component is read: the key of `sources`. */
export function formatOf ({ dataset, hub }: Pick<FoundComponent, 'dataset' | 'hub'>): string {
  return hub?.format ?? dataset
}

/**
 * The options that a component has for its source. Of one on the Hub, what its format has no use for is left out: it is
 * known only once the files are found.
 */
export function sourceOptionsOf ({ sourceOptions, dataset, hub }: Pick<FoundComponent, 'sourceOptions' | 'dataset' | 'hub'>): Readonly<Record<string, unknown>> {
  if (hub === null) return sourceOptions
  const { shape } = sources[formatOf({ dataset, hub })]!.options
  const own = Object.entries(sourceOptions).filter(([key, value]) => value !== undefined && Object.hasOwn(shape, key))
  return { ...hub.options, ...Object.fromEntries(own) }
}

/**
 * What a component on the Hub was asked for, and what it was found to be, as settings of a job have it: by this the
 * next run knows its files.
 */
export function hubSettings ({ subset, split, revision, hub }: Pick<FoundComponent, 'subset' | 'split' | 'revision' | 'hub'>): { readonly hub?: unknown } {
  if (hub === null) return {}
  const { dataFiles, subset: foundSubset, split: foundSplit, ...found } = hub
  return { hub: { asked: { subset, split, revision, data_files: dataFiles }, subset: foundSubset, split: foundSplit, ...renameKeys(found, snakeCase) } }
}
