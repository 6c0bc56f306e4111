/** A text with its metadata: the output of sources, and the input and output of text transforms. */
export interface Document {
  /** The id of the record, or `<path>#<byte offset in the decompressed stream>` if it has none. */
  readonly id: string
  readonly text: string
  readonly meta: Readonly<Record<string, unknown>>
}

/** A document as token ids, including the EOS token: the output of `encode` and the input of `pack`. */
export interface Tokens {
  readonly id: string
  readonly ids: Int32Array
  readonly meta: Readonly<Record<string, unknown>>
}

/** Exactly `seqLen` token ids: the output of `pack` and the input of the `npy` sink. */
export type Sequence = Int32Array
