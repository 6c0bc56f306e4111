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

/** The ids of one document in a sequence: all of them, or a part. */
export interface DocumentPart {
  /** The xxHash64, with seed 0, of the document's id in UTF-8. */
  readonly id: bigint
  /** The index, in the document, of the part's first token id. */
  readonly offset: number
  /** The index, in the sequence, of the part's first token id. */
  readonly start: number
  /** Number of token ids. */
  readonly length: number
}

/** Exactly `seqLen` token ids: the output of `pack` and the input of the `npy` sink. */
export interface Sequence extends Int32Array {
  /** The documents, in order; ids that no part covers are padding. Absent where the documents aren't known. */
  readonly parts?: readonly DocumentPart[]
}
