import { setMaxListeners } from 'node:events'
import type { ByteRanges } from '../parquet/ranges.ts'
import { download } from './download.ts'
import type { Hub, HubRun, RemoteFile } from './hub.ts'

/** Parts of a file that come at once, at most; each has a connection of its own. */
const MOST_STREAMS = 32

/** What is read from one place on, in order: an answer that is taken piece by piece. */
class Part {
  readonly #chunks: AsyncGenerator<Buffer>
  #first: Promise<IteratorResult<Buffer>> | undefined
  #rest: Buffer = Buffer.alloc(0) // has come, and was not yet asked for
  #last: Buffer = Buffer.alloc(0) // given last, before #at
  #at: number
  readonly end: number

  /** It begins to come at once. */
  constructor (chunks: AsyncGenerator<Buffer>, start: number, end: number) {
    this.#chunks = chunks
    this.#at = start
    this.end = end
    this.#first = chunks.next()
    this.#first.catch(() => {}) // whoever reads is told
  }

  /** Whether it can give the bytes from `start` to `end`: what was given last can be asked for once more. */
  gives (start: number, end: number): boolean {
    return start <= this.#at && start >= this.#at - this.#last.length && end > this.#at && end <= this.end
  }

  async take (start: number, end: number): Promise<Buffer> {
    const again = this.#last.subarray(this.#last.length - (this.#at - start))
    const pieces: Buffer[] = again.length > 0 ? [again] : []
    for (let missing = end - this.#at; missing > 0;) {
      if (this.#rest.length === 0) {
        const next = await (this.#first ?? this.#chunks.next())
        this.#first = undefined
        if (next.done === true) throw new Error(`a part of a file ended before its end, byte ${this.end}`)
        this.#rest = next.value
      }
      const piece = this.#rest.subarray(0, missing)
      this.#rest = this.#rest.subarray(piece.length)
      missing -= piece.length
      pieces.push(piece)
    }
    const bytes = Buffer.concat(pieces)
    this.#at = end
    this.#last = bytes
    return bytes
  }

  close (): void {
    this.#chunks.return(undefined).catch(() => {})
  }
}

/**
 * A file on the Hub as ranges. What is expected to be read in order comes as one answer; nothing else is fetched than what
 * is asked for or expected.
 */
export class HubRanges implements ByteRanges {
  readonly name: string
  readonly size: number
  readonly #hub: Hub
  readonly #file: RemoteFile
  readonly #run: HubRun
  readonly #closing = new AbortController()
  readonly #parts = new Set<Part>()

  constructor (hub: Hub, file: RemoteFile, { signal, tell }: HubRun = {}) {
    this.name = file.name
    this.size = file.size
    this.#hub = hub
    this.#file = file
    const either = signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal])
    setMaxListeners(0, either)
    this.#run = { signal: either, tell }
  }

  expect (start: number, end: number): void {
    const isKnown = [...this.#parts].some(part => part.gives(start, Math.min(start + 1, end)))
    if (isKnown || start >= end || this.#parts.size >= MOST_STREAMS) return
    this.#parts.add(new Part(download(this.#hub, this.#file, { start, end, ...this.#run }), start, end))
  }

  async read (start: number, end: number): Promise<Buffer> {
    for (const part of this.#parts) {
      if (!part.gives(start, end)) continue
      const bytes = await part.take(start, end)
      if (end === part.end) this.#parts.delete(part)
      return bytes
    }
    const pieces: Buffer[] = []
    for await (const piece of download(this.#hub, this.#file, { start, end, ...this.#run })) pieces.push(piece)
    return Buffer.concat(pieces)
  }

  close (): Promise<void> {
    this.#closing.abort()
    for (const part of this.#parts) part.close()
    this.#parts.clear()
    return Promise.resolve()
  }
}
