import type { RequestKind } from './types.ts'

/** The request that an address of the Hub stands for. */
export interface Route {
  readonly kind: RequestKind
  readonly what:
    | 'info' | 'tree' | 'paths-info' | 'refs' | 'parquet' | 'resolve' | 'cached' | 'whoami' | 'viewer' | 'control'
    | 'none'
  readonly repo: string | null
  readonly revision: string
  /** The decoded path after the revision. */
  readonly path: string
}

const NONE: Route = { kind: 'api', what: 'none', repo: null, revision: 'main', path: '' }

const PARTS = ['tree', 'paths-info', 'refs', 'parquet', 'revision'] as const

/** @param host that the client used @param path of the address, as sent */
export function routeOf (host: string, path: string): Route {
  const segments = path.split('/').slice(1).filter((segment, i, all) => segment !== '' || i < all.length - 1)
  if (host.startsWith('datasets-server.')) return { ...NONE, what: 'viewer', path: segments.join('/') }
  if (segments[0] === 'stand-in') return { ...NONE, what: 'control', path: segments.slice(1).join('/') }
  if (path === '/api/whoami-v2') return { ...NONE, what: 'whoami' }
  if (path.startsWith('/api/resolve-cache/datasets/')) {
    const [repo, [revision = '', ...rest]] = repoAndRest(segments.slice(3), segment => /^[0-9a-f]{40}$/.test(segment))
    return { kind: 'file', what: 'cached', repo, revision, path: decoded(rest) }
  }
  if (path.startsWith('/api/datasets/')) return apiRoute(segments.slice(2))
  if (segments[0] === 'datasets') {
    const [repo, [part, ...rest]] = repoAndRest(segments.slice(1), segment => segment === 'resolve')
    const [revision, path] = revisionAndPath(rest)
    if (part === 'resolve') return { kind: 'resolve', what: 'resolve', repo, revision, path }
  }
  return NONE
}

function apiRoute (segments: readonly string[]): Route {
  const [repo, [name, ...rest]] = repoAndRest(segments, segment => PARTS.includes(segment as never))
  if (name === undefined) return { ...NONE, what: 'info', repo }
  const part = PARTS.find(part => part === name)
  if (part === undefined) return NONE
  if (part === 'refs' || part === 'parquet') return { ...NONE, what: part, repo, path: decoded(rest) }
  const [revision, path] = revisionAndPath(rest)
  return { ...NONE, what: part === 'revision' ? 'info' : part, repo, revision, path }
}

/** The name of a repository has two segments, or one if the next segment belongs to the API. */
function repoAndRest (
  segments: readonly string[],
  isPart: (segment: string) => boolean
): [repo: string, rest: string[]] {
  const length = segments.length < 2 || isPart(segments[1]!) ? 1 : 2
  return [decoded(segments.slice(0, length)), segments.slice(length)]
}

/** A revision is one segment with encoded slashes; those of `refs/` may be unencoded. */
function revisionAndPath (segments: readonly string[]): [revision: string, path: string] {
  const length = segments[0] === 'refs' ? 3 : 1
  return [decoded(segments.slice(0, length)) || 'main', decoded(segments.slice(length))]
}

function decoded (segments: readonly string[]): string {
  try {
    return decodeURIComponent(segments.join('/'))
  } catch {
    return segments.join('/')
  }
}
