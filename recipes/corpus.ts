import { z } from 'zod'
import { SluiceError } from '../lib/errors.ts'
import { isDatasetName } from '../lib/hub/address.ts'
import { hubOptions } from '../lib/hub/settings.ts'
import { type Component, type Filter, componentSchema, fileNames } from '../lib/manifest/schema.ts'
import { positive, rejectsPath } from '../lib/options.ts'
import { recordSourceOptions } from '../lib/source-options.ts'
import { anySourceOptions, sources } from './stages.ts'

/** What `--dataset` may be: the kinds of files that can be read. */
export const datasetOption = z.enum(Object.keys(sources)).default('json').describe('what the files hold')

export const rejectsOption = rejectsPath.optional().describe('NDJSON file of its own that keeps what is dropped, with reason and position; bad records as base64')

/** What the recipes for one dataset are told of it. */
export const corpusOptions = {
  dataset: z.string().default('json').describe(`what the files hold: ${Object.keys(sources).join(', ')}; or OWNER/NAME of a dataset on the Hugging Face Hub`),
  dataFiles: fileNames.optional().meta({ several: true, description: 'paths or globs of the files, plain, .gz or .zst; - for standard input; on the Hub, in place of what the dataset\'s card says' }),
  textColumn: z.string().min(1).default('text').describe('field of a record that holds its text, or the way to it: data.text, messages[].content'),
  subset: z.string().min(1).optional().describe('subset of the dataset on the Hub; of files it is only noted in the stats'),
  split: z.string().min(1).default('train').describe('split of the dataset on the Hub; of files it is only noted in the stats'),
  revision: z.string().min(1).default('main').describe('branch, tag or commit of the dataset on the Hub'),
  name: componentSchema.shape.name.optional().describe('name for messages and stats (default: the dataset\'s)'),
  license: z.string().optional().describe('licence of the dataset, noted in the stats'),
  limit: positive.optional().describe('documents written at most'),
  rejects: rejectsOption,
  ...anySourceOptions,
  ...hubOptions,
  ...recordSourceOptions
}

/** One dataset, named by options, as a component of a mixture is. @throws SluiceError `ERR_OPTION` for a dataset that can't be read */
export function corpusComponent (options: z.output<z.ZodObject<typeof corpusOptions>>, filters: readonly Filter[] = []): Component {
  const { dataset, dataFiles, textColumn, subset, split, revision, name, license, limit, rejects } = options
  const isFiles = Object.hasOwn(sources, dataset)
  if (!isFiles && !(isDatasetName(dataset) && dataset.includes('/'))) {
    throw new SluiceError('ERR_OPTION', `dataset: ${dataset} cannot be read, expected ${Object.keys(sources).join(' or ')}, with data files, or OWNER/NAME of a dataset on the Hub`)
  }
  if (isFiles && dataFiles === undefined) throw new SluiceError('ERR_OPTION', `dataFiles: expected the files that hold the ${dataset} (--data-files)`)
  const defaults = componentSchema.parse({ name: name ?? dataset.replace('/', '_'), dataset })
  return {
    ...defaults,
    dataFiles: dataFiles ?? [],
    textColumn,
    subset: subset ?? null,
    split,
    revision,
    license: license ?? null,
    maxRecords: limit ?? null,
    rejects: rejects ?? null,
    sourceOptions: Object.fromEntries(Object.keys(anySourceOptions).map(key => [key, (options as Record<string, unknown>)[key]])),
    filters,
    outputDir: 'data/shards'
  }
}
