/** The tokens of a byte-level model: bytes by id, and ids by bytes. Some ids may have no token. */
export class Vocabulary {
  /** The bytes of all tokens, one after the other, in the order of ids. */
  readonly bytes: Uint8Array
  /** Where in `bytes` the token of each id begins, and where the last one ends. A token without bytes is none. */
  readonly starts: Int32Array
  #ids: ReadonlyMap<string, number> | undefined

  private constructor (bytes: Uint8Array, starts: Int32Array) {
    this.bytes = bytes
    this.starts = starts
  }

  /**
   * @param tokens a character for each byte; empty or undefined if no token has the id
   */
  static of (tokens: ReadonlyArray<string | undefined>): Vocabulary {
    const starts = new Int32Array(tokens.length + 1)
    let length = 0
    for (let id = 0; id < tokens.length; id++) starts[id + 1] = length += tokens[id]?.length ?? 0
    return new Vocabulary(Buffer.from(tokens.join(''), 'latin1'), starts)
  }

  /** Every id is below it. */
  get size (): number {
    return this.starts.length - 1
  }

  /** The bytes of a token; none for an id without a token. */
  bytesOf (id: number): Uint8Array {
    return this.bytes.subarray(this.starts[id], this.starts[id + 1])
  }

  /** The id of a token; undefined if there is none. @param bytes a character for each byte */
  idOf (bytes: string): number | undefined {
    this.#ids ??= new Map(this.tokens().map((token, id) => [token, id] as const).filter(([token]) => token !== ''))
    return this.#ids.get(bytes)
  }

  /** The id of the token of each byte; -1 if there is none. */
  byteIds (): Int32Array {
    const ids = new Int32Array(256).fill(-1)
    for (let id = 0; id < this.size; id++) {
      if (this.starts[id + 1]! - this.starts[id]! === 1) ids[this.bytes[this.starts[id]!]!] = id
    }
    return ids
  }

  /** The tokens in the order of ids, a character for each byte. */
  tokens (): string[] {
    const text = Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length).toString('latin1')
    return Array.from({ length: this.size }, (_, id) => text.slice(this.starts[id], this.starts[id + 1]))
  }
}
