/** So many parts are joined at a time: appending each to a string would take several times its memory. */
const JOINED_AT_ONCE = 16 * 1024

/** Text that is put together from many small parts. */
export class TextParts {
  #parts: string[] = []
  #joined: string[] = []
  #chars = 0

  /** Length of the text since the last `take`, in UTF-16 code units. */
  get chars (): number {
    return this.#chars
  }

  add (text: string): void {
    if (text === '') return
    this.#chars += text.length
    if (this.#parts.push(text) < JOINED_AT_ONCE) return
    this.#joined.push(this.#parts.join(''))
    this.#parts = []
  }

  /** Returns the text since the last call. */
  take (): string {
    this.#joined.push(this.#parts.join(''))
    const text = this.#joined.join('')
    this.#parts = []
    this.#joined = []
    this.#chars = 0
    return text
  }
}
