import { z } from 'zod'
import type { DocumentPart, Sequence } from '../document.ts'
import { count, positive } from '../options.ts'

/** How documents are laid into sequences. */
export const packings = ['concat', 'best_fit'] as const
/** One of `packings`. */
export type Packing = typeof packings[number]

const PACKING_HELP = 'concat joins documents and cuts them every seq_len ids; best_fit keeps each document in one ' +
  'sequence where it fits, and fills sequences with pad_id'

/** Options of how a component's documents are packed. */
export const packingOptions = {
  packing: z.enum(packings).default('concat').describe(PACKING_HELP),
  packingWindow: positive.default(1000).describe('documents that best_fit packs together'),
  padId: z.int().min(-1).max(2 ** 31 - 1).default(-1)
    .describe('id that best_fit fills sequences with; -1: the padding token of the tokenizer')
}

/** Lays the ids of documents into sequences. */
export interface Packer<State> {
  /** Ids that are in no sequence yet. */
  readonly rest: number
  /** Ids of padding so far. */
  readonly padding: number
  /**
   * Calls `push` with each sequence that is complete. The ids are copied: the caller may reuse the array.
   *
   * @param id the hash of the document's id; sequences with ids of a document without it have no `parts`
   * @param first index of the first of the ids in the document, if they are a part of one; by default 0
   */
  add (ids: Int32Array, push: (sequence: Sequence) => void, id?: bigint, first?: number): void
  /** Pushes the sequences that the end of the input completes. */
  finish (push: (sequence: Sequence) => void): void
  save (): State
  /** @throws SluiceError `ERR_STATE` for anything but a state of the same packing */
  restore (state: unknown): void
}

/** A sequence that is being filled. */
export interface OpenSequence extends Int32Array {
  parts?: DocumentPart[]
}

/** An id in a state, as JSON has no integers of 64 bits. */
export const idText = z.string().regex(/^[0-9a-f]{16}$/, 'expected 16 hexadecimal digits')

export function idToText (id: bigint): string {
  return id.toString(16).padStart(16, '0')
}

export function idOfText (text: string): bigint {
  return BigInt(`0x${text}`)
}

/** A part in a state: id, offset, start and length. */
export const savedPart = z.tuple([idText, count, count, count])
export type SavedPart = Readonly<z.output<typeof savedPart>>
