/** A growing buffer for text in UTF-8, whose memory is reused from one text to the next. */
export class ByteBuffer {
  bytes = new Uint8Array(4096)
  length = 0

  /** Makes room for `more` bytes. */
  reserve (more: number): void {
    if (this.length + more <= this.bytes.length) return
    const larger = new Uint8Array(Math.max(2 * this.bytes.length, this.length + more))
    larger.set(this.bytes.subarray(0, this.length))
    this.bytes = larger
  }

  /**
   * Replaces the content by a text, in which a lone surrogate becomes U+FFFD. There is room for one more byte.
   *
   * @returns this
   */
  setText (text: string): this {
    this.length = 0
    // A UTF-16 unit takes at most three bytes; for a long text, the exact length is worth computing.
    const max = 3 * text.length
    this.reserve(1 + (max <= LONG_TEXT_BYTES ? max : Buffer.byteLength(text)))
    this.length = utf8.encodeInto(text, this.bytes).written
    return this
  }

  /** Drops the content, and the memory of a long text. */
  clear (): void {
    this.length = 0
    if (this.bytes.length > LONG_TEXT_BYTES) this.bytes = new Uint8Array(4096)
  }
}

/** Memory up to this size is kept. */
const LONG_TEXT_BYTES = 2 ** 20

const utf8 = new TextEncoder()
