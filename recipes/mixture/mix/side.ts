import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import type { Sequence, Tokens } from '../../../lib/document.ts'
import { isFlat } from '../../../lib/shards/formats/formats.ts'
import { type ShardChoice, type ShardSink, sinkOf } from '../../components/shard-output.ts'

interface SideOptions {
  readonly vocabSize: number
  /** Whether shards of another run are deleted. */
  readonly overwrite: boolean
}

/** The shards of one side of a mixture, which are written item by item: documents in flat formats, else sequences. */
export class SideOutput {
  readonly folder: string
  /** Whether documents are written, not sequences. */
  readonly isFlat: boolean
  readonly #sink: ShardSink

  constructor (folder: string, choice: ShardChoice, { vocabSize, overwrite }: SideOptions) {
    this.folder = folder
    this.isFlat = isFlat(choice.format)
    this.#sink = sinkOf(folder, choice, { vocabSize }, { overwrite, resumable: true, beforeFirst: undefined })
    this.#sink.on('error', () => {}) // thrown where the sequence is written
  }

  /** Number of sequences or documents. */
  get items (): number {
    return this.#sink.stats.in
  }

  /** Of the complete shards. */
  get shards (): ShardSink['stats']['shards'] {
    return this.#sink.stats.shards
  }

  /** Number of sequences in the complete shards; 0 in flat formats. */
  get sequences (): number {
    return this.isFlat ? 0 : this.#sink.stats.out
  }

  /** Number of ids in the shards, with padding. @param seqLen of the sequences */
  idsIn (seqLen: number): number {
    const { stats } = this.#sink
    return this.isFlat && 'tokens' in stats ? stats.tokens : stats.out * seqLen
  }

  /** The file that lists the shards, if the format has one. */
  get list (): Extract<ShardSink['stats'], { list: unknown }>['list'] {
    return 'list' in this.#sink.stats ? this.#sink.stats.list : null
  }

  /** @throws SluiceError as the sink fails */
  async write (item: Sequence | Pick<Tokens, 'ids'>): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#sink.write(item, error => { if (error == null) resolve(); else reject(error) })
    })
  }

  async save (): Promise<unknown> {
    return await this.#sink.save()
  }

  /** Resumes after the items of an earlier run. */
  restore (state: unknown): void {
    this.#sink.restore(state)
  }

  /** Completes the last shard. */
  async end (): Promise<void> {
    this.#sink.end()
    await finished(this.#sink)
  }

  /** Deletes what no checkpoint covers. */
  async abandon (): Promise<void> {
    if (this.#sink.closed) return
    this.#sink.destroy()
    await once(this.#sink, 'close')
  }
}
