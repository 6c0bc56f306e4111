import { SluiceError, allInOrder } from '../errors.ts'
import { type HubAddress, checkName, hubAddress, hubName, isCommit, isRevision } from './address.ts'
import { HubHttp } from './http.ts'
import { answered, entries, filesOnPage, nextPage, revisionAnswer } from './responses.ts'
import type { Tell } from './retries.ts'
import { type HubOptions, hubSettings } from './settings.ts'
import type { HubFile } from './types.ts'

/** A file of a dataset at a commit, with its size and hashes. */
export interface RemoteFile extends HubAddress {
  /** `hf://datasets/owner/name@commit/path` */
  readonly name: string
  /** In bytes. */
  readonly size: number
  /** SHA-1 of the git blob. */
  readonly oid: string
  /** SHA-256 of the content; null where the Hub doesn't give it. */
  readonly sha256: string | null
}

/** Options of each call to the Hub. */
export interface HubRun {
  /** Aborts the call. */
  readonly signal?: AbortSignal | undefined
  /** Called with a message before a long wait. */
  readonly tell?: Tell | undefined
}

/** Entries requested per page of a listing. */
const PAGE_FILES = 1000

/** A listing may have this many pages that aren't full, and one more for each MIN_ON_A_PAGE entries. */
const SPARE_PAGES = 100
const MIN_ON_A_PAGE = 100

/** Maximum length of a path, on average. */
const MAX_CHARACTERS = 200

/** Paths per request. */
const PATHS_AT_ONCE = 200

/** Listings and files of a hub by commit. They never change, so all clients of the same hub share them. */
class Known {
  readonly listings = new Map<string, Asked<readonly HubFile[]>>()
  readonly files = new Map<string, RemoteFile>()
}

/**
 * A client of the Hugging Face Hub, or of another server with its API. Each branch or tag is resolved once, so it names
 * the same commit for the lifetime of the object. `theHub` creates one from the environment.
 */
export class Hub {
  readonly http: HubHttp
  readonly #commits = new Map<string, Asked<string>>()
  readonly #listings: Known['listings']
  readonly #files: Known['files']

  /** @param known listings and files shared with other clients of the same hub */
  constructor (http: HubHttp, { listings, files } = new Known()) {
    this.http = http
    this.#listings = listings
    this.#files = files
  }

  /**
   * The commit that a branch or a tag named when it was first requested.
   *
   * @throws SluiceError `ERR_DATASET` if there is no such dataset or revision; `ERR_HUB`
   */
  commitOf (dataset: string, revision: string, run: HubRun = {}): Promise<string> {
    if (isCommit(revision)) return Promise.resolve(revision)
    return once(this.#commits, `${dataset}@${revision}`, run, () => this.#commitOf(dataset, revision, run))
  }

  /** The commits that were requested so far, or given by `useCommits`, by `OWNER/NAME@REVISION`. */
  async commits (): Promise<Record<string, string>> {
    const all = [...this.#commits].map(async ([of, { answer }]) => [of, await answer] as const)
    return Object.fromEntries((await allInOrder(all)).sort(([a], [b]) => a < b ? -1 : 1))
  }

  /** Makes branches and tags name these commits, such as those of an earlier run that is resumed. */
  useCommits (commits: Readonly<Record<string, string>>): void {
    for (const [of, commit] of Object.entries(commits)) {
      this.#commits.set(of, { answer: Promise.resolve(commit), signal: undefined })
    }
  }

  /** Whether a dataset has a revision. @throws SluiceError `ERR_HUB` */
  async hasRevision (dataset: string, revision: string, run: HubRun = {}): Promise<boolean> {
    try {
      await this.commitOf(dataset, revision, run)
      return true
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'ERR_DATASET') return false
      throw error
    }
  }

  /**
   * All files of a dataset at a commit, in code-unit order of their paths. Requested once.
   *
   * @throws SluiceError `ERR_DATASET`, `ERR_HUB`
   */
  files (dataset: string, commit: string, run: HubRun = {}): Promise<readonly HubFile[]> {
    return once(this.#listings, `${dataset}@${commit}`, run, () => this.#list(dataset, commit, run))
  }

  /**
   * Looks up files by name; the revision in each name must be a commit.
   *
   * @throws SluiceError `ERR_DATASET` for a file that doesn't exist; `ERR_HUB`
   */
  async remoteFiles (names: readonly string[], run: HubRun = {}): Promise<RemoteFile[]> {
    const missing = names.filter(name => !this.#files.has(name)).map(hubAddress)
    while (missing.length > 0) {
      const { dataset, revision } = missing[0]!
      const end = missing.findIndex(other => other.dataset !== dataset || other.revision !== revision)
      const ofOneCommit = end === -1 ? missing.length : end
      await this.#askPaths(missing.splice(0, Math.min(ofOneCommit, PATHS_AT_ONCE)), run)
    }
    return names.map(name => this.#files.get(name)!)
  }

  /** Looks up a file by name, like `remoteFiles`. @throws SluiceError `ERR_DATASET`, `ERR_HUB` */
  async remoteFile (name: string, run: HubRun = {}): Promise<RemoteFile> {
    return (await this.remoteFiles([name], run))[0]!
  }

  /**
   * Keeps files from a listing, so that looking them up needs no request.
   *
   * @throws SluiceError `ERR_DATASET` for a name with control characters or backslashes
   */
  know (dataset: string, commit: string, files: readonly HubFile[]): RemoteFile[] {
    return files.map(({ path, size, oid, sha256 }) => {
      checkName(path, `${dataset}@${commit}`)
      const address = { dataset, revision: commit, path }
      const name = hubName(address)
      const file = { ...address, name, size, oid, sha256 }
      this.#files.set(name, file)
      return file
    })
  }

  async #commitOf (dataset: string, revision: string, run: HubRun): Promise<string> {
    if (!isRevision(revision)) {
      throw new SluiceError('ERR_DATASET', `${dataset}: ${JSON.stringify(revision)} can't be a revision; ` +
        'expected a branch, a tag or a commit, such as main')
    }
    const what = `${dataset}@${revision}`
    const path = `/api/datasets/${dataset}/revision/${encodeURIComponent(revision)}`
    const { value } = await this.http.json(path, what, run)
    return answered(revisionAnswer, value, what).sha
  }

  async #list (dataset: string, commit: string, run: HubRun): Promise<readonly HubFile[]> {
    const what = `${dataset}@${commit}`
    const found = new Map<string, HubFile>()
    let next: string | null = `/api/datasets/${dataset}/tree/${commit}?recursive=true&limit=${PAGE_FILES}`
    const seen = new Set<string>()
    let [count, characters] = [0, 0]
    const { mostEntries } = this.http.settings
    while (next !== null) {
      if (seen.has(next)) throw new SluiceError('ERR_HUB', `${what}: its listing repeats a page`)
      seen.add(next)
      const { value, headers } = await this.http.json(next, what, run)
      const page = answered(entries, value, what)
      count += page.length
      for (const { path } of page) characters += path.length
      const isTooLong = count > mostEntries || characters > MAX_CHARACTERS * mostEntries
      if (isTooLong || seen.size > SPARE_PAGES + count / MIN_ON_A_PAGE) {
        throw new SluiceError('ERR_HUB', `${what}: its listing doesn't end: ` +
          `received ${seen.size} pages with ${count} entries, ` +
          `expected at most ${mostEntries} entries, ${MAX_CHARACTERS} characters each on average; ` +
          `to read files without it, name them as ${hubName({ dataset, revision: commit, path: 'PATH' })}`)
      }
      for (const file of filesOnPage(page, what)) found.set(file.path, file)
      next = nextPage(headers.link)
    }
    return [...found.values()].sort((a, b) => a.path < b.path ? -1 : 1)
  }

  /** Looks up files of one dataset and revision. */
  async #askPaths (addresses: readonly HubAddress[], run: HubRun): Promise<void> {
    const { dataset, revision } = addresses[0]!
    const what = `${dataset}@${revision}`
    const paths = addresses.map(({ path }) => path)
    const api = `/api/datasets/${dataset}/paths-info/${encodeURIComponent(revision)}`
    const { value } = await this.http.json(api, what, {
      ...run,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ paths, expand: false })
    })
    const found = new Map(filesOnPage(answered(entries, value, what), what).map(file => [file.path, file]))
    const missing = paths.find(path => !found.has(path))
    if (missing !== undefined) {
      const page = `${this.http.settings.endpoint}/datasets/${dataset}/tree/${revision}`
      throw new SluiceError('ERR_DATASET', `${what}: has no file ${missing}; its files are listed on ${page}`)
    }
    this.know(dataset, revision, paths.map(path => found.get(path)!))
  }
}

const connections = new Map<string, HubHttp>()
const knownOf = new Map<string, Known>()

/**
 * Creates a client of the Hub that the environment names (`HF_ENDPOINT`, `HF_TOKEN`, …). Each client resolves branches
 * and tags anew. Clients with the same options share connections and rate limits. All clients of the same hub share
 * what they have read about commits.
 *
 * @throws SluiceError as `hubSettings`
 */
export async function theHub (options: HubOptions = {}): Promise<Hub> {
  const settings = await hubSettings(options)
  const place = JSON.stringify([settings.endpoint, settings.token])
  const known = knownOf.get(place) ?? new Known()
  knownOf.set(place, known)
  const key = JSON.stringify(settings)
  const http = connections.get(key) ?? new HubHttp(settings)
  connections.set(key, http)
  return new Hub(http, known)
}

/** Closes all connections and clears the caches. Pending reads fail. */
export async function closeHubs (): Promise<void> {
  const open = [...connections.values()]
  connections.clear()
  knownOf.clear()
  await Promise.all(open.map(async http => { await http.close() }))
}

/** A request, and the signal of the caller that started it. */
interface Asked<T> {
  readonly answer: Promise<T>
  readonly signal: AbortSignal | undefined
}

/**
 * Makes a request once, and shares its result; a failed one is forgotten. If the caller that started it has aborted,
 * the next caller makes it again.
 */
async function once<T> (
  kept: Map<string, Asked<T>>,
  key: string,
  { signal }: HubRun,
  make: () => Promise<T>
): Promise<T> {
  for (;;) {
    const asked = kept.get(key) ?? { answer: make(), signal }
    kept.set(key, asked)
    try {
      return await asked.answer
    } catch (error) {
      if (kept.get(key) === asked) kept.delete(key)
      if (asked.signal === signal || asked.signal?.aborted !== true) throw error
      signal?.throwIfAborted()
    }
  }
}
