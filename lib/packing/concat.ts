import { z } from 'zod'
import type { Sequence } from '../document.ts'
import { SluiceError } from '../errors.ts'
import { parseState } from '../options.ts'
import { type OpenSequence, type Packer, type SavedPart, savedPart } from './packing.ts'
import { partsOf, savedParts } from './parts.ts'

const concatState = z.strictObject({
  seqLen: z.int(),
  rest: z.array(z.int().min(0).max(2 ** 31 - 1)),
  parts: z.array(savedPart).optional() // absent in states of versions without parts
})

/** The ids that don't fill a sequence yet. */
export interface ConcatState {
  readonly seqLen: number
  readonly rest: readonly number[]
  /** The documents of these ids: id, offset, start and length of each. */
  readonly parts?: readonly SavedPart[] | undefined
}

/** Joins ids and cuts them every `seqLen`. A sequence doesn't change once it has been passed on. */
export class ConcatPacker implements Packer<ConcatState> {
  readonly padding = 0
  readonly #seqLen: number
  #open: OpenSequence
  #filled = 0

  constructor (seqLen: number) {
    this.#seqLen = seqLen
    this.#open = new Int32Array(seqLen)
  }

  get rest (): number {
    return this.#filled
  }

  add (ids: Int32Array, push: (sequence: Sequence) => void, id?: bigint, first = 0): void {
    for (let offset = 0; offset < ids.length;) {
      const piece = ids.subarray(offset, offset + this.#seqLen - this.#filled)
      const { length } = piece
      this.#open.set(piece, this.#filled)
      this.#addPart(first + offset, length, id)
      this.#filled += length
      offset += length
      if (this.#filled === this.#seqLen) {
        const full = this.#open
        this.#open = new Int32Array(this.#seqLen)
        this.#filled = 0
        push(full)
      }
    }
  }

  /** The tail, which fills no sequence, is left out. */
  finish (): void {}

  save (): ConcatState {
    const { parts } = this.#open
    const rest = Array.from(this.#open.subarray(0, this.#filled))
    return { seqLen: this.#seqLen, rest, ...(parts && { parts: savedParts(parts) }) }
  }

  restore (state: unknown): void {
    const { seqLen, rest, parts } = parseState('pack', concatState, state)
    if (seqLen !== this.#seqLen || rest.length >= seqLen) {
      throw new SluiceError('ERR_STATE', `pack: expected the state of sequences of ${this.#seqLen} ids, ` +
        `got ${rest.length} ids of a sequence of ${seqLen}`)
    }
    this.#open = new Int32Array(seqLen)
    this.#open.set(rest)
    this.#filled = rest.length
    if (parts !== undefined) this.#open.parts = partsOf(parts)
  }

  #addPart (offset: number, length: number, id: bigint | undefined): void {
    if (id === undefined) delete this.#open.parts
    else if (this.#filled === 0) this.#open.parts = [{ id, offset, start: 0, length }]
    else this.#open.parts?.push({ id, offset, start: this.#filled, length })
  }
}
