import { z } from 'zod'
import { SluiceError } from '../errors.ts'
import { type HubAddress, checkName, hubAddress, hubName, isCommit, isRepositoryPath, isRevision } from './address.ts'
import { HubHttp } from './http.ts'
import type { Tell } from './retries.ts'
import { type HubOptions, hubSettings } from './settings.ts'
import type { HubFile } from './types.ts'

/** A file at a commit, as its name says, with what is known of it. */
export interface RemoteFile extends HubAddress {
  /** `hf://datasets/owner/name@commit/path` */
  readonly name: string
  readonly size: number
  readonly oid: string
  readonly sha256: string | null
}

/** What goes along with what is asked of the Hub. */
export interface HubRun {
  readonly signal?: AbortSignal | undefined
  /** Told of waits. */
  readonly tell?: Tell | undefined
}

/** A page of a listing, at most so many. */
const PAGE_FILES = 1000

/** The Hub fills its pages: so many there may be that are not full, and one more for so many entries. */
const SPARE_PAGES = 100
const LEAST_ON_A_PAGE = 100

/** Of a path, on average. */
const MOST_CHARACTERS = 200

/** Paths that are asked for at once. */
const PATHS_AT_ONCE = 200

const entry = z.object({
  type: z.string(),
  path: z.string(),
  size: z.int().min(0),
  oid: z.string(),
  lfs: z.object({ oid: z.string(), size: z.int().min(0) }).nullish()
})

const entries = z.array(entry)

/** What is known of commits of a hub: that never changes, so that all who ask the same hub share it. */
class Known {
  readonly listings = new Map<string, Asked<readonly HubFile[]>>()
  readonly files = new Map<string, RemoteFile>()
}

/**
 * The Hub as the environment says where it is, as a run sees it: a branch or a tag names the same commit for as long as
 * this object is held.
 */
export class Hub {
  readonly http: HubHttp
  readonly #commits = new Map<string, Asked<string>>()
  readonly #listings: Known['listings']
  readonly #files: Known['files']

  /** @param known what others know who ask the same hub */
  constructor (http: HubHttp, { listings, files } = new Known()) {
    this.http = http
    this.#listings = listings
    this.#files = files
  }

  /**
   * The commit that a branch or a tag names when it is first asked for.
   *
   * @throws SluiceError `ERR_DATASET` when there is no such dataset or revision, `ERR_HUB`
   */
  commitOf (dataset: string, revision: string, run: HubRun = {}): Promise<string> {
    return isCommit(revision) ? Promise.resolve(revision) : once(this.#commits, `${dataset}@${revision}`, run, () => this.#commitOf(dataset, revision, run))
  }

  /** Whether a revision is there. @throws SluiceError `ERR_HUB` */
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
   * All files at a commit, in code-unit order of their paths; asked for once.
   *
   * @throws SluiceError `ERR_DATASET`, `ERR_HUB`
   */
  files (dataset: string, commit: string, run: HubRun = {}): Promise<readonly HubFile[]> {
    return once(this.#listings, `${dataset}@${commit}`, run, () => this.#list(dataset, commit, run))
  }

  /**
   * What is known of files by their names, which have commits.
   *
   * @throws SluiceError `ERR_DATASET` for one that isn't there, `ERR_HUB`
   */
  async remoteFiles (names: readonly string[], run: HubRun = {}): Promise<RemoteFile[]> {
    const missing = names.filter(name => !this.#files.has(name)).map(hubAddress)
    while (missing.length > 0) {
      const { dataset, revision } = missing[0]!
      const end = missing.findIndex(other => other.dataset !== dataset || other.revision !== revision)
      await this.#askPaths(`${dataset}@${revision}`, missing.splice(0, Math.min(end === -1 ? Infinity : end, PATHS_AT_ONCE)), run)
    }
    return names.map(name => this.#files.get(name)!)
  }

  async remoteFile (name: string, run: HubRun = {}): Promise<RemoteFile> {
    return (await this.remoteFiles([name], run))[0]!
  }

  /**
   * Keeps what is known of files, so that nobody has to ask.
   *
   * @throws SluiceError `ERR_DATASET` for one whose name isn't read
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
      const given = JSON.stringify(revision)
      throw new SluiceError('ERR_DATASET', `${dataset}: ${given} can't be a revision; expected a branch, a tag or a commit, such as main`)
    }
    const { value } = await this.http.json(`/api/datasets/${dataset}/revision/${encodeURIComponent(revision)}`, `${dataset}@${revision}`, run)
    const { sha } = answered(z.object({ sha: z.string().regex(/^[0-9a-f]{40}$/) }), value, `${dataset}@${revision}`)
    return sha
  }

  async #list (dataset: string, commit: string, run: HubRun): Promise<readonly HubFile[]> {
    const what = `${dataset}@${commit}`
    const found = new Map<string, HubFile>()
    let next: string | null = `/api/datasets/${dataset}/tree/${commit}?recursive=true&limit=${PAGE_FILES}`
    const seen = new Set<string>()
    let [count, characters] = [0, 0]
    const { mostEntries } = this.http.settings
    while (next !== null) {
      if (seen.has(next)) throw new SluiceError('ERR_HUB', `${what}: its listing comes back to where it was`)
      seen.add(next)
      const { value, headers } = await this.http.json(next, what, run)
      const page = answered(entries, value, what)
      count += page.length
      for (const { path } of page) characters += path.length
      const isTooLong = count > mostEntries || characters > MOST_CHARACTERS * mostEntries
      if (isTooLong || seen.size > SPARE_PAGES + count / LEAST_ON_A_PAGE) {
        throw new SluiceError('ERR_HUB', `${what}: its listing doesn't end: ${seen.size} pages with ${count} entries have come, ` +
          `expected at most ${mostEntries} entries, ${MOST_CHARACTERS} characters each on average; ` +
          `files can be named without it, as ${hubName({ dataset, revision: commit, path: 'PATH' })}`)
      }
      for (const file of filesOnPage(page, what)) found.set(file.path, file)
      next = nextPage(headers.link)
    }
    return [...found.values()].sort((a, b) => a.path < b.path ? -1 : 1)
  }

  async #askPaths (key: string, addresses: readonly HubAddress[], run: HubRun): Promise<void> {
    const { dataset, revision } = addresses[0]!
    const { value } = await this.http.json(`/api/datasets/${dataset}/paths-info/${encodeURIComponent(revision)}`, key, {
      ...run, method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ paths: addresses.map(({ path }) => path), expand: false })
    })
    const answer = new Map(filesOnPage(answered(entries, value, key), key).map(file => [file.path, file]))
    const missing = addresses.find(({ path }) => !answer.has(path))
    if (missing !== undefined) throw new SluiceError('ERR_DATASET', `${key}: has no file ${missing.path}; those there are, are on ${this.http.settings.endpoint}/datasets/${dataset}/tree/${revision}`)
    this.know(dataset, revision, addresses.map(({ path }) => answer.get(path)!))
  }
}

const connections = new Map<string, HubHttp>()
const knownOf = new Map<string, Known>()

/**
 * The Hub that the environment names, as it is from now on: each call gives an object of its own, for which branches
 * and tags are looked up anew. All that ask with the same options share their connections, and wait together when it
 * asks to; what is known of commits is shared by all.
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

/** Lets go of all connections, and forgets what is known. What is being read fails. */
export async function closeHubs (): Promise<void> {
  const open = [...connections.values()]
  connections.clear()
  knownOf.clear()
  await Promise.all(open.map(async http => { await http.close() }))
}

function fileOf ({ path, size, oid, lfs }: z.output<typeof entry>): HubFile {
  return { path, size: lfs?.size ?? size, oid, sha256: lfs != null && /^[0-9a-f]{64}$/.test(lfs.oid) ? lfs.oid : null }
}

/** The files among entries. @throws SluiceError `ERR_HUB` for one that no repository can have */
function filesOnPage (page: z.output<typeof entries>, what: string): HubFile[] {
  const wrong = page.find(({ path }) => !isRepositoryPath(path))
  if (wrong !== undefined) {
    const path = JSON.stringify(wrong.path.slice(0, 200))
    throw new SluiceError('ERR_HUB', `${what}: the Hub lists ${path}, which is no path in a repository, and is not asked for`)
  }
  return page.filter(({ type }) => type === 'file').map(fileOf)
}

/** The address of the next page (RFC 8288); null on the last one. */
function nextPage (link: string | string[] | undefined): string | null {
  const [, next] = /<([^<>]+)>\s*;[^,<]*\brel="?next"?/.exec([link ?? []].flat().join(', ')) ?? []
  return next ?? null
}

function answered<S extends z.ZodType> (schema: S, value: unknown, what: string): z.output<S> {
  const { data, error } = schema.safeParse(value)
  if (data === undefined) throw new SluiceError('ERR_HUB', `${what}: the Hub answers what it does not by its documentation (${error!.issues[0]!.path.join('.')}: ${error!.issues[0]!.message}); is HF_ENDPOINT the address of a hub?`)
  return data
}

/** What was asked for, and who may end that. */
interface Asked<T> {
  readonly answer: Promise<T>
  readonly signal: AbortSignal | undefined
}

/** Keeps what was begun; what has failed is forgotten. Where the one who asked first has gone, the next one asks. */
async function once<T> (kept: Map<string, Asked<T>>, key: string, { signal }: HubRun, make: () => Promise<T>): Promise<T> {
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
