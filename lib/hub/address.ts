import { SluiceError } from '../errors.ts'

/** What the name of a file on the Hub begins with. */
const SCHEME = 'hf://datasets/'

/** A file of a dataset on the Hub. */
export interface HubAddress {
  /** `owner/name`, or `name` for the oldest ones. */
  readonly dataset: string
  /** A branch, a tag or a commit. */
  readonly revision: string
  /** Within the dataset; a glob where several files are meant. */
  readonly path: string
}

const COMMIT = /^[0-9a-f]{40}$/

/** Whether a name is that of a file, or of files, on the Hub. */
export function isHubName (name: string): boolean {
  return name.startsWith('hf://')
}

/** Whether a revision is a commit, which never changes. */
export function isCommit (revision: string): boolean {
  return COMMIT.test(revision)
}

/**
 * Whether a text can be the name of a dataset on the Hub: `owner/name` or `name`, of letters, digits, `-`, `_` and `.`.
 */
export function isDatasetName (text: string): boolean {
  return /^(?:[\w-][\w.-]*\/)?[\w-][\w.-]*$/.test(text) && !/\.\.|--/.test(text) && !/\.(git|ipynb)$/.test(text)
}

/** As huggingface_hub's HfFileSystem names files: `hf://datasets/owner/name@revision/path`. */
export function hubName ({ dataset, revision, path }: HubAddress): string {
  return `${SCHEME}${dataset}@${encodeURIComponent(revision)}/${path}`
}

/** A revision has its slashes encoded, but for those of the Hub's own refs, which HfFileSystem takes as they are. */
const NAME = /^hf:\/\/datasets\/(?:([^/@]+(?:\/[^/@]+)?)@(refs\/(?:convert|pr)\/[^/]+|[^/]+)|([^/@]+\/[^/@]+))\/(.+)$/s

/**
 * Whether git can have such a path: none with a step that is empty or `..`, which would lead elsewhere, or with a NUL.
 */
export function isRepositoryPath (path: string): boolean {
  return !/(?:^|\/)\.{0,2}(?:\/|$)|\0/.test(path) && path.isWellFormed() && path.length <= MOST_CHARACTERS
}

/** Longer paths can't be written to a disk. */
const MOST_CHARACTERS = 4096

/** Whether a text can name a revision: git's rules, as far as an address could be misled by it. */
export function isRevision (revision: string): boolean {
  return isRepositoryPath(revision) && !revision.includes('..') && !OUTSIDE_NAMES.test(revision)
}

/** Git takes these in names, but terminals, addresses and other systems take them for something else. */
const OUTSIDE_NAMES = /[\p{Cc}\\]/u

/**
 * Refuses the path of a file that is to be read and whose name would be taken for something else.
 *
 * @param what it is in, for the message
 * @throws SluiceError `ERR_DATASET`
 */
export function checkName (path: string, what: string): void {
  if (!OUTSIDE_NAMES.test(path)) return
  const name = JSON.stringify(path)
  throw new SluiceError('ERR_DATASET', `${what}: the name of the file ${name} has a backslash or ` +
    'a control character, and is not read; name others by data_files')
}

/** The parts of a file's name; of one without a revision, `main`. @throws SluiceError `ERR_FILES` for what is none */
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

/**
 * What ids of documents begin with: the name without its commit, so that a document keeps its id from one commit to the
 * next.
 */
export function withoutRevision (name: string): string {
  return name.replace(/^(hf:\/\/datasets\/[^@/]+(?:\/[^@/]+)?)@[^/]+/, '$1')
}

/** A path as it stands in an address: what has a meaning there is encoded, its slashes aren't. */
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
