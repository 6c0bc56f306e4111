import { setMaxListeners } from 'node:events'
import type { ByteRanges } from '../bytes.ts'
import { download, downloadWhole } from './download.ts'
import type { Hub, HubRun, RemoteFile } from './hub.ts'

/** Maximum number of parts of a file that are read at the same time. Each has a separate connection. */
const MAX_STREAMS = 32

/** This many of the last bytes returned can be read again: parquet readers read a large page twice from its start. */
const KEPT_BYTES = 1024 * 1024

/** A part of a file that is read in order, from one response. */
class Part {
  readonly #chunks: AsyncGenerator<Buffer>
  #first: Promise<IteratorResult<Buffer>> | undefined
  #rest: Buffer = Buffer.alloc(0) // received, not yet read
  #last: Buffer = Buffer.alloc(0) // returned last: the bytes before #at
  #at: number
  readonly end: number

  /** Starts the request. */
  constructor (chunks: AsyncGenerator<Buffer>, start: number, end: number) {
    this.#chunks = chunks
    this.#at = start
    this.end = end
    this.#first = chunks.next()
    this.#first.catch(() => {}) // `take` throws the error
  }

  /** Whether the next byte of the part is between `start` and `end`, and the part reaches `end`. */
  reaches (start: number, end: number): boolean {
    return start <= this.#at && end > this.#at && end <= this.end
  }

  /** The first byte that can still be read. */
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
    // A copy, as a view would keep all of the bytes in memory.
    this.#last = bytes.length > KEPT_BYTES ? Buffer.from(bytes.subarray(-KEPT_BYTES)) : bytes
    return bytes
  }

  close (): void {
    this.#chunks.return(undefined).catch(() => {})
  }
}

/**
 * Reads ranges of a file on the Hub. A range announced by `expect` is requested at once, and read in order from one
 * response; any other range is a separate request. Nothing else is fetched.
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
    if (isKnown || start >= end || this.#parts.size >= MAX_STREAMS) return
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
