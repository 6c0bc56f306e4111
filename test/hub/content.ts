import { gzipSync } from 'node:zlib'
import { Refusal, commitFor, failure, redirect, repositoryFor } from './answers.ts'
import type { Answer, Exchange } from './exchange.ts'
import { type Blob, sha1 } from './repository.ts'
import type { Route } from './routes.ts'
import type { Caller, State } from './state.ts'

/** Smaller text isn't compressed. */
const LEAST_GZIPPED = 1000

/** The address of a file: an LFS file is on the CDN, others are in a cache of the Hub, which has a relative address. */
export function resolveAnswer (state: State, exchange: Exchange, route: Route, caller: Caller): Answer {
  const { repo, file, commit, headers } = found(state, route, caller)
  if (exchange.met('loop') !== null) return redirect(302, exchange.request.url!, headers)
  if (file.lfs) return redirect(302, state.sign({ repo, file: file.path, sha256: file.sha256 }), headers)
  const asked = new URLSearchParams({ [exchange.request.url!.split('?')[0]!]: '', etag: `"${file.oid}"` })
  return redirect(
    307, `/api/resolve-cache/datasets/${repo}/${commit}/${encodePath(file.path)}?${String(asked)}`, headers
  )
}

/** The bytes of a file that isn't in LFS. */
export function cachedAnswer (state: State, exchange: Exchange, route: Route, caller: Caller): Answer {
  const { file, headers } = found(state, route, caller)
  return content(state, exchange, file, file.oid, {
    ...headers, 'Content-Type': 'text/plain; charset=utf-8', 'Content-Disposition': disposition(file.path)
  })
}

function found (
  state: State,
  route: Route,
  caller: Caller
): { repo: string, commit: string, file: Blob, headers: Record<string, string> } {
  const repository = repositoryFor(state, route, caller, true)
  const { id, files } = commitFor(repository, route)
  const file = files.get(route.path)
  const headers = { 'X-Repo-Commit': id, 'Accept-Ranges': 'bytes' }
  if (file === undefined) throw new Refusal(failure(404, 'EntryNotFound', 'Entry not found', headers))
  return {
    repo: repository.options.name,
    commit: id,
    file,
    headers: {
      ...headers, 'X-Linked-Size': String(file.size), 'X-Linked-ETag': `"${file.lfs ? file.sha256 : file.oid}"`
    }
  }
}

/** The CDN: a file for a signed address. A token that is sent to it has leaked, which is logged. */
export function cdnAnswer (state: State, exchange: Exchange, address: URL): Answer {
  const { authorization, cookie } = exchange.request.headers
  const { token, stranger } = state.options
  const told = [
    authorization,
    cookie,
    ...[token, stranger].filter(secret =>
      secret !== undefined && JSON.stringify([exchange.request.url, exchange.request.headers]).includes(secret))
  ]
  if (told.some(secret => secret !== undefined)) {
    state.leaks.push(`${exchange.log.method} ${address.pathname}`)
    return xml(400, 'InvalidArgument', 'Only one auth mechanism allowed')
  }
  const grant = state.grant(address)
  if (grant === undefined) {
    return xml(403, 'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided.')
  }
  if (exchange.met('expired') !== null) state.revoke(grant)
  if (state.hasExpired(grant)) return xml(403, 'AccessDenied', 'Request has expired')
  const file = state.repository(grant.repo).blob(grant.sha256)!
  // Storage names content by other hashes than the Hub, so its ETag isn't X-Linked-ETag.
  return content(state, exchange, file, sha1(`storage ${file.sha256}`).slice(0, 32), {
    'Content-Type': 'application/octet-stream',
    'Content-Disposition': address.searchParams.get('response-content-disposition')!
  })
}

/**
 * The response for a file's bytes: all of them, a range, or nothing, by the conditions of the request (RFC 9110,
 * sections 13 and 14).
 */
function content (
  state: State,
  exchange: Exchange,
  file: Blob,
  hash: string,
  more: Readonly<Record<string, string>>
): Answer {
  if (exchange.met('changed') !== null) state.changed.add(file.sha256)
  const changed = state.changed.has(file.sha256)
  const etag = `"${changed ? sha1(hash).slice(0, hash.length) : hash}"`
  const headers = { ...more, ETag: etag, 'Accept-Ranges': 'bytes', 'Last-Modified': 'Mon, 06 May 2024 07:08:09 GMT' }
  const asked = exchange.request.headers
  if (asked['if-match'] !== undefined && !tags(asked['if-match']).includes(etag)) {
    return xml(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold')
  }
  if (asked['if-none-match'] !== undefined && tags(asked['if-none-match']).includes(etag)) {
    return { status: 304, headers }
  }
  const ifRange = asked['if-range']
  const range = exchange.met('whole') !== null || (ifRange !== undefined && ifRange !== etag)
    ? undefined
    : rangeOf(asked.range, file.size)
  if (range === 'none') {
    return {
      ...xml(416, 'InvalidRange', 'The requested range is not satisfiable'),
      headers: { 'Content-Type': 'application/xml', 'Content-Range': `bytes */${file.size}` }
    }
  }
  if (range !== undefined) {
    const [start, end] = range
    return {
      status: 206,
      headers: { ...headers, 'Content-Range': `bytes ${start}-${end - 1}/${file.size}` },
      body: { content: file.content, start, end, changed }
    }
  }
  if (isGzipped(state, exchange, file) && !changed) {
    return {
      status: 200,
      headers: { ...headers, 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding', ETag: `W/${etag}` },
      body: gzipSync(file.content as Buffer),
      chunked: true
    }
  }
  return { status: 200, headers, body: { content: file.content, start: 0, end: file.size, changed } }
}

function isGzipped (state: State, { request }: Exchange, file: Blob): boolean {
  return state.options.gzip !== false && !file.lfs && file.size >= LEAST_GZIPPED && Buffer.isBuffer(file.content) &&
    /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
}

/** Start and end, exclusive; `none` if there is no such range; undefined if no range, or several, are requested. */
function rangeOf (header: string | undefined, size: number): [start: number, end: number] | 'none' | undefined {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? []
  if (from === undefined || to === undefined || (from === '' && to === '')) return undefined
  if (from === '') return to === '0' || size === 0 ? 'none' : [Math.max(0, size - Number(to)), size]
  if (to !== '' && Number(to) < Number(from)) return undefined
  return Number(from) >= size ? 'none' : [Number(from), to === '' ? size : Math.min(size, Number(to) + 1)]
}

function tags (header: string): string[] {
  return header.split(',').map(tag => tag.trim().replace(/^W\//, ''))
}

/** An error in the form of the storage. */
function xml (status: number, code: string, message: string): Answer {
  return {
    status,
    headers: { 'Content-Type': 'application/xml' },
    body: Buffer.from('<?xml ' +
      `version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`)
  }
}

function disposition (path: string): string {
  const name = encodeURIComponent(path.split('/').at(-1)!)
  return `inline; filename*=UTF-8''${name}; filename="${name}";`
}

function encodePath (path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}
