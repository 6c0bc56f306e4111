import { SluiceError } from '../errors.ts'

/** Prefix of the names of files on the Hub. */
const SCHEME = 'hf://datasets/'

/** A file of a dataset on the Hub. */
export interface HubAddress {
  /** `owner/name`, or just `name` for some old datasets. */
  readonly dataset: string
  /** A branch, a tag or a commit. */
  readonly revision: string
  /** Path within the dataset; a glob for several files. */
  readonly path: string
}

const COMMIT = /^[0-9a-f]{40}$/

/** Whether a name refers to files on the Hub: it starts with `hf://`. */
export function isHubName (name: string): boolean {
  return name.startsWith('hf://')
}

/** Whether a revision is a commit hash, whose files never change. */
export function isCommit (revision: string): boolean {
  return COMMIT.test(revision)
}

/** Whether a text is a valid dataset name: `owner/name` or `name`, of letters, digits, `-`, `_` and `.`. */
export function isDatasetName (text: string): boolean {
  return /^(?:[\w-][\w.-]*\/)?[\w-][\w.-]*$/.test(text) && !/\.\.|--/.test(text) && !/\.(git|ipynb)$/.test(text)
}

/** The name of a file as huggingface_hub's HfFileSystem writes it: `hf://datasets/owner/name@revision/path`. */
export function hubName ({ dataset, revision, path }: HubAddress): string {
  return `${SCHEME}${dataset}@${encodeURIComponent(revision)}/${path}`
}

/**
 * Slashes in a revision are encoded, except in the Hub's own refs (`refs/convert/…`, `refs/pr/…`), as in HfFileSystem.
 */
const NAME = /^hf:\/\/datasets\/(?:([^/@]+(?:\/[^/@]+)?)@(refs\/(?:convert|pr)\/[^/]+|[^/]+)|([^/@]+\/[^/@]+))\/(.+)$/s

/** Whether a git repository can hold a path: relative, without empty, `.` or `..` parts, without NUL. */
export function isRepositoryPath (path: string): boolean {
  return !/(?:^|\/)\.{0,2}(?:\/|$)|\0/.test(path) && path.isWellFormed() && path.length <= MAX_CHARACTERS
}

/** The longest path that file systems accept. */
const MAX_CHARACTERS = 4096

/** Whether a text can name a revision. Checks only those of git's rules that keep a URL unambiguous. */
export function isRevision (revision: string): boolean {
  return isRepositoryPath(revision) && !revision.includes('..') && !OUTSIDE_NAMES.test(revision)
}

/** Git allows these characters in names, but terminals, URLs and other systems give them another meaning. */
const OUTSIDE_NAMES = /[\p{Cc}\\]/u

/**
 * Refuses the path of a file whose name has control characters or backslashes.
 *
 * @param what the dataset and revision, for the message
 * @throws SluiceError `ERR_DATASET`
 */
export function checkName (path: string, what: string): void {
  if (!OUTSIDE_NAMES.test(path)) return
  const name = JSON.stringify(path)
  throw new SluiceError('ERR_DATASET', `${what}: the file ${name} is not read: its name has a backslash or ` +
    'a control character; select other files with data_files')
}

/**
 * Splits the name of a file into its parts. A name without a revision means `main`.
 *
 * @throws SluiceError `ERR_FILES` for anything else
 */
export function hubAddress (name: string): HubAddress {
  const [, pinned, revision = 'main', unpinned, path] = NAME.exec(name) ?? []
  const dataset = pinned ?? unpinned ?? ''
  const decoded = decode(revision)
  if (!isDatasetName(dataset) || decoded === null || !isRevision(decoded) || !isRepositoryPath(path!)) {
    throw new SluiceError('ERR_FILES', `${name}: expected ${SCHEME}OWNER/NAME@REVISION/PATH, ` +
      'a file of a dataset on the Hub')
  }
  return { dataset, revision: decoded, path: path! }
}

/** A name without its revision: ids of documents start with it, so that they are the same for each commit. */
export function withoutRevision (name: string): string {
  return name.replace(/^(hf:\/\/datasets\/[^@/]+(?:\/[^@/]+)?)@[^/]+/, '$1')
}

/** A path encoded for a URL, except for its slashes. */
export function urlPath (path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

function decode (text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
