import type { FileNames } from '../bytes.ts'
import { SluiceError } from '../errors.ts'
import { sha256 } from '../hash.ts'
import { CARD, readCardText } from './card-text.ts'
import { type Card, EMPTY_CARD, readCard } from './card.ts'
import { type ResolvedData, resolveDataFiles } from './data-files.ts'
import type { Hub, HubRun, RemoteFile } from './hub.ts'

/** The branch that the Hub keeps its conversions to parquet in. */
const CONVERTED = 'refs/convert/parquet'

/** What is asked for of a dataset on the Hub. */
export interface DatasetRequest {
  readonly dataset: string
  /** null: the only one, or the default. */
  readonly subset: string | null
  readonly split: string
  /** A branch, a tag or a commit. */
  readonly revision: string
  /** Paths and globs in its repository, in place of what its card and its files' names tell. */
  readonly dataFiles: FileNames | null
}

/** The files of a dataset's subset and split, at a commit. */
export interface ResolvedDataset extends Omit<ResolvedData, 'files' | 'options'> {
  readonly dataset: string
  /** That of the dataset, also where the files are those of its conversion to parquet, which has commits of its own. */
  readonly commit: string
  readonly files: readonly RemoteFile[]
  /** Options of the source that reads them, such as the delimiter of CSV. */
  readonly options: Readonly<Record<string, unknown>>
  /** As the card has it; empty where it has none. */
  readonly license: readonly string[]
  /** The README.md of the dataset; null where there is none. */
  readonly card: { readonly text: string, readonly sha256: string } | null
}

/**
 * Finds what makes up a dataset's subset and split, at the commit that its revision names now.
 *
 * @throws SluiceError `ERR_DATASET` for what isn't there, with what there is instead; `ERR_HUB`
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
  if ('needsConverted' in found) throw new TypeError(`${dataset}: asked for its conversion twice`)
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
  /** Null where it is too large. */
  readonly text: string | null
  readonly card: Card
  /** Why it says nothing, as a warning; none where it does. */
  readonly unread: readonly string[]
}

const NO_CARD: ReadCard = { text: null, card: EMPTY_CARD, unread: [] }

/** A card that can't be read is no hindrance where the files are named; its licence isn't known then. */
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

/** Of options that readers of tables in Python have, those that our sources have. */
function optionsForSource ({ format, options }: ResolvedData, warnings: string[]): Record<string, unknown> {
  const ours: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(options)) {
    const known = KNOWN[format]?.[name]
    if (known !== undefined) ours[known] = value
    else if (!HARMLESS.has(name)) {
      warnings.push(`its card asks for ${name}: ${JSON.stringify(value)}, which is not done`)
    }
  }
  return ours
}

/** By format, their names there and here. */
const KNOWN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  csv: { sep: 'delimiter', delimiter: 'delimiter', quotechar: 'quote' },
  json: { field: 'field' }
}

/** What says nothing of how a file is read. */
const HARMLESS: ReadonlySet<string> = new Set([
  'description', 'version', 'features', 'drop_labels', 'drop_metadata', 'chunksize', 'encoding_errors'
])
