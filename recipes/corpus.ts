import { z } from 'zod'
import { SluiceError } from '../lib/errors.ts'
import { type Component, type Filter, componentSchema, fileNames } from '../lib/manifest/schema.ts'
import { positive, rejectsPath } from '../lib/options.ts'
import { recordSourceOptions } from '../lib/source-options.ts'
import { anySourceOptions, sources } from './stages.ts'

/** What `--dataset` may be: the kinds of files that can be read. */
export const datasetOption = z.enum(Object.keys(sources)).default('json').describe('what the files hold')

export const rejectsOption = rejectsPath.optional().describe('NDJSON file of its own that keeps what is dropped, with reason and position; bad records as base64')

/** What the recipes for one dataset are told of it. */
export const corpusOptions = {
  dataset: z.string().default('json').describe(`what the files hold: ${Object.keys(sources).join(', ')}`),
  dataFiles: fileNames.describe('paths or globs of the files, plain, .gz or .zst; - for standard input'),
  textColumn: z.string().min(1).default('text').describe('field of a record that holds its text'),
  subset: z.string().optional().describe('subset of the dataset, noted in the stats'),
  split: z.string().default('train').describe('split of the dataset, noted in the stats'),
  name: componentSchema.shape.name.optional().describe('name for messages and stats (default: the dataset\'s)'),
  license: z.string().optional().describe('licence of the dataset, noted in the stats'),
  limit: positive.optional().describe('documents written at most'),
  rejects: rejectsOption,
  ...anySourceOptions,
  ...recordSourceOptions
}

/** One dataset, named by options, as a component of a mixture is. @throws SluiceError `ERR_OPTION` for a dataset that can't be read */
export function corpusComponent (options: z.output<z.ZodObject<typeof corpusOptions>>, filters: readonly Filter[] = []): Component {
  const { dataset, dataFiles, textColumn, subset, split, name, license, limit, rejects } = options
  if (!Object.hasOwn(sources, dataset)) {
    throw new SluiceError('ERR_OPTION', `dataset: ${dataset} cannot be read by this version, expected ${Object.keys(sources).join(' or ')}, with data files`)
  }
  const defaults = componentSchema.parse({ name: name ?? dataset, dataset })
  return {
    ...defaults,
    dataFiles,
    textColumn,
    subset: subset ?? null,
    split,
    license: license ?? null,
    maxRecords: limit ?? null,
    rejects: rejects ?? null,
    sourceOptions: Object.fromEntries(Object.keys(anySourceOptions).map(key => [key, (options as Record<string, unknown>)[key]])),
    filters,
    outputDir: 'data/shards'
  }
}
