import { z } from 'zod'
import type { Sequence, Tokens } from '../lib/document.ts'
import { SluiceError } from '../lib/errors.ts'
import { parseState, positive } from '../lib/options.ts'
import { Stage, type StageOptions, type StageStats, stageOptions } from '../lib/stage/stage.ts'

export const packOptions = z.strictObject({
  seqLen: positive.max(2 ** 24).default(2048).describe('token ids in a sequence')
}).describe('joins the ids of documents and cuts them into sequences')

/** Options of `pack`. */
export type PackOptions = z.input<typeof packOptions> & StageOptions<Tokens>

/** The ids that don't fill a sequence yet. */
export interface PackState {
  readonly seqLen: number
  readonly rest: readonly number[]
}

const packState = z.strictObject({ seqLen: z.int(), rest: z.array(z.int().min(0).max(2 ** 31 - 1)) })

/** Counts of `pack`: `in` counts documents, `out` sequences. */
export interface PackStats extends StageStats {
  /** Ids of all documents, including EOS ids and the tail. */
  tokens: number
  /** Ids that don't fill a sequence yet; at the end, those that are left out. */
  tail: number
}

/** Joins ids and cuts them every `seqLen`. A sequence doesn't change once it has been passed on. */
export class Packer {
  readonly #seqLen: number
  #open: Int32Array
  #filled = 0

  constructor (seqLen: number) {
    this.#seqLen = seqLen
    this.#open = new Int32Array(seqLen)
  }

  /** Ids that don't fill a sequence yet. */
  get rest (): number {
    return this.#filled
  }

  /** Calls `push` with each sequence that the ids complete. They are copied: the caller may reuse the array. */
  add (ids: Int32Array, push: (sequence: Sequence) => void): void {
    for (let from = 0; from < ids.length;) {
      const piece = ids.subarray(from, from + this.#seqLen - this.#filled)
      this.#open.set(piece, this.#filled)
      this.#filled += piece.length
      from += piece.length
      if (this.#filled === this.#seqLen) {
        const full = this.#open
        this.#open = new Int32Array(this.#seqLen)
        this.#filled = 0
        push(full)
      }
    }
  }

  save (): PackState {
    return { seqLen: this.#seqLen, rest: Array.from(this.#open.subarray(0, this.#filled)) }
  }

  /** @throws SluiceError `ERR_STATE` for anything but the state of sequences of this length */
  restore (state: unknown): void {
    const { seqLen, rest } = parseState('pack', packState, state)
    if (seqLen !== this.#seqLen || rest.length >= seqLen) {
      throw new SluiceError('ERR_STATE', `pack: expected the state of sequences of ${this.#seqLen} ids, ` +
        `got ${rest.length} ids of a sequence of ${seqLen}`)
    }
    this.#open.set(rest)
    this.#filled = rest.length
  }
}

/** A `pack` stage, whose `stats` also count tokens and the tail. */
export interface PackStage<Item = Tokens> extends Stage<Item, Sequence, PackState> {
  readonly stats: PackStats
}

/**
 * Joins the ids of documents and cuts them into sequences of `seqLen`; a document may span sequences. The tail, which
 * fills no sequence, is left out and counted in `stats.tail`.
 */
export function pack (options: PackOptions = {}): PackStage {
  return packTokens(...stageOptions('pack', packOptions, options))
}

/** Like `pack`, with parsed options. */
export function packTokens (options: z.output<typeof packOptions>, shared: StageOptions<Tokens> = {}): PackStage {
  return packFrom(options, ({ ids }: Tokens) => ids, () => {}, shared)
}

/**
 * `pack` of items that hold their ids elsewhere.
 *
 * @param options checked options
 * @param copied called when the ids of an item have been copied and aren't needed any more
 */
export function packFrom<Item> (
  { seqLen }: z.output<typeof packOptions>, idsOf: (item: Item) => Int32Array, copied: (item: Item) => void,
  shared: StageOptions<Item> = {}
): PackStage<Item> {
  const packer = new Packer(seqLen)
  const stage = new Stage<Item, Sequence, PackState>({
    name: 'pack',
    take (item, push) {
      const ids = idsOf(item)
      packer.add(ids, push)
      copied(item)
      stats.tokens += ids.length
      stats.tail = packer.rest
      return undefined
    },
    save: () => packer.save(),
    restore (state) {
      packer.restore(state)
      stats.tail = packer.rest
    }
  }, shared)
  const stats: PackStats = Object.assign(stage.stats, { tokens: 0, tail: 0 })
  return stage as PackStage<Item>
}
