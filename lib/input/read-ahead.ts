/** Files that are read ahead at the same time, as many as huggingface_hub's `snapshot_download` reads. */
const MAX_FILES = 8

/** Maximum number of bytes read ahead that are in memory. */
const MAX_BYTES = 32 * 1024 * 1024

/** The bound at the start: reading ten records of a dataset should not fetch 32 MB. */
const FIRST_BYTES = 1024 * 1024

/** A file that may be read ahead. */
export interface AheadFile {
  readonly path: string
  /** In bytes; null if unknown. */
  readonly size: number | null
}

/** Opens a file at an offset in bytes, without decompressing. The chunks end when the signal fires. */
export type OpenAt = (
  path: string,
  offset: number,
  signal: AbortSignal
) => AsyncIterable<Buffer> | Promise<AsyncIterable<Buffer>>

export interface ReadAheadOptions {
  /** Whether a file may be read ahead. Reading ahead stops before the first file that may not. */
  readonly reads: (file: AheadFile) => boolean
  /** @default 8 */
  readonly mostFiles?: number
  /** @default 32 MB */
  readonly mostBytes?: number
}

/**
 * Reads ahead in a sequence of files. The bytes after the reader's position are fetched into memory up to a bound,
 * across files: the rest of a large file, or several small files at once. So a reader doesn't wait for each file to
 * start, and a reader that pauses doesn't stop the network.
 *
 * The bound grows with the bytes that were read. It is exceeded by at most one chunk of each file.
 */
export class ReadAhead {
  readonly #files: readonly AheadFile[]
  readonly #open: OpenAt
  readonly #options: Required<ReadAheadOptions>
  readonly #coming = new Map<number, Coming>() // by index in #files
  #read = 0 // bytes so far
  #isClosed = false

  constructor (files: readonly AheadFile[], open: OpenAt, options: ReadAheadOptions) {
    const { reads, mostFiles = MAX_FILES, mostBytes = MAX_BYTES } = options
    this.#files = files
    this.#open = open
    this.#options = { reads, mostFiles, mostBytes }
  }

  /**
   * Yields the bytes of a file from an offset, while the files after it are read ahead. Read one file at a time.
   *
   * @throws what `open` throws for that file
   */
  async * read (index: number, offset = 0): AsyncGenerator<Buffer> {
    const coming = this.#turnTo(index, offset)
    try {
      for (;;) {
        if (this.#coming.get(index) === coming) this.#advance(index) // another read has begun: this one fails
        const chunk = await coming.take()
        if (chunk === undefined) return
        this.#read += chunk.length
        yield chunk
      }
    } finally {
      this.#drop(index, coming)
    }
  }

  /** Stops reading ahead, and drops what is in memory. */
  close (): void {
    this.#isClosed = true
    for (const [index, coming] of this.#coming) this.#drop(index, coming)
  }

  /**
   * Returns the file if it is read ahead from that offset, or starts reading it. Drops files that aren't next any more.
   */
  #turnTo (index: number, offset: number): Coming {
    for (const [other, coming] of this.#coming) {
      const isNext = other > index && other < index + this.#options.mostFiles
      const isThis = other === index && coming.offset === offset && coming.taken === 0
      if (!isNext && !isThis) this.#drop(other, coming)
    }
    return this.#coming.get(index) ?? this.#begin(index, offset)
  }

  #begin (index: number, offset: number): Coming {
    const coming = new Coming(signal => this.#open(this.#files[index]!.path, offset, signal), offset)
    if (this.#isClosed) coming.close()
    else this.#coming.set(index, coming)
    return coming
  }

  /** Sets how much of each file may be in memory: the part of the limit that earlier files don't use. */
  #advance (first: number): void {
    const { reads, mostFiles, mostBytes } = this.#options
    let room = Math.min(mostBytes, FIRST_BYTES + this.#read)
    const end = Math.min(first + mostFiles, this.#files.length)
    for (let index = first; index < end && room > 0 && !this.#isClosed; index++) {
      const file = this.#files[index]!
      if (index > first && !reads(file)) return
      const coming = this.#coming.get(index) ?? this.#begin(index, 0)
      coming.allow(room)
      if (file.size === null) return
      room -= Math.max(0, file.size - coming.offset - coming.taken)
    }
  }

  #drop (index: number, coming: Coming): void {
    coming.close()
    if (this.#coming.get(index) === coming) this.#coming.delete(index)
  }
}

/** A file that is fetched into memory up to a bound, before it is requested. */
class Coming {
  readonly offset: number
  /** Bytes that `take` has returned. */
  taken = 0
  readonly #closing = new AbortController()
  #chunks: Buffer[] = []
  #held = 0 // bytes in #chunks
  #room = 0
  #hasEnded = false
  #failure: { readonly error: unknown } | undefined
  #wakeReader: () => void = () => {}
  #wakeFetch: () => void = () => {}

  constructor (open: (signal: AbortSignal) => ReturnType<OpenAt>, offset: number) {
    this.offset = offset
    this.#come(open).catch(() => {}) // it never fails
  }

  /** How many bytes may be held from now on. */
  allow (bytes: number): void {
    this.#room = bytes
    if (this.#held < bytes) this.#wakeFetch()
  }

  /** The next chunk; undefined at the end. */
  async take (): Promise<Buffer | undefined> {
    while (this.#chunks.length === 0 && !this.#hasEnded) {
      await new Promise<void>(resolve => { this.#wakeReader = resolve })
    }
    const chunk = this.#chunks.shift()
    if (chunk === undefined && this.#failure !== undefined) throw this.#failure.error
    this.#held -= chunk?.length ?? 0
    this.taken += chunk?.length ?? 0
    return chunk
  }

  close (): void {
    this.#closing.abort()
    this.#failure = { error: this.#closing.signal.reason } // so that `take` throws instead of reporting the end
    this.#chunks = []
    this.#held = 0
    this.#wakeFetch()
  }

  /** Never fails: `take` throws an error once it has returned the chunks before it. */
  async #come (open: (signal: AbortSignal) => ReturnType<OpenAt>): Promise<void> {
    const { signal } = this.#closing
    try {
      for await (const chunk of await open(signal)) {
        signal.throwIfAborted()
        this.#chunks.push(chunk)
        this.#held += chunk.length
        this.#wakeReader()
        while (this.#held >= this.#room && !signal.aborted) {
          await new Promise<void>(resolve => { this.#wakeFetch = resolve })
        }
        signal.throwIfAborted()
      }
    } catch (error) {
      this.#failure ??= { error }
    }
    this.#hasEnded = true
    this.#wakeReader()
  }
}
