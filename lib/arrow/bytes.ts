/** Takes bytes off chunks in pieces of any size. */
export class Bytes {
  readonly #chunks: AsyncGenerator<Buffer>
  #held: Buffer[] = []
  #size = 0 // of #held
  /** How many were taken. */
  at = 0

  constructor (chunks: AsyncGenerator<Buffer>) {
    this.#chunks = chunks
  }

  /** The next ones, fewer at the end; they stay. */
  async peek (size: number): Promise<Buffer> {
    await this.#fill(size)
    return Buffer.concat(this.#held).subarray(0, size)
  }

  /** The next ones, fewer at the end. Nothing is set aside for a size that is only claimed. */
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

  /** Passes over the next ones. @returns how many there were */
  async skip (size: number): Promise<number> {
    let missing = size
    while (missing > 0 && await this.#fill(1)) missing -= this.#cut(missing).length
    return size - missing
  }

  /** Whatever comes next; nothing at the end. */
  async some (): Promise<Buffer> {
    return await this.#fill(1) ? this.#cut(Infinity) : Buffer.alloc(0)
  }

  close (): void {
    this.#chunks.return(undefined).catch(() => {})
  }

  /** Off the first chunk. */
  #cut (most: number): Buffer {
    const [first] = this.#held as [Buffer]
    const piece = first.subarray(0, most)
    if (piece.length === first.length) this.#held.shift()
    else this.#held[0] = first.subarray(most)
    this.#size -= piece.length
    this.at += piece.length
    return piece
  }

  /** False at the end of the chunks. */
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
