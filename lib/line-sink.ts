import { Writable } from 'node:stream'
import { LineWriter } from './line-writer.ts'
import { type Done, type StageStats, type StreamOptions, objectStream, settle, settleDestroy } from './stage.ts'

/**
 * A sink that writes a line for each item. The file has its name only once the flow has ended well;
 * on an error or abort nothing of it is left.
 */
export class LineSink<Item> extends Writable {
  readonly stageName: string
  readonly stats: StageStats = { in: 0, out: 0, dropped: {} }
  readonly #lineOf: (item: Item) => string
  readonly #writer: LineWriter

  /** @param lineOf the line of an item, its ending included */
  constructor (name: string, path: string, lineOf: (item: Item) => string, { highWaterMark, signal }: StreamOptions) {
    super(objectStream({ highWaterMark, signal }))
    this.stageName = name
    this.#lineOf = lineOf
    this.#writer = new LineWriter(path)
  }

  override _write (item: Item, _encoding: BufferEncoding, done: Done): void {
    this.#writeAll([item], done)
  }

  /** Node gives all items that came while the last write was under way. */
  override _writev (items: Array<{ chunk: Item }>, done: Done): void {
    this.#writeAll(items.map(({ chunk }) => chunk), done)
  }

  override _final (done: Done): void {
    settle(this.#writer.commit(), done)
  }

  override _destroy (error: Error | null, done: Done): void {
    settleDestroy(this.#writer.abandon(), error, done)
  }

  #writeAll (items: readonly Item[], done: Done): void {
    this.stats.in += items.length
    let written: Promise<void> | undefined
    try {
      written = this.#writer.add(items.map(this.#lineOf).join(''))
    } catch (error) {
      done(error as Error)
      return
    }
    this.stats.out += items.length
    if (written === undefined) done()
    else settle(written, done)
  }
}
