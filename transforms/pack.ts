import { z } from 'zod'
import type { Sequence, Tokens } from '../lib/document.ts'
import { count, positive } from '../lib/options.ts'
import type { ConcatState } from '../lib/packing/concat.ts'
import { documentIds } from '../lib/packing/document-id.ts'
import { packerOf } from '../lib/packing/packer.ts'
import { packingOptions } from '../lib/packing/packing.ts'
import type { WindowState } from '../lib/packing/window.ts'
import { Stage, type StageOptions, type StageStats, stageOptions } from '../lib/stage/stage.ts'

export const packOptions = z.strictObject({
  seqLen: positive.max(2 ** 24).default(2048).describe('token ids in a sequence'),
  packing: packingOptions.packing,
  packingWindow: packingOptions.packingWindow,
  padId: count.max(2 ** 31 - 1).optional().describe('id that fills sequences; best_fit needs it')
}).describe('lays the ids of documents into sequences')

/** Options of `pack`. */
export type PackOptions = z.input<typeof packOptions> & StageOptions<Tokens>

/** The ids that are in no sequence yet: with `concat` those that don't fill one, with `best_fit` those of a window. */
export type PackState = ConcatState | WindowState

/** Counts of `pack`: `in` counts documents, `out` sequences. */
export interface PackStats extends StageStats {
  /** Ids of all documents, including EOS ids and the tail. Padding isn't counted. */
  tokens: number
  /** Ids that are in no sequence yet; at the end, those that are left out. */
  tail: number
  /** Ids of padding, with `best_fit`. */
  padding?: number
}

/** A `pack` stage, whose `stats` also count tokens, the tail and padding. */
export interface PackStage<Item = Tokens> extends Stage<Item, Sequence, PackState> {
  readonly stats: PackStats
}

/**
 * Lays the ids of documents into sequences of `seqLen`, whose `parts` are the documents in it.
 *
 * `concat` joins documents and cuts them; a document may span sequences. The tail, which fills no sequence, is left out
 * and counted in `stats.tail`. `best_fit` packs whole documents, `packingWindow` of them at a time, and fills sequences
 * with `padId`, which is counted in `stats.padding`; it cuts only documents that are longer than a sequence.
 *
 * @throws SluiceError `ERR_OPTION`
 */
export function pack (options: PackOptions = {}): PackStage {
  return packTokens(...stageOptions('pack', packOptions, options))
}

/** Like `pack`, with parsed options. @throws SluiceError `ERR_OPTION` for `best_fit` without a pad id */
export function packTokens (options: z.output<typeof packOptions>, shared: StageOptions<Tokens> = {}): PackStage {
  return packFrom<Tokens>(options, { idsOf: ({ ids }) => ids, hashOf: ({ id }, hash) => hash(id) }, shared)
}

/** How `packFrom` reads its items. */
export interface PackedItem<Item> {
  readonly idsOf: (item: Item) => Int32Array
  /** The hash of the document's id; `hash` computes it. */
  readonly hashOf: (item: Item, hash: (id: string) => bigint) => bigint
  /** Called when the ids of an item have been copied and aren't needed any more. */
  readonly copied?: (item: Item) => void
}

/** `pack` of items that hold their ids elsewhere. @param options checked options */
export function packFrom<Item> (
  options: z.output<typeof packOptions>, { idsOf, hashOf, copied }: PackedItem<Item>, shared: StageOptions<Item> = {}
): PackStage<Item> {
  const packer = packerOf(options)
  let hash: (id: string) => bigint
  const stage = new Stage<Item, Sequence, PackState>({
    name: 'pack',
    async open () { hash = await documentIds() },
    take (item, push) {
      const ids = idsOf(item)
      packer.add(ids, push, hashOf(item, hash))
      copied?.(item)
      stats.tokens += ids.length
      recount()
      return undefined
    },
    finish (push) {
      packer.finish(push)
      recount()
    },
    save: () => packer.save(),
    restore (state) {
      packer.restore(state)
      recount()
    }
  }, shared)
  const stats: PackStats = Object.assign(stage.stats, { tokens: 0, tail: 0 })
  const recount = (): void => {
    stats.tail = packer.rest
    if (options.packing === 'best_fit') stats.padding = packer.padding
  }
  recount()
  return stage as PackStage<Item>
}
