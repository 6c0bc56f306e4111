/** Where a source stands: behind the last document that has left it. Small JSON. */
export interface SourcePosition {
  /** Index of the file in the list of input files. */
  readonly file: number
  /** The file as it was given. */
  readonly path: string
  /** Of the next record, in bytes of the decompressed content; in rows for parquet. */
  readonly offset: number
}

/** Positions of documents that have left are taken off the list once it is so long, not at every document. */
const FORGET_FROM = 256

/** The positions behind the documents that a stream has in its buffer, and behind the last that has left it. */
export class Positions {
  readonly #buffered: () => number
  #list: SourcePosition[] = []
  #last: SourcePosition

  /** @param buffered how many documents are in the stream's buffer */
  constructor (start: SourcePosition, buffered: () => number) {
    this.#last = start
    this.#buffered = buffered
  }

  /** Behind the last document that has left. */
  get current (): SourcePosition {
    this.#forget()
    return this.#last
  }

  /** Begins somewhere else; nothing is in the buffer yet. */
  start (position: SourcePosition): void {
    this.#last = position
  }

  /** Behind the document that goes into the buffer now. */
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
