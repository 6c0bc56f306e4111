/** A text and what is known of it: what sources make, and what text transforms take and give. */
export interface Document {
  /** The record's own id, else `<path>#<byte offset in the decompressed stream>`. */
  readonly id: string
  readonly text: string
  readonly meta: Readonly<Record<string, unknown>>
}

/** A document as token ids, the end-of-sentence id included: what `encode` makes and `pack` takes. */
export interface Tokens {
  readonly id: string
  readonly ids: Int32Array
  readonly meta: Readonly<Record<string, unknown>>
}

/** Exactly `seqLen` token ids: what `pack` makes and the `npy` sink takes. */
export type Sequence = Int32Array
