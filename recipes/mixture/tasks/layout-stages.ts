import { Writable } from 'node:stream'
import { isFlat } from '../../../lib/shards/formats/formats.ts'
import type { FormatName } from '../../../lib/shards/formats/format.ts'
import type { ShardInfo } from '../../../lib/shards/writer.ts'
import { Barrier } from '../../../lib/stage/barrier.ts'
import { type Done, objectStream, settle, Stage } from '../../../lib/stage/stage.ts'
import type { Sequence } from '../../../lib/document.ts'
import type { BatchEntry } from '../../flow/workers/batch-entry.ts'
import type { PackStage, PackState, PackStats } from '../../../transforms/pack.ts'
import type { KeptDocuments } from './kept.ts'
import type { Layout } from './layout.ts'
import { type StoredEntry, storedEntry } from './stored-records.ts'

/** In place of `pack`: lays documents out, with the same counts, and passes nothing on. */
export function packLayout (layout: Layout, kept: KeptDocuments, hasPadding: boolean): PackStage<BatchEntry> {
  const stage = new Stage<BatchEntry, Sequence, PackState>({
    name: 'pack',
    take (entry) {
      const { place, size } = storedEntry(entry)
      kept.add(place)
      layout.add(place, size)
      recount()
      return undefined
    },
    finish () {
      layout.finish()
      recount()
    }
  })
  const stats: PackStats = Object.assign(stage.stats, { tokens: 0, tail: 0 })
  const recount = (): void => {
    stats.out = layout.items
    stats.tokens = layout.tokens
    stats.tail = layout.tail
    if (hasPadding) stats.padding = layout.padding
  }
  recount()
  return stage as PackStage<BatchEntry>
}

/** Counts of a sink of shards that writes none. */
export interface LayoutSinkStats {
  in: number
  out: number
  readonly dropped: Readonly<Record<string, number>>
  readonly shards: ShardInfo[]
  tokens: number
}

/** In place of the sink of shards: lays out the documents of a flat format, and writes nothing. */
export class LayoutSink extends Writable {
  readonly stageName: string
  readonly stats: LayoutSinkStats = { in: 0, out: 0, dropped: {}, shards: [], tokens: 0 }
  readonly filled = 0
  readonly #layout: Layout
  readonly #kept: KeptDocuments

  constructor (format: FormatName, layout: Layout, kept: KeptDocuments) {
    super(objectStream({}))
    this.stageName = isFlat(format) ? 'flat' : format === 'npy' ? 'npy' : 'rows'
    this.#layout = layout
    this.#kept = kept
  }

  save (): Promise<null> {
    return Promise.resolve(null)
  }

  restore (): void {}

  override _write (item: StoredEntry | Barrier, _encoding: BufferEncoding, done: Done): void {
    if (item instanceof Barrier) {
      settle(item.arrive(), done)
      return
    }
    this.#kept.add(item.place)
    this.#layout.add(item.place, item.size)
    done()
  }

  override _final (done: Done): void {
    const { items, tokens } = this.#layout
    Object.assign(this.stats, { in: items, out: items, tokens })
    done()
  }
}
