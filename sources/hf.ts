import { z } from 'zod'
import type { InputFile } from '../lib/bytes.ts'
import { SluiceError } from '../lib/errors.ts'
import { isDatasetName } from '../lib/hub/address.ts'
import type { ResolvedDataset } from '../lib/hub/resolve.ts'
import { type HubOptions, hubOptions } from '../lib/hub/settings.ts'
import { openRanges } from '../lib/input/ranges.ts'
import { columnNames, fileNames, parseOptions } from '../lib/options.ts'
import { arrowRecords } from '../lib/records/arrow.ts'
import { csvSyntaxOptions } from '../lib/records/csv-options.ts'
import { csvRecords } from '../lib/records/csv.ts'
import { jsonRecords } from '../lib/records/json.ts'
import { parquetRecords } from '../lib/records/parquet.ts'
import type { OpenRecords } from '../lib/records/reader.ts'
import { type SourceOptions, recordSourceOptions, sourceOptions } from '../lib/records/source-options.ts'
import { RecordSource } from '../lib/records/source.ts'
import { textRecords } from '../lib/records/text.ts'

export const hfOptions = z.strictObject({
  subset: z.string().min(1).nullable().default(null)
    .describe('subset of the dataset (default: the only one, or the default of its card)'),
  split: z.string().min(1).default('train').describe('split; if it does not exist, train, validation or test is read'),
  revision: z.string().min(1).default('main').describe('branch, tag or commit'),
  dataFiles: fileNames.nullable().default(null)
    .describe('paths and globs in the repository, instead of the files that the dataset card or the file names select'),
  textColumn: z.string().min(1).default('text')
    .describe('field or column that holds the text, or the path to it: data.text, messages[].content'),
  columns: columnNames.optional()
    .describe('for parquet and Arrow: further columns to keep in meta, separated by commas; * for all ' +
      '(default: only those with a licence)'),
  ...hubOptions,
  ...recordSourceOptions
})

/** Options that a dataset's card may have. */
const cardOptions = z.strictObject({ ...csvSyntaxOptions, field: z.string().min(1).optional() })

/** Options of `hf`. */
export type HfOptions = z.input<typeof hfOptions> & Omit<SourceOptions, 'hub'> & {
  /** Called with the files of the dataset before the first is read. */
  readonly onResolved?: ((dataset: ResolvedDataset) => void) | undefined
  /** How long to wait before a request to the Hub is retried. */
  readonly hub?: Pick<HubOptions, 'retryDelay'> | undefined
}

/**
 * Reads documents of a dataset on the Hugging Face Hub. The files are the same as Python's `datasets` reads for the
 * subset and split. The revision is resolved to a commit at the first read, and all files are read at that commit.
 * Each is parsed by the source of its format. `HF_TOKEN`, `HF_ENDPOINT`, `HF_HUB_OFFLINE` and proxies are read from
 * the environment, as `huggingface_hub` reads them.
 *
 * A connection that breaks or stalls is resumed at the byte where it stopped. A request that fails temporarily is
 * retried.
 *
 * @param dataset `owner/name`
 * @throws SluiceError `ERR_OPTION`; the stream fails with `ERR_HUB`, `ERR_DATASET`, and the errors of the source for
 * the format
 */
export function hf (dataset: string, options: HfOptions = {}): RecordSource {
  const { onResolved, tell, ...given } = options
  const [own, shared] = sourceOptions('hf', hfOptions, given)
  const { subset, split, revision, dataFiles, maxRetries, timeout } = own
  const { textColumn, columns = [], maxLineBytes, maxBad } = own
  if (!isDatasetName(dataset)) {
    throw new SluiceError('ERR_OPTION', `hf: ${dataset} is not the name of a dataset on the Hub, expected OWNER/NAME`)
  }
  const settings = { maxRetries, timeout, retryDelay: shared.hub?.retryDelay }
  const hub = { ...settings, tell }
  const lines = { textColumn, maxLineBytes }
  const rows = { textColumn, columns, maxRowBytes: maxLineBytes, tell, isSample: shared.isSample }
  let open: OpenRecords | undefined
  const files = async (signal: AbortSignal): Promise<InputFile[]> => {
    const { theHub } = await import('../lib/hub/hub.ts')
    const { resolveDataset } = await import('../lib/hub/resolve.ts')
    const wanted = { dataset, subset, split, revision, dataFiles }
    const found = await resolveDataset(await theHub(settings), wanted, { signal, tell })
    for (const warning of found.warnings) tell?.(`${dataset}: ${warning}`)
    onResolved?.(found)
    const onCard = parseOptions(`the card of ${dataset}`, cardOptions, found.options)
    open = {
      json: () => jsonRecords({ ...lines, ...onCard }),
      csv: () => csvRecords({ ...lines, ...onCard }),
      text: () => textRecords(maxLineBytes),
      parquet: () => parquetRecords(rows, ({ path, signal }) => openRanges(path, { hub, signal })),
      arrow: () => arrowRecords(rows, hub)
    }[found.format]()
    return found.files.map(({ name, size }) => ({ path: name, size }))
  }
  const format = { maxBad, textIn: `its column ${textColumn}` }
  return new RecordSource('hf', { files }, file => open!(file), format, { ...shared, tell, hub })
}
