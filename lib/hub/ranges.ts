import { setMaxListeners } from 'node:events'
import type { ByteRanges } from '../bytes.ts'
import { download, downloadWhole } from './download.ts'
import type { Hub, HubRun, RemoteFile } from './hub.ts'

/** Parts of a file that come at once, at most; each has a connection of its own. */
const MOST_STREAMS = 32

/**
 * Of what was given last this much can be asked for once more: readers of parquet read large pages again from their
 * beginning.
 */
const KEPT_BYTES = 1024 * 1024

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

  /** Whether what comes next is among the bytes from `start` to `end`, and none behind it. */
  reaches (start: number, end: number): boolean {
    return start <= this.#at && end > this.#at && end <= this.end
  }

  /** The first byte that it can give. */
  get start (): number {
    return this.#at - this.#last.length
  }

  async take (start: number, end: number): Promise<Buffer> {
    const pieces: Buffer[] = [this.#last.subarray(this.#last.length - (this.#at - start))]
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
    // A view would hold all of it.
    this.#last = bytes.length > KEPT_BYTES ? Buffer.from(bytes.subarray(-KEPT_BYTES)) : bytes
    return bytes
  }

  close (): void {
    this.#chunks.return(undefined).catch(() => {})
  }
}

/**
 * A file on the Hub as ranges. What is expected to be read in order comes as one answer; nothing else is fetched than
 * what is asked for or expected.
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
    const isKnown = [...this.#parts].some(part => part.reaches(start, Math.min(start + 1, end)))
    if (isKnown || start >= end || this.#parts.size >= MOST_STREAMS) return
    this.#parts.add(new Part(download(this.#hub, this.#file, { start, end, ...this.#run }), start, end))
  }

  async read (start: number, end: number): Promise<Buffer> {
    const part = [...this.#parts].find(part => part.reaches(start, end))
    if (part === undefined) return await this.#fetch(start, end)
    if (start < part.start) {
      return Buffer.concat([await this.#fetch(start, part.start), await this.read(part.start, end)])
    }
    try {
      return await part.take(start, end)
    } finally {
      if (end === part.end) this.#parts.delete(part)
    }
  }

  close (): Promise<void> {
    this.#closing.abort()
    for (const part of this.#parts) part.close()
    this.#parts.clear()
    return Promise.resolve()
  }

  #fetch (start: number, end: number): Promise<Buffer> {
    return downloadWhole(this.#hub, this.#file, { start, end, ...this.#run })
  }
}
