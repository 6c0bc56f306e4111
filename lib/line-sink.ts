import { Writable } from 'node:stream'
import { type Output, openOutput } from './output.ts'
import type { StageStats } from './stage.ts'

export interface SinkOptions {
  /** Items held before the sink asks the flow to wait. @default 16 (Node's) */
  readonly highWaterMark?: number | undefined
  /** Destroys the sink, and what it has written, when it fires. */
  readonly signal?: AbortSignal | undefined
}

/**
 * A sink that writes a line for each item. The file has its name only once the flow has ended well;
 * on an error or abort nothing of it is left.
 */
export class LineSink<Item> extends Writable {
  readonly stageName: string
  readonly stats: StageStats & { bytes: number } = { in: 0, out: 0, dropped: {}, bytes: 0 }
  readonly #path: string
  readonly #lineOf: (item: Item) => string
  #output: Promise<Output> | undefined

  /** @param lineOf the line of an item, its ending included */
  constructor (name: string, path: string, lineOf: (item: Item) => string, { highWaterMark, signal }: SinkOptions) {
    super({
      objectMode: true,
      ...(highWaterMark === undefined ? {} : { highWaterMark }),
      ...(signal === undefined ? {} : { signal })
    })
    this.stageName = name
    this.#path = path
    this.#lineOf = lineOf
  }

  override _write (item: Item, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#writeAll([item]).then(() => { done() }, done)
  }

  /** Node gives all items that came while the last write was under way: they go to the file in one piece. */
  override _writev (items: Array<{ chunk: Item }>, done: (error?: Error | null) => void): void {
    this.#writeAll(items.map(({ chunk }) => chunk)).then(() => { done() }, done)
  }

  override _final (done: (error?: Error | null) => void): void {
    this.#commit().then(() => { done() }, done)
  }

  override _destroy (error: Error | null, done: (error?: Error | null) => void): void {
    this.#abandon().then(() => { done(error) }, (abandonError: unknown) => { done(error ?? abandonError as Error) })
  }

  /** Not on construction: a sink that is made and never written to leaves the folder as it is. */
  async #open (): Promise<Output> {
    return await (this.#output ??= openOutput(this.#path))
  }

  async #commit (): Promise<void> {
    const output = await this.#open()
    await output.commit()
    this.#output = undefined
  }

  async #abandon (): Promise<void> {
    const output = await this.#output?.catch(() => undefined)
    await output?.abandon()
  }

  async #writeAll (items: readonly Item[]): Promise<void> {
    const output = await this.#open()
    this.stats.in += items.length
    const bytes = Buffer.from(items.map(this.#lineOf).join(''))
    await output.write(bytes)
    this.stats.out += items.length
    this.stats.bytes += bytes.length
  }
}
