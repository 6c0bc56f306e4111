import type { Transform } from 'node:stream'
import type { OptionsSchema } from '../lib/options.ts'
import type { RecordSource, SourceInput } from '../lib/record-source.ts'
import type { Stage, StageStats } from '../lib/stage.ts'
import { ndjson, ndjsonOptions } from '../sources/ndjson.ts'
import { text, textOptions } from '../sources/text.ts'
import { dedup, dedupOptions } from '../transforms/dedup.ts'
import { encode, encodeOptions } from '../transforms/encode.ts'
import { language, languageOptions } from '../transforms/language.ts'
import { length, lengthOptions } from '../transforms/length.ts'
import { normalize, normalizeOptions } from '../transforms/normalize.ts'
import { pack, packOptions } from '../transforms/pack.ts'

/** A transform, whatever it takes and makes. */
export type AnyStage = Transform & { readonly stageName: string, readonly stats: StageStats }

/** A row of the table of transforms: how to make one, and what it can be told. */
export interface TransformEntry {
  readonly make: (options: Readonly<Record<string, unknown>>) => AnyStage
  readonly options: OptionsSchema
}

/** A row of the table of sources. */
export interface SourceEntry {
  readonly make: (input: SourceInput, options: Readonly<Record<string, unknown>>) => RecordSource
  readonly options: OptionsSchema
}

/** What `dataset` names in a manifest, when it isn't a dataset on the Hub. */
export const sources: Readonly<Record<string, SourceEntry>> = {
  json: { make: ndjson, options: ndjsonOptions },
  text: { make: text, options: textOptions }
}

/** The source for a `dataset`; of the options, each takes those that its schema has (a line of text has no `textColumn`). */
export function makeSource (dataset: string, input: SourceInput, options: Readonly<Record<string, unknown>>): RecordSource {
  const { make, options: schema } = sources[dataset]!
  return make(input, Object.fromEntries(Object.entries(options).filter(([key, value]) => Object.hasOwn(schema.shape, key) && value !== undefined)))
}

/** Documents in, documents out: what `filters` names in a manifest. */
export const filters: Readonly<Record<string, TransformEntry>> = {
  normalize: transform(normalize, normalizeOptions),
  length: transform(length, lengthOptions),
  language: transform(language, languageOptions),
  dedup: transform(dedup, dedupOptions)
}

/** Every transform: each is a command of that name. */
export const transforms: Readonly<Record<string, TransformEntry>> = {
  ...filters,
  encode: transform(encode, encodeOptions),
  pack: transform(pack, packOptions)
}

/** The filters' options, as a manifest's check wants them. */
export const filterOptions: Readonly<Record<string, OptionsSchema>> =
  Object.fromEntries(Object.entries(filters).map(([name, { options }]) => [name, options]))

/** The options are checked by the stage itself, with its own schema: the table need not know their types. */
function transform<In, Out, State> (make: (options: never) => Stage<In, Out, State>, options: OptionsSchema): TransformEntry {
  return { make: given => make(given as never), options }
}
