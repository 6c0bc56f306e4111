/** The position of a source, after the last document that has left it, as small JSON. */
export interface SourcePosition {
  /** Index of the file in the list of input files. */
  readonly file: number
  /** The name of the file, as given. */
  readonly path: string
  /** Offset of the next record, in bytes of the decompressed content; in rows for parquet and Arrow. */
  readonly offset: number
}

/** Positions of documents that have left are removed when the list is longer than this, not at every document. */
const FORGET_FROM = 256

/** The positions after each document in the buffer of a stream, and after the last document that has left it. */
export class Positions {
  readonly #buffered: () => number
  #list: SourcePosition[] = []
  #last: SourcePosition

  /** @param buffered how many documents are in the stream's buffer */
  constructor (start: SourcePosition, buffered: () => number) {
    this.#last = start
    this.#buffered = buffered
  }

  /** After the last document that has left. */
  get current (): SourcePosition {
    this.#forget()
    return this.#last
  }

  /** Sets the position to start at, while the buffer is empty. */
  start (position: SourcePosition): void {
    this.#last = position
  }

  /** Adds the position after a document that is pushed to the buffer. */
  add (position: SourcePosition): void {
    this.#list.push(position)
    if (this.#list.length > FORGET_FROM) this.#forget()
  }

  #forget (): void {
    const left = this.#list.length - this.#buffered()
    if (left <= 0) return
    this.#last = this.#list[left - 1]!
    this.#list.splice(0, left)
  }
}
