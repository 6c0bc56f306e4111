import { z } from 'zod'
import { SluiceError } from '../../lib/errors.ts'
import { isDatasetName } from '../../lib/hub/address.ts'
import { hubOptions } from '../../lib/hub/settings.ts'
import { notLocal } from '../../lib/not-local.ts'
import { fileNames, positive, rejectsPath, suggestion } from '../../lib/options.ts'
import { formatByNames, formatName } from '../../lib/records/format.ts'
import { recordSourceOptions } from '../../lib/records/source-options.ts'
import { type Component, type Filter, componentSchema } from '../manifest/schema.ts'
import { anySourceOptions, sources } from '../stages.ts'

/** The values of `--dataset` for files. */
export const datasetOption = z.enum([...Object.keys(sources), 'jsonl', 'ndjson', 'txt']).optional()
  .describe('format of the files (default: by file extension, else json)')

export const rejectsOption = rejectsPath.optional()
  .describe('separate NDJSON file for dropped documents and bad records, with reason and position')

const FORMATS = Object.keys(sources)

const DATASET_HELP = `format of the files: ${FORMATS.join(', ')} (default: by file extension, else json); ` +
  'or OWNER/NAME of a dataset on the Hugging Face Hub'

const DATA_FILES_HELP = 'paths or globs of the files, plain, .gz or .zst; - for standard input; on the Hub, ' +
  'instead of the files that the dataset card lists'

/** The options that describe the dataset, for recipes that take a single one. */
export const corpusOptions = {
  dataset: z.string().optional().describe(DATASET_HELP),
  dataFiles: fileNames.optional().meta({ several: true, description: DATA_FILES_HELP }),
  textColumn: z.string().min(1).default('text')
    .describe('field of a record that holds its text, or the path to it: data.text, messages[].content'),
  subset: z.string().min(1).optional()
    .describe('subset of the dataset on the Hub; for local files only noted in the stats'),
  split: z.string().min(1).default('train')
    .describe('split of the dataset on the Hub; for local files only noted in the stats'),
  revision: z.string().min(1).default('main').describe('branch, tag or commit of the dataset on the Hub'),
  name: componentSchema.shape.name.optional().describe('name for messages and stats (default: the dataset\'s)'),
  license: z.string().optional().describe('licence of the dataset, noted in the stats'),
  limit: positive.optional().describe('maximum number of documents to write'),
  rejects: rejectsOption,
  ...anySourceOptions,
  ...hubOptions,
  ...recordSourceOptions
}

/**
 * Files that are named as arguments of a command, instead of by `--data-files`.
 *
 * @throws SluiceError `ERR_OPTION` for both
 */
export function withFileArguments<Options extends object> (
  files: readonly string[], options: Options & { readonly dataFiles?: string | string[] | undefined }
): Options {
  if (files.length === 0) return options
  if (options.dataFiles !== undefined) {
    const mistake = 'files are named both as arguments and by --data-files; name all of them in one way'
    throw new SluiceError('ERR_OPTION', `${files[0]}: ${mistake}`)
  }
  return { ...options, dataFiles: [...files] }
}

function near (dataset: string): string {
  const text = suggestion(dataset, FORMATS)
  return text.includes('did you mean') ? text : ''
}

const ANY_EXTENSION = /\.[^./]*$/
const DOCUMENTS_EXTENSION = /\.(?:(?:ndjson|ndjsonl|jsonl|json|txt)(?:\.gz|\.zst)?|parquet)$/

/** The name of a file for documents. Its extension must be that of a format and a compression that can be written. */
export const documentsPath = z.string().min(1).refine(
  path => path === '-' || !ANY_EXTENSION.test(path) || DOCUMENTS_EXTENSION.test(path),
  'expected a name that ends in .ndjson, .jsonl, .json or .txt, optionally followed by .gz or .zst, or .parquet: ' +
    'other formats and compressions are not written'
)

type CorpusOptions = z.output<z.ZodObject<typeof corpusOptions>>

function checkDataset (dataset: string, given: Pick<CorpusOptions, 'dataset' | 'dataFiles'>): void {
  if (Object.hasOwn(sources, dataset)) {
    if (given.dataFiles !== undefined) return
    const hint = given.dataset === undefined
      ? 'or OWNER/NAME of a dataset on the Hub as the dataset'
      : `which hold ${dataset}`
    throw new SluiceError('ERR_OPTION', `dataFiles: expected the paths or globs of the files to read, ${hint}`)
  }
  const address = notLocal(dataset)
  if (address !== null) throw new SluiceError('ERR_OPTION', `dataset: ${address}`)
  if (isDatasetName(dataset) && dataset.includes('/')) return
  const expected = `${FORMATS.join(' or ')}, with data files, or OWNER/NAME of a dataset on the Hub${near(dataset)}`
  throw new SluiceError('ERR_OPTION', `dataset: ${dataset} cannot be read, expected ${expected}`)
}

/**
 * The component of a mixture that options for one dataset describe.
 *
 * @throws SluiceError `ERR_OPTION` for a dataset that can't be read
 */
export function corpusComponent (options: CorpusOptions, filters: readonly Filter[] = []): Component {
  const { dataFiles, textColumn, subset, split, revision, name, license, limit, rejects } = options
  const dataset = formatName(options.dataset ?? formatByNames(dataFiles ?? []))
  checkDataset(dataset, options)
  const defaults = componentSchema.parse({ name: name ?? dataset.replace('/', '_'), dataset })
  const given: Readonly<Record<string, unknown>> = options
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
    sourceOptions: Object.fromEntries(Object.keys(anySourceOptions).map(key => [key, given[key]])),
    filters,
    dedup: null,
    outputDir: 'data/shards'
  }
}
