import { z } from 'zod'
import type { DocumentPart, Sequence } from '../document.ts'
import { SluiceError } from '../errors.ts'
import { count, parseState } from '../options.ts'
import { bestFitDecreasing } from './best-fit.ts'
import { type OpenSequence, type Packer, idOfText, idText, idToText } from './packing.ts'

/** A window ends early when it has about this many ids (64 MB), or those of this many sequences if that is more. */
const MAX_IDS = 2 ** 24
const MIN_SEQUENCES = 8

const windowState = z.strictObject({
  packing: z.literal('best_fit'),
  seqLen: z.int(),
  window: z.int(),
  padId: z.int(),
  padding: count,
  pieces: z.array(z.tuple([idText.nullable(), count, count])),
  ids: z.base64()
})

/** The documents of a window that isn't full yet, or what is left of those that are longer than a sequence. */
export interface WindowState {
  readonly packing: 'best_fit'
  readonly seqLen: number
  readonly window: number
  readonly padId: number
  /** Ids of padding so far. */
  readonly padding: number
  /** Id, offset and length of each. */
  readonly pieces: ReadonlyArray<readonly [id: string | null, offset: number, length: number]>
  /** The ids of all of them, 32 bits each, little-endian, in base64. */
  readonly ids: string
}

/** How documents are packed by best fit. */
export interface BestFitOptions {
  readonly seqLen: number
  /** Number of documents that are packed together. */
  readonly window: number
  readonly padId: number
}

/** A document, or the end of one that is longer than a sequence, among the ids of a window. */
interface Piece extends Omit<DocumentPart, 'id'> {
  readonly id: bigint | undefined
}

/**
 * Packs whole documents by best fit, a window at a time, and fills sequences with the pad id. A document that is longer
 * than a sequence is cut: its whole sequences are passed on at once, the rest is packed like a document.
 */
export class BestFitPacker implements Packer<WindowState> {
  readonly #options: BestFitOptions
  readonly #maxIds: number
  #ids = new Int32Array(1024)
  #filled = 0
  #pieces: Piece[] = []
  #padding = 0

  constructor (options: BestFitOptions) {
    this.#options = options
    this.#maxIds = Math.max(MAX_IDS, MIN_SEQUENCES * options.seqLen)
  }

  get rest (): number {
    return this.#filled
  }

  get padding (): number {
    return this.#padding
  }

  add (ids: Int32Array, push: (sequence: Sequence) => void, id?: bigint, first = 0): void {
    const { seqLen, window } = this.#options
    let offset = 0
    for (; offset + seqLen <= ids.length; offset += seqLen) {
      const whole: OpenSequence = ids.slice(offset, offset + seqLen)
      if (id !== undefined) whole.parts = [{ id, offset: first + offset, start: 0, length: seqLen }]
      push(whole)
    }
    if (offset === ids.length) return
    this.#hold(ids.subarray(offset), first + offset, id)
    if (this.#pieces.length === window || this.#filled >= this.#maxIds) this.finish(push)
  }

  /** Packs the documents of the window. */
  finish (push: (sequence: Sequence) => void): void {
    const pieces = this.#pieces
    const bins = bestFitDecreasing(pieces.map(({ length }) => length), this.#options.seqLen)
    for (const bin of bins) push(this.#sequenceOf(bin.map(index => pieces[index]!)))
    this.#pieces = []
    this.#filled = 0
  }

  save (): WindowState {
    const { seqLen, window, padId } = this.#options
    const bytes = Buffer.alloc(4 * this.#filled)
    for (let i = 0; i < this.#filled; i++) bytes.writeInt32LE(this.#ids[i]!, 4 * i)
    return {
      packing: 'best_fit',
      seqLen,
      window,
      padId,
      padding: this.#padding,
      pieces: this.#pieces.map(({ id, offset, length }) =>
        [id === undefined ? null : idToText(id), offset, length] as const),
      ids: bytes.toString('base64')
    }
  }

  restore (state: unknown): void {
    const { padding, pieces, ids, ...options } = parseState('pack', windowState, state)
    const { seqLen, window, padId } = this.#options
    const bytes = Buffer.from(ids, 'base64')
    const length = pieces.reduce((sum, [,, length]) => sum + length, 0)
    const isOfSame = options.seqLen === seqLen && options.window === window && options.padId === padId
    const isWhole = bytes.length === 4 * length && pieces.every(([,, length]) => length > 0 && length < seqLen)
    if (!isOfSame || !isWhole || pieces.length >= window) {
      throw new SluiceError('ERR_STATE', `pack: expected the state of a window of ${window} documents, ` +
        `of sequences of ${seqLen} ids and pad id ${padId}, got one of ${options.window}, ${options.seqLen} and ` +
        `${options.padId} with ${pieces.length} documents and ${bytes.length / 4} ids of ${length}`)
    }
    this.#pieces = []
    this.#filled = 0
    this.#padding = padding
    const values = Int32Array.from({ length }, (_, i) => bytes.readInt32LE(4 * i))
    for (const [id, offset, size] of pieces) {
      this.#hold(values.subarray(this.#filled, this.#filled + size), offset, id === null ? undefined : idOfText(id))
    }
  }

  #hold (ids: Int32Array, offset: number, id: bigint | undefined): void {
    const end = this.#filled + ids.length
    if (end > this.#ids.length) {
      const larger = new Int32Array(Math.max(2 * this.#ids.length, end))
      larger.set(this.#ids.subarray(0, this.#filled))
      this.#ids = larger
    }
    this.#ids.set(ids, this.#filled)
    this.#pieces.push({ id, offset, start: this.#filled, length: ids.length })
    this.#filled = end
  }

  #sequenceOf (pieces: readonly Piece[]): Sequence {
    const { seqLen, padId } = this.#options
    const sequence: OpenSequence = new Int32Array(seqLen)
    const parts: DocumentPart[] = []
    let filled = 0
    for (const { id, offset, start, length } of pieces) {
      sequence.set(this.#ids.subarray(start, start + length), filled)
      if (id !== undefined) parts.push({ id, offset, start: filled, length })
      filled += length
    }
    sequence.fill(padId, filled)
    this.#padding += seqLen - filled
    if (parts.length === pieces.length) sequence.parts = parts
    return sequence
  }
}
