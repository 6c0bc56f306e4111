import { SluiceError } from '../errors.ts'
import { urlPath } from './address.ts'
import { type ContentHash, gitBlobHash, sha256Hash } from './content-hash.ts'
import { asTransient } from './failures.ts'
import type { HubAnswer } from './http.ts'
import type { Hub, HubRun, RemoteFile } from './hub.ts'
import { refusal } from './refusals.ts'
import { Retries, Transient } from './retries.ts'

/** The part of a file to download, and how. */
export interface DownloadOptions extends HubRun {
  /** First byte. @default 0 */
  readonly start?: number
  /** End, exclusive. @default the file's size */
  readonly end?: number
}

/**
 * Yields the bytes of a file, or of a part of it. If a connection breaks or stalls, the download resumes at the next
 * byte. A file that is read as a whole is compared with the hash in its listing.
 *
 * @throws SluiceError `ERR_HUB`, `ERR_DATASET`; `ERR_SOURCE` for a file that differs from its listing, or changes while
 *   it is read
 */
export async function * download (
  hub: Hub,
  file: RemoteFile,
  { start = 0, end = file.size, ...run }: DownloadOptions = {}
): AsyncGenerator<Buffer> {
  const retries = new Retries(labelOf(file), hub.http.settings, run.signal, run.tell)
  const source = sourceOf(hub, file)
  const hash = start === 0 && end === file.size ? checkedHash(file) : null
  let at = start
  try {
    while (at < end) {
      try {
        for await (const chunk of source.open(at, end, run)) {
          at += chunk.length
          retries.progress()
          await hash?.update(chunk)
          yield chunk
        }
        if (at < end) throw new Transient(`the response ended ${end - at} bytes early`)
      } catch (error) {
        await retries.wait(asTransient(error, labelOf(file), run.signal))
      }
    }
    await hash?.check()
  } finally {
    hash?.close()
  }
}

/** Collects what `download` yields in memory. @throws SluiceError as `download` */
export async function downloadWhole (hub: Hub, file: RemoteFile, options: DownloadOptions = {}): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of download(hub, file, options)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** The name of a file in messages: never its signed URL. */
function labelOf ({ dataset, revision, path }: RemoteFile): string {
  return `${dataset}@${revision}: ${path}`
}

const sources = new WeakMap<Hub, Map<string, Source>>()

/** All readers of the same file share a source, and with it the signed URL. */
function sourceOf (hub: Hub, file: RemoteFile): Source {
  const known = sources.get(hub) ?? new Map<string, Source>()
  sources.set(hub, known)
  const source = known.get(file.name) ?? new Source(hub, file)
  known.set(file.name, source)
  return source
}

/** The URLs that a file is read from. */
class Source {
  readonly #hub: Hub
  readonly #file: RemoteFile
  readonly #resolve: URL
  #signed: URL | undefined // the target of the Hub's redirect
  readonly #etags = new Map<string, string>() // by host

  constructor (hub: Hub, file: RemoteFile) {
    this.#hub = hub
    this.#file = file
    const { dataset, revision, path } = file
    this.#resolve = new URL(
      `${hub.http.settings.endpoint}/datasets/${dataset}/resolve/${encodeURIComponent(revision)}/${urlPath(path)}`
    )
  }

  /** The bytes from `at` to `end`, or fewer if the response ends before that. @throws Transient, SluiceError */
  async * open (at: number, end: number, run: HubRun): AsyncGenerator<Buffer> {
    const answer = await this.#ask(at, end, run)
    let left = end - at
    try {
      let skip = this.#begin(answer, at)
      const isAll = Number(answer.headers['content-length']) === skip + left
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        const wanted = chunk.subarray(skip, skip + left)
        skip -= Math.min(skip, chunk.length)
        left -= wanted.length
        if (wanted.length > 0) yield wanted
        if (left === 0 && !isAll) break // a complete response is read to its end, so that its connection is reused
      }
    } finally {
      answer.body.on('error', () => {}).destroy()
    }
  }

  async #ask (at: number, end: number, run: HubRun): Promise<HubAnswer> {
    const url = this.#signed ?? this.#resolve
    const etag = this.#etags.get(url.origin)
    const isPart = at > 0 || end < this.#file.size
    const headers = isPart
      ? { range: `bytes=${at}-${end - 1}`, ...(etag?.startsWith('"') && { 'if-range': etag }) }
      : {}
    try {
      const answer = await this.#hub.http.send(url, labelOf(this.#file), { ...run, headers })
      if (answer.url.origin !== this.#resolve.origin) this.#signed = answer.url
      return answer
    } catch (error) {
      if (this.#signed === url) this.#signed = undefined // the next request gets another from the Hub
      throw error
    }
  }

  /** Checks a response before its body is read. @returns how many of its bytes come before the requested ones */
  #begin ({ status, headers, linked, url }: HubAnswer, at: number): number {
    const { size, sha256, revision } = this.#file
    if (status === 416) throw this.#changed(`it has fewer than ${at} bytes`)
    if (status >= 400) {
      throw refusal(labelOf(this.#file), status, { ...headers, ...linked }, '', this.#hub.http.settings)
    }
    if (status !== 200 && status !== 206) throw new Transient(`${url.host} responds with ${status}`)
    const linkedSize = linked['x-linked-size']
    if (linkedSize !== undefined && Number(linkedSize) !== size) {
      throw this.#changed(`it has ${String(linkedSize)} bytes, expected ${size} by its listing`)
    }
    const linkedHash = plainTag(linked['x-linked-etag'])
    if (sha256 !== null && /^[0-9a-f]{64}$/.test(linkedHash) && linkedHash !== sha256) {
      throw this.#changed(`its SHA-256 is ${linkedHash}, expected ${sha256} by its listing`)
    }
    const commit = linked['x-repo-commit']
    if (commit !== undefined && commit !== revision) throw this.#changed(`it is now at commit ${String(commit)}`)
    if (headers.etag !== undefined) {
      const [before, now] = [this.#etags.get(url.origin), String(headers.etag)]
      if (before !== undefined && plainTag(before) !== plainTag(now)) {
        throw this.#changed(`its ETag was ${before}, and is ${now}`)
      }
      this.#etags.set(url.origin, now)
    }
    if (status === 200) {
      const length = headers['content-length']
      if (length !== undefined && Number(length) !== size) {
        throw new Transient(`${url.host} announces ${String(length)} bytes, expected ${size} by its listing`)
      }
      return at
    }
    const [, from, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(String(headers['content-range'] ?? '')) ?? []
    if (Number(from) !== at) throw new Transient(`${url.host} responds with another range than requested`)
    if (total !== '*' && Number(total) !== size) {
      throw this.#changed(`it has ${total!} bytes, expected ${size} by its listing`)
    }
    return 0
  }

  #changed (how: string): SluiceError {
    return new SluiceError('ERR_SOURCE', `${labelOf(this.#file)}: the file changed while it was read: ${how}; ` +
      'start over with --restart')
  }
}

function plainTag (etag: string | string[] | undefined): string {
  return String(etag ?? '').replace(/^W\//, '').replace(/^"|"$/g, '')
}

interface CheckedHash extends Pick<ContentHash, 'update' | 'close'> {
  /** @throws SluiceError `ERR_SOURCE` */
  readonly check: () => Promise<void>
}

/** The hash in the listing: SHA-256 for large files (LFS), git's blob hash for others. */
function checkedHash (file: RemoteFile): CheckedHash | null {
  const expected = file.sha256 ?? (/^[0-9a-f]{40}$/.test(file.oid) ? file.oid : null)
  if (expected === null) return null
  const { update, digest, close } = file.sha256 === null ? gitBlobHash(file.size) : sha256Hash(file.size)
  return {
    update,
    close,
    async check () {
      const found = await digest()
      if (found !== expected) {
        throw new SluiceError('ERR_SOURCE', `${labelOf(file)}: its bytes have the hash ${found}, ` +
          `expected ${expected} by its listing; run again with --restart`)
      }
    }
  }
}
