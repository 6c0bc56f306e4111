import { z } from 'zod'
import { SluiceError } from '../lib/errors.ts'
import { isDatasetName } from '../lib/hub/address.ts'
import type { ResolvedDataset } from '../lib/hub/resolve.ts'
import { type HubOptions, hubOptions } from '../lib/hub/settings.ts'
import { openRanges } from '../lib/input/ranges.ts'
import { columnNames, fileNames } from '../lib/options.ts'
import { arrowRecords } from '../lib/records/arrow.ts'
import { csvRecords } from '../lib/records/csv.ts'
import { jsonRecords } from '../lib/records/json.ts'
import { parquetRecords } from '../lib/records/parquet.ts'
import type { OpenRecords } from '../lib/records/reader.ts'
import { type SourceOptions, recordSourceOptions, sourceOptions } from '../lib/records/source-options.ts'
import { RecordSource } from '../lib/records/source.ts'
import { textRecords } from '../lib/records/text.ts'

export const hfOptions = z.strictObject({
  subset: z.string().min(1).nullable().default(null).describe('subset of the dataset (default: the only one, or the one that its card says)'),
  split: z.string().min(1).default('train').describe('split; where it is absent, train, validation or test'),
  revision: z.string().min(1).default('main').describe('branch, tag or commit'),
  dataFiles: fileNames.nullable().default(null).describe('paths and globs in the dataset, in place of what its card and its files\' names say'),
  textColumn: z.string().min(1).default('text').describe('field or column that holds the text, or the way to it: data.text, messages[].content'),
  columns: columnNames.optional().describe('of parquet and Arrow: further columns to keep in meta, commas between them; * for all (default: none but those with a licence)'),
  ...hubOptions,
  ...recordSourceOptions
})

/** What `hf` can be told, beside what is asked of every source. */
export type HfOptions = z.input<typeof hfOptions> & Omit<SourceOptions, 'hub'> & {
  /** Told of the files that were found, before the first is read. */
  readonly onResolved?: ((dataset: ResolvedDataset) => void) | undefined
  /** How long is waited before the Hub is asked again. */
  readonly hub?: Pick<HubOptions, 'retryDelay'> | undefined
}

/**
 * Documents of a dataset on the Hugging Face Hub: those files that Python's `datasets` finds for a subset and split, at
 * the commit that the revision names when it is first read, with the parser that their names ask for. `HF_TOKEN`,
 * `HF_ENDPOINT`, `HF_HUB_OFFLINE` and proxies are read from the environment as `huggingface_hub` does.
 *
 * A connection that breaks or stalls is taken up where it was; what the Hub refuses for a time is asked for again.
 *
 * @param dataset `owner/name`
 * @throws SluiceError `ERR_OPTION`; the stream fails with `ERR_HUB`, `ERR_DATASET`, and as the sources of the formats
 *   do
 */
export function hf (dataset: string, options: HfOptions = {}): RecordSource {
  const { onResolved, tell, ...given } = options
  const [{ subset, split, revision, dataFiles, textColumn, columns = [], maxRetries, timeout, maxLineBytes, maxBad }, shared] = sourceOptions('hf', hfOptions, given)
  if (!isDatasetName(dataset)) throw new SluiceError('ERR_OPTION', `hf: ${dataset} is no name of a dataset on the Hub, expected OWNER/NAME`)
  const settings = { maxRetries, timeout, retryDelay: shared.hub?.retryDelay }
  const hub = { ...settings, tell }
  let open: OpenRecords | undefined
  const files = async (signal: AbortSignal): Promise<ResolvedDataset['files']> => {
    const [{ theHub }, { resolveDataset }] = await Promise.all([import('../lib/hub/hub.ts'), import('../lib/hub/resolve.ts')])
    const found = await resolveDataset(await theHub(settings), { dataset, subset, split, revision, dataFiles }, { signal, tell })
    for (const warning of found.warnings) tell?.(`${dataset}: ${warning}`)
    onResolved?.(found)
    open = {
      json: () => jsonRecords({ textColumn, maxLineBytes, ...found.options }),
      csv: () => csvRecords({ textColumn, maxLineBytes, ...found.options }),
      text: () => textRecords(maxLineBytes),
      parquet: () => parquetRecords({ textColumn, columns, maxRowBytes: maxLineBytes, tell, isSample: shared.isSample }, ({ path, signal }) => openRanges(path, { hub, signal })),
      arrow: () => arrowRecords({ textColumn, columns, maxRowBytes: maxLineBytes, tell, isSample: shared.isSample }, hub)
    }[found.format]()
    return found.files
  }
  const located = { files: async (signal: AbortSignal) => (await files(signal)).map(({ name, size }) => ({ path: name, size })) }
  return new RecordSource('hf', located, file => open!(file), { maxBad, textIn: `its column ${textColumn}` }, { ...shared, tell, hub })
}
