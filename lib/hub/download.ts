import { SluiceError } from '../errors.ts'
import { urlPath } from './address.ts'
import { type ContentHash, gitBlobHash, sha256Hash } from './content-hash.ts'
import { asTransient } from './failures.ts'
import type { HubAnswer } from './http.ts'
import type { Hub, HubRun, RemoteFile } from './hub.ts'
import { refusal } from './refusals.ts'
import { Retries, Transient } from './retries.ts'

/** A part of a file. */
export interface DownloadOptions extends HubRun {
  /** @default 0 */
  readonly start?: number
  /** Exclusive. @default the file's size */
  readonly end?: number
}

/**
 * The bytes of a file, or of a part of it, chunk by chunk: taken up at its byte where a connection breaks or stalls.
 * What is read from its first byte to its last is compared with the hash that the listing tells.
 *
 * @throws SluiceError `ERR_HUB`, `ERR_DATASET`; `ERR_SOURCE` for a file that is another one than the listing told of,
 *   or that changes under the reader
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
        if (at < end) throw new Transient(`the answer ended ${end - at} bytes before its end`)
      } catch (error) {
        await retries.wait(asTransient(error, labelOf(file), run.signal))
      }
    }
    await hash?.check()
  } finally {
    hash?.close()
  }
}

/** All that `download` gives, in memory. @throws SluiceError as `download` */
export async function downloadWhole (hub: Hub, file: RemoteFile, options: DownloadOptions = {}): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of download(hub, file, options)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** How a file is named in messages: without what signs its address. */
function labelOf ({ dataset, revision, path }: RemoteFile): string {
  return `${dataset}@${revision}: ${path}`
}

const sources = new WeakMap<Hub, Map<string, Source>>()

/** One for all who read the same file: they share the address that the Hub has given for it. */
function sourceOf (hub: Hub, file: RemoteFile): Source {
  const known = sources.get(hub) ?? new Map<string, Source>()
  sources.set(hub, known)
  const source = known.get(file.name) ?? new Source(hub, file)
  known.set(file.name, source)
  return source
}

/** Where the bytes of a file come from. */
class Source {
  readonly #hub: Hub
  readonly #file: RemoteFile
  readonly #resolve: URL
  #signed: URL | undefined // where the Hub has sent on to
  readonly #etags = new Map<string, string>() // what each host calls this file

  constructor (hub: Hub, file: RemoteFile) {
    this.#hub = hub
    this.#file = file
    const { dataset, revision, path } = file
    this.#resolve = new URL(
      `${hub.http.settings.endpoint}/datasets/${dataset}/resolve/${encodeURIComponent(revision)}/${urlPath(path)}`
    )
  }

  /** The bytes from `at` to `end`, as far as one answer gives them. @throws Transient, SluiceError */
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
        if (left === 0 && !isAll) break // where no more is to come, its end is read, and the connection used again
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
      if (this.#signed === url) this.#signed = undefined // the Hub is asked for another
      throw error
    }
  }

  /** Looks at an answer before its bytes are taken. @returns how many of them come before those that were asked for */
  #begin ({ status, headers, linked, url }: HubAnswer, at: number): number {
    const { size, sha256, revision } = this.#file
    if (status === 416) throw this.#changed(`it has fewer than ${at} bytes`)
    if (status >= 400) {
      throw refusal(labelOf(this.#file), status, { ...headers, ...linked }, '', this.#hub.http.settings)
    }
    if (status !== 200 && status !== 206) throw new Transient(`${url.host} answers with ${status}`)
    const linkedSize = linked['x-linked-size']
    if (linkedSize !== undefined && Number(linkedSize) !== size) {
      throw this.#changed(`it has ${String(linkedSize)} bytes, its listing says ${size}`)
    }
    const linkedHash = plainTag(linked['x-linked-etag'])
    if (sha256 !== null && /^[0-9a-f]{64}$/.test(linkedHash) && linkedHash !== sha256) {
      throw this.#changed(`it has SHA-256 ${linkedHash}, its listing says ${sha256}`)
    }
    const commit = linked['x-repo-commit']
    if (commit !== undefined && commit !== revision) throw this.#changed(`the Hub gives it at commit ${String(commit)}`)
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
        throw new Transient(`${url.host} says that it has ${String(length)} bytes, its listing says ${size}`)
      }
      return at
    }
    const [, from, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(String(headers['content-range'] ?? '')) ?? []
    if (Number(from) !== at) throw new Transient(`${url.host} answers with another range than asked for`)
    if (total !== '*' && Number(total) !== size) throw this.#changed(`it has ${total!} bytes, its listing says ${size}`)
    return 0
  }

  #changed (how: string): SluiceError {
    return new SluiceError('ERR_SOURCE', `${labelOf(this.#file)}: was changed while it was read: ${how}; ` +
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

/** What the listing tells: of large files the SHA-256, of others git's hash of a blob. */
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
          `its listing says ${expected}; run it again with --restart`)
      }
    }
  }
}
