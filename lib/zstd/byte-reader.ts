/** Reads exact numbers of bytes from a stream of chunks of any size. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  #chunk: Buffer = Buffer.alloc(0)
  #next = 0 // in #chunk
  #before = 0 // bytes of earlier chunks

  constructor (chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** Bytes taken so far. */
  get position (): number {
    return this.#before + this.#next
  }

  /** Bytes that are available without waiting. */
  get ready (): number {
    return this.#chunk.length - this.#next
  }

  /** Waits until this many bytes are ready. @returns false when the stream ends first */
  async has (bytes: number): Promise<boolean> {
    if (this.ready >= bytes) return true
    const pieces = [this.#chunk.subarray(this.#next)]
    let ready = this.ready
    while (ready < bytes) {
      const { done, value } = await this.#chunks.next() as IteratorResult<Uint8Array, undefined>
      if (done === true) break
      pieces.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength))
      ready += value.length
    }
    this.#before += this.#next
    this.#next = 0
    const full = pieces.filter(({ length }) => length > 0)
    this.#chunk = full.length === 1 ? full[0]! : Buffer.concat(full)
    return ready >= bytes
  }

  /** Consumes bytes that are ready. They are valid until the next `has`. */
  take (bytes: number): Buffer {
    const taken = this.peek(bytes)
    this.#next += bytes
    return taken
  }

  /** Like `take`, without consuming the bytes. */
  peek (bytes: number): Buffer {
    return this.#chunk.subarray(this.#next, this.#next + bytes)
  }

  /** Closes the stream. */
  async close (): Promise<void> {
    await this.#chunks.return?.()
  }
}
