import type { IncomingMessage } from 'node:http'
import { Refusal, commitFor, failure, json, redirect, repositoryFor } from './answers.ts'
import type { Answer } from './exchange.ts'
import { type Blob, type Commit, type Repository, filesBelow, sha1 } from './repository.ts'
import type { Route } from './routes.ts'
import type { Caller, State } from './state.ts'

/** A fixed date for all entries, so that responses are the same on every run. */
const DATE = '2024-05-06T07:08:09.000Z'

const AT_MOST_EXPANDED = 50

type Query = URLSearchParams

/** Answers to the Hub's API on datasets. */
export async function apiAnswer (
  state: State,
  route: Route,
  caller: Caller,
  request: IncomingMessage,
  query: Query
): Promise<Answer> {
  if (!['GET', 'HEAD', ...(route.what === 'paths-info' ? ['POST'] : [])].includes(request.method!)) {
    return failure(405, null, 'Method not allowed')
  }
  if (route.what === 'whoami') return whoami(caller)
  if (route.what === 'viewer') return viewer(state, route, caller, query)
  if (route.what === 'none') return failure(404, null, 'Sorry, we can\'t find the page you are looking for.')
  const repository = repositoryFor(state, route, caller)
  switch (route.what) {
    case 'tree': return tree(state, repository, route, query)
    case 'paths-info': return await pathsInfo(repository, route, request)
    case 'refs': return refs(repository, query)
    case 'parquet': return parquet(state, repository, route.path)
    default: return info(repository, commitFor(repository, route), query)
  }
}

function whoami (caller: Caller): Answer {
  return caller === 'nobody'
    ? failure(401, null, 'Invalid username or password.')
    : json({
      type: 'user',
      id: sha1(caller).slice(0, 24),
      name: caller,
      fullname: caller,
      isPro: false,
      orgs: [],
      auth: { type: 'access_token', accessToken: { displayName: 'test', role: 'read', createdAt: DATE } }
    })
}

function info (repository: Repository, commit: Commit, query: Query): Answer {
  const { name, private: isPrivate = false, gated = false, disabled = false } = repository.options
  const card = repository.card(commit)
  const blobs = isTrue(query.get('blobs'))
  const files = [...commit.files.values()]
  const all = {
    author: name.includes('/') ? name.split('/')[0] : undefined,
    sha: commit.id,
    lastModified: DATE,
    createdAt: DATE,
    private: isPrivate,
    gated,
    disabled,
    tags: [...licenses(card).map(license => `license:${String(license)}`), 'region:us'],
    description: '',
    downloads: 0,
    likes: 0,
    ...(card !== null && { cardData: card }),
    siblings: files.map(file => ({
      rfilename: file.path,
      ...(blobs &&
        {
          size: file.size,
          blobId: file.oid,
          ...(file.lfs && { lfs: { sha256: file.sha256, size: file.size, pointerSize: file.pointerSize } })
        })
    })),
    usedStorage: files.reduce((sum, { size }) => sum + size, 0)
  }
  const expand = [...query.getAll('expand'), ...query.getAll('expand[]')]
  const shown = expand.length === 0
    ? all
    : Object.fromEntries(Object.entries(all).filter(([key]) => expand.includes(key)))
  return json({ _id: sha1(name).slice(0, 24), id: name, ...shown })
}

function licenses (card: Record<string, unknown> | null): unknown[] {
  return card?.license === undefined ? [] : [card.license].flat()
}

/** The entries of a folder, optionally recursive; folders come before files. */
function tree (state: State, repository: Repository, route: Route, query: Query): Answer {
  const commit = commitFor(repository, route)
  const files = filesBelow(commit, route.path)
  if (files.length === 0 && route.path !== '') {
    throw new Refusal(failure(404, 'EntryNotFound', `${route.path} does not exist on "${route.revision}"`))
  }
  const depth = route.path === '' ? 0 : route.path.split('/').length
  const recursive = isTrue(query.get('recursive'))
  const expand = isTrue(query.get('expand'))
  const folders = new Set(files.flatMap(({ path }) =>
    foldersOf(path).filter((_, level) => level >= depth && (recursive || level === depth))))
  const direct = files.filter(({ path }) => recursive || path.split('/').length === depth + 1)
  const entries = [
    ...[...folders].map(path => ({ path, file: undefined })), ...direct.map(file => ({ path: file.path, file }))
  ]
  const size = Math.min(
    Number(query.get('limit') ?? state.options.pageSize ?? 1000), expand ? AT_MOST_EXPANDED : 10_000
  )
  const from = cursorPlace(query.get('cursor'), entries)
  const page = entries.slice(from, from + size)
  const isLast = from + size >= entries.length
  const next = new URLSearchParams(query)
  next.set('cursor', Buffer.from(JSON.stringify({ after: page.at(-1)?.path })).toString('base64'))
  const tree = `${state.endpoint}/api/datasets/${repository.options.name}/tree`
  const place = [route.revision, ...route.path === '' ? [] : [route.path]].map(encodeURIComponent).join('/')
  const listed = page.map(({ path, file }) => file === undefined
    ? folderEntry(commit, path, expand)
    : fileEntry(commit, file, expand))
  return json(listed, isLast ? {} : { Link: `<${tree}/${place}?${String(next)}>; rel="next"` })
}

function cursorPlace (cursor: string | null, entries: ReadonlyArray<{ readonly path: string }>): number {
  if (cursor === null) return 0
  const { after } = JSON.parse(Buffer.from(cursor, 'base64').toString()) as { after: string }
  return entries.findIndex(({ path }) => path === after) + 1
}

/** `a/b/c.txt`: `a`, `a/b`. */
function foldersOf (path: string): string[] {
  const names = path.split('/').slice(0, -1)
  return names.map((_, i) => names.slice(0, i + 1).join('/'))
}

function fileEntry (commit: Commit, file: Blob, expand: boolean): object {
  const { path, size, oid, lfs, sha256, pointerSize } = file
  return {
    type: 'file',
    oid,
    size,
    ...(lfs && { lfs: { oid: sha256, size, pointerSize } }),
    path,
    ...(expand &&
      { lastCommit: lastCommit(commit), securityFileStatus: { status: 'safe', avScan: null, pickleImportScan: null } })
  }
}

function folderEntry (commit: Commit, path: string, expand: boolean): object {
  const oid = sha1(filesBelow(commit, path).map(file => file.path + file.oid).join('\n'))
  return { type: 'directory', oid, size: 0, path, ...(expand && { lastCommit: lastCommit(commit) }) }
}

function lastCommit ({ id }: Commit): object {
  return { id, title: 'Files of a test', date: DATE }
}

/** Filters the paths in a form or in JSON for those that exist. */
async function pathsInfo (repository: Repository, route: Route, request: IncomingMessage): Promise<Answer> {
  if (request.method !== 'POST') return failure(405, null, 'Method not allowed')
  const commit = commitFor(repository, route)
  const body = await bodyOf(request)
  const isJson = request.headers['content-type']?.includes('json') === true
  const { paths = [], expand = false } = isJson
    ? JSON.parse(body) as { paths?: string | string[], expand?: boolean }
    : { paths: new URLSearchParams(body).getAll('paths'), expand: isTrue(new URLSearchParams(body).get('expand')) }
  return json([paths].flat().flatMap(path => {
    const file = commit.files.get(path)
    if (file !== undefined) return [fileEntry(commit, file, expand)]
    return filesBelow(commit, path).length > 0 && path !== '' ? [folderEntry(commit, path, expand)] : []
  }))
}

export async function bodyOf (request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

function refs (repository: Repository, query: Query): Answer {
  const of = (prefix: string): object[] => repository.refs().filter(([ref]) => ref.startsWith(prefix))
    .map(([ref, targetCommit]) => ({ name: ref.slice(prefix.length), ref, targetCommit }))
  return json({
    branches: of('refs/heads/'),
    converts: of('refs/convert/'),
    tags: of('refs/tags/'),
    ...(isTrue(query.get('include_prs')) && { pullRequests: of('refs/pr/') })
  })
}

interface Converted {
  readonly config: string
  readonly split: string
  readonly file: Blob
}

/** Files of the conversion to parquet, in `{config}/{split}/0000.parquet`; partial ones in `partial-{split}`. */
function converted (repository: Repository): Converted[] {
  return [...repository.at('refs/convert/parquet')?.files.values() ?? []].flatMap(file => {
    const [config, split, name] = file.path.split('/')
    return name?.endsWith('.parquet') === true
      ? [{ config: config!, split: split!.replace(/^partial-/, ''), file }]
      : []
  })
}

/** Addresses of the converted files by subset and split. The path may select a subset, a split or a file. */
function parquet (state: State, repository: Repository, path: string): Answer {
  const files = converted(repository)
  if (files.length === 0) return failure(404, null, 'The parquet files of this dataset are not ready.')
  const [config, split, name] = path === '' ? [] : path.split('/')
  const listed: Record<string, Record<string, string[]>> = {}
  for (const { config, split } of files) {
    const addresses = (listed[config] ??= {})[split] ??= []
    addresses.push(
      `${state.endpoint}/api/datasets/${repository.options.name}/parquet/${config}/${split}/${addresses.length}.parquet`
    )
  }
  if (name !== undefined) {
    const file = files.filter(file => file.config === config && file.split === split)[Number.parseInt(name)]?.file
    return file === undefined
      ? failure(404, 'EntryNotFound', 'Entry not found')
      : redirect(302,
        `/datasets/${repository.options.name}/resolve/${encodeURIComponent('refs/convert/parquet')}/${file.path}`)
  }
  const found = config === undefined ? listed : split === undefined ? listed[config] : listed[config]?.[split]
  return found === undefined ? failure(404, null, 'Not found') : json(found)
}

/**
 * The dataset viewer, which has the host prefix `datasets-server.` on the real Hub; this one has no column features.
 */
function viewer (state: State, route: Route, caller: Caller, query: Query): Answer {
  if (route.path !== 'parquet') return failure(404, 'ResponseNotFound', 'Not found.')
  const repository = repositoryFor(state, { ...route, repo: query.get('dataset') }, caller, true)
  const { name, partial } = repository.options
  const files = converted(repository)
  if (files.length === 0) return failure(500, 'UnexpectedError', 'The dataset could not be converted.')
  return json({
    parquet_files: files.map(({ config, split, file }) => ({
      dataset: name,
      config,
      split,
      url: `${state.endpoint}/datasets/${name}/resolve/${encodeURIComponent('refs/convert/parquet')}/${file.path}`,
      filename: file.path.split('/').at(-1),
      size: file.size
    })),
    features: null,
    pending: [],
    failed: [],
    partial: partial ?? files.some(({ file }) => file.path.includes('/partial-'))
  }, { 'X-Revision': repository.main.id })
}

function isTrue (value: string | null): boolean {
  return value !== null && ['true', '1'].includes(value.toLowerCase())
}
