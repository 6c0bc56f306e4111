/** Bytes that grow: text in UTF-8, in memory that is used again from one text to the next. */
export class ByteBuffer {
  bytes = new Uint8Array(4096)
  length = 0

  /** Makes room for so many bytes more. */
  reserve (more: number): void {
    if (this.length + more <= this.bytes.length) return
    const larger = new Uint8Array(Math.max(2 * this.bytes.length, this.length + more))
    larger.set(this.bytes.subarray(0, this.length))
    this.bytes = larger
  }

  /**
   * Takes a text in place of what was there; a lone surrogate becomes U+FFFD. There is room for one byte more.
   *
   * @returns this
   */
  setText (text: string): this {
    this.length = 0
    // A UTF-16 unit is at most three bytes. That much is too much to take for a long text.
    const most = 3 * text.length
    this.reserve(1 + (most <= LONG_TEXT_BYTES ? most : Buffer.byteLength(text)))
    this.length = utf8.encodeInto(text, this.bytes).written
    return this
  }

  /** Forgets what is there, and gives the memory of a long text back. */
  clear (): void {
    this.length = 0
    if (this.bytes.length > LONG_TEXT_BYTES) this.bytes = new Uint8Array(4096)
  }
}

/** Memory for texts up to this is kept. */
const LONG_TEXT_BYTES = 2 ** 20

const utf8 = new TextEncoder()
