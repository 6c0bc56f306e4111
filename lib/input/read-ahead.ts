/** Files that come at once, as `snapshot_download` of huggingface_hub has them. */
const MOST_FILES = 8

/** Of what comes next, so much may be in memory. */
const MOST_BYTES = 32 * 1024 * 1024

/** So much from the start: whoever wants ten records of a dataset has not asked for 32 MB. */
const FIRST_BYTES = 1024 * 1024

/** A file that may be read ahead. */
export interface AheadFile {
  readonly path: string
  /** In bytes; null where it isn't known. */
  readonly size: number | null
}

/** Opens a file at an offset, in bytes as they lie there. What comes ends when the signal fires. */
export type OpenAt = (path: string, offset: number, signal: AbortSignal) => AsyncIterable<Buffer> | Promise<AsyncIterable<Buffer>>

export interface ReadAheadOptions {
  /** Which files are read ahead: the first one that isn't is where it ends. */
  readonly reads: (file: AheadFile) => boolean
  /** @default 8 */
  readonly mostFiles?: number
  /** @default 32 MB */
  readonly mostBytes?: number
}

/**
 * Reads files ahead that are wanted one after the other. What lies before the reader, from where it stands on across
 * the borders of files, comes into memory up to a bound: the rest of a large file, or several small ones at once. So
 * nobody waits for the start of a file, and a reader that pauses doesn't stop the network.
 *
 * The bound grows with what was read, and no more is fetched beyond it than a chunk of each file.
 */
export class ReadAhead {
  readonly #files: readonly AheadFile[]
  readonly #open: OpenAt
  readonly #options: Required<ReadAheadOptions>
  readonly #coming = new Map<number, Coming>() // by their places in #files
  #read = 0 // bytes so far
  #isClosed = false

  constructor (files: readonly AheadFile[], open: OpenAt, { reads, mostFiles = MOST_FILES, mostBytes = MOST_BYTES }: ReadAheadOptions) {
    this.#files = files
    this.#open = open
    this.#options = { reads, mostFiles, mostBytes }
  }

  /**
   * The bytes of a file from an offset on, and those that follow it are read ahead. One is read at a time.
   *
   * @throws what `open` throws, when it is the turn of that file
   */
  async * read (index: number, offset = 0): AsyncGenerator<Buffer> {
    const coming = this.#turnTo(index, offset)
    try {
      for (;;) {
        if (this.#coming.get(index) === coming) this.#advance(index) // else the reader is elsewhere, and this one fails
        const chunk = await coming.take()
        if (chunk === undefined) return
        this.#read += chunk.length
        yield chunk
      }
    } finally {
      this.#drop(index, coming)
    }
  }

  /** Lets go of all that has come, and of what would have. */
  close (): void {
    this.#isClosed = true
    for (const [index, coming] of this.#coming) this.#drop(index, coming)
  }

  /** The file as it comes already, where it does from there on. What isn't next any more is let go. */
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

  /** Says to each file how much of it may be in memory: what is left of the bound behind those before it. */
  #advance (first: number): void {
    const { reads, mostFiles, mostBytes } = this.#options
    let room = Math.min(mostBytes, FIRST_BYTES + this.#read)
    for (let index = first; index < Math.min(first + mostFiles, this.#files.length) && room > 0 && !this.#isClosed; index++) {
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

/** A file that comes into memory as far as it may, whether it is asked for or not. */
class Coming {
  readonly offset: number
  /** Bytes of it that were taken. */
  taken = 0
  readonly #closing = new AbortController()
  #chunks: Buffer[] = []
  #held = 0 // bytes in #chunks
  #room = 0
  #hasEnded = false
  #failure: { readonly error: unknown } | undefined
  #tellReader: () => void = () => {}
  #goOn: () => void = () => {}

  constructor (open: (signal: AbortSignal) => ReturnType<OpenAt>, offset: number) {
    this.offset = offset
    this.#come(open).catch(() => {}) // it never fails
  }

  /** How many bytes may be held from now on. */
  allow (bytes: number): void {
    this.#room = bytes
    if (this.#held < bytes) this.#goOn()
  }

  /** The next chunk; undefined at the end. */
  async take (): Promise<Buffer | undefined> {
    while (this.#chunks.length === 0 && !this.#hasEnded) await new Promise<void>(resolve => { this.#tellReader = resolve })
    const chunk = this.#chunks.shift()
    if (chunk === undefined && this.#failure !== undefined) throw this.#failure.error
    this.#held -= chunk?.length ?? 0
    this.taken += chunk?.length ?? 0
    return chunk
  }

  close (): void {
    this.#closing.abort()
    this.#failure = { error: this.#closing.signal.reason } // not an end
    this.#chunks = []
    this.#held = 0
    this.#goOn()
  }

  /** Never fails: what went wrong is told to whoever takes what has come, behind all that came before. */
  async #come (open: (signal: AbortSignal) => ReturnType<OpenAt>): Promise<void> {
    const { signal } = this.#closing
    try {
      for await (const chunk of await open(signal)) {
        signal.throwIfAborted()
        this.#chunks.push(chunk)
        this.#held += chunk.length
        this.#tellReader()
        while (this.#held >= this.#room && !signal.aborted) await new Promise<void>(resolve => { this.#goOn = resolve })
        signal.throwIfAborted()
      }
    } catch (error) {
      this.#failure ??= { error }
    }
    this.#hasEnded = true
    this.#tellReader()
  }
}
