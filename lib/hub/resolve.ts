import type { FileNames } from '../bytes.ts'
import { SluiceError } from '../errors.ts'
import { sha256 } from '../hash.ts'
import { CARD, readCardText } from './card-text.ts'
import { type Card, EMPTY_CARD, readCard } from './card.ts'
import { type ResolvedData, resolveDataFiles } from './data-files.ts'
import type { Hub, HubRun, RemoteFile } from './hub.ts'

/** The branch with the Hub's conversion to parquet. */
const CONVERTED = 'refs/convert/parquet'

/** A dataset on the Hub, and which part of it is requested. */
export interface DatasetRequest {
  /** `OWNER/NAME` */
  readonly dataset: string
  /** null: the only one, or the default. */
  readonly subset: string | null
  readonly split: string
  /** A branch, a tag or a commit. */
  readonly revision: string
  /** Paths and globs in its repository, used instead of its card and the names of its files; null for none. */
  readonly dataFiles: FileNames | null
}

/** The files of a dataset's subset and split, at a commit. */
export interface ResolvedDataset extends Omit<ResolvedData, 'files' | 'options'> {
  readonly dataset: string
  /**
   * The commit of the dataset, even where the files are those of its conversion to parquet, which has its own commits.
   */
  readonly commit: string
  readonly files: readonly RemoteFile[]
  /** Options of the source that reads them, such as the delimiter of CSV. */
  readonly options: Readonly<Record<string, unknown>>
  /** Licences in the card; empty if there are none. */
  readonly license: readonly string[]
  /** The README.md of the dataset; null if there is none, or it is too large. */
  readonly card: { readonly text: string, readonly sha256: string } | null
}

/**
 * Finds the files of a dataset's subset and split, at the commit that its revision names now.
 *
 * @throws SluiceError `ERR_DATASET` for a missing dataset, subset, split or file, with those available; `ERR_HUB`
 */
export async function resolveDataset (hub: Hub, request: DatasetRequest, run: HubRun = {}): Promise<ResolvedDataset> {
  const { dataset, revision } = request
  const commit = await hub.commitOf(dataset, revision, run)
  const listed = await hub.files(dataset, commit, run)
  const readme = listed.filter(({ path }) => path === CARD)
  hub.know(dataset, commit, readme)
  const { text, card, unread } = readme.length === 0 ? NO_CARD : await readCardOf(hub, commit, request, run)
  const wanted = { ...request, converted: null }
  let found = resolveDataFiles(listed, card, wanted)
  let filesCommit = commit
  if ('needsConverted' in found) {
    const isThere = await hub.hasRevision(dataset, CONVERTED, run)
    if (isThere) filesCommit = await hub.commitOf(dataset, CONVERTED, run)
    found = resolveDataFiles(listed, card, {
      ...wanted,
      converted: isThere ? await hub.files(dataset, filesCommit, run) : []
    })
  }
  if ('needsConverted' in found) throw new TypeError(`${dataset}: its conversion was requested twice`)
  const warnings = [...unread, ...found.warnings]
  return {
    ...found,
    dataset,
    commit,
    files: hub.know(dataset, filesCommit, found.files),
    options: optionsForSource(found, warnings),
    warnings,
    license: card.license,
    card: text === null ? null : { text, sha256: sha256(text) }
  }
}

interface ReadCard {
  /** Null if there is none, or it is too large. */
  readonly text: string | null
  readonly card: Card
  /** A warning that it can't be read; empty if it can. */
  readonly unread: readonly string[]
}

const NO_CARD: ReadCard = { text: null, card: EMPTY_CARD, unread: [] }

/**
 * Reads the card. If the request names the files, a card that can't be read is only a warning: its licence is unknown.
 */
async function readCardOf (hub: Hub, commit: string, request: DatasetRequest, run: HubRun): Promise<ReadCard> {
  const { dataset, dataFiles } = request
  let text: string | null = null
  try {
    text = await readCardText(hub, dataset, commit, run)
    return { text, card: text === null ? EMPTY_CARD : readCard(text), unread: [] }
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== 'ERR_DATASET') throw error
    const message = `${dataset}: ${error.message}`
    if (dataFiles === null) throw new SluiceError(error.code, message, { cause: error })
    return { text, card: EMPTY_CARD, unread: [`${message}; its licence isn't known`] }
  }
}

/** Maps options of the readers in Python to those of sluice's sources, with a warning for options that are ignored. */
function optionsForSource ({ format, options }: ResolvedData, warnings: string[]): Record<string, unknown> {
  const ours: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(options)) {
    const known = KNOWN[format]?.[name]
    if (known !== undefined) ours[known] = value
    else if (!HARMLESS.has(name)) {
      warnings.push(`its card has the option ${name}: ${JSON.stringify(value)}, which is ignored`)
    }
  }
  return ours
}

/** The names of options in Python and in sluice, by format. */
const KNOWN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  csv: { sep: 'delimiter', delimiter: 'delimiter', quotechar: 'quote' },
  json: { field: 'field' }
}

/** Options that don't change what is read. */
const HARMLESS: ReadonlySet<string> = new Set([
  'description', 'version', 'features', 'drop_labels', 'drop_metadata', 'chunksize', 'encoding_errors'
])
