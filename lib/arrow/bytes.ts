/** Reads pieces of any size from a stream of chunks. */
export class Bytes {
  readonly #chunks: AsyncGenerator<Buffer>
  #held: Buffer[] = []
  #size = 0 // of #held
  /** Bytes that were read so far. */
  at = 0

  constructor (chunks: AsyncGenerator<Buffer>) {
    this.#chunks = chunks
  }

  /** Returns the next bytes without consuming them; fewer at the end. */
  async peek (size: number): Promise<Buffer> {
    await this.#fill(size)
    return Buffer.concat(this.#held).subarray(0, size)
  }

  /** Reads the next bytes; fewer at the end. Memory is allocated only for bytes that arrive, whatever `size` is. */
  async take (size: number): Promise<Buffer> {
    await this.#fill(size)
    const pieces: Buffer[] = []
    for (let missing = Math.min(size, this.#size); missing > 0;) {
      const piece = this.#cut(missing)
      pieces.push(piece)
      missing -= piece.length
    }
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
  }

  /** Skips bytes. @returns the number of skipped bytes */
  async skip (size: number): Promise<number> {
    let missing = size
    while (missing > 0 && await this.#fill(1)) missing -= this.#cut(missing).length
    return size - missing
  }

  /** Reads the next available bytes; empty at the end. */
  async some (): Promise<Buffer> {
    return await this.#fill(1) ? this.#cut(Infinity) : Buffer.alloc(0)
  }

  close (): void {
    this.#chunks.return(undefined).catch(() => {})
  }

  /** Cuts at most this many bytes off the first chunk. */
  #cut (max: number): Buffer {
    const [first] = this.#held as [Buffer]
    const piece = first.subarray(0, max)
    if (piece.length === first.length) this.#held.shift()
    else this.#held[0] = first.subarray(max)
    this.#size -= piece.length
    this.at += piece.length
    return piece
  }

  /** Reads chunks until `size` bytes are held. @returns false at the end of the chunks */
  async #fill (size: number): Promise<boolean> {
    while (this.#size < size) {
      const chunk = await this.#chunks.next()
      if (chunk.done === true) return false
      if (chunk.value.length === 0) continue
      this.#held.push(chunk.value)
      this.#size += chunk.value.length
    }
    return true
  }
}
