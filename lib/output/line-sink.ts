import { Writable } from 'node:stream'
import { z } from 'zod'
import { Barrier } from '../stage/barrier.ts'
import { LineWriter } from './line-writer.ts'
import { count, parseState } from '../options.ts'
import { outputState } from './resumable.ts'
import { type Done, type StageStats, type StreamOptions, objectStream, settle, settleDestroy } from '../stage/stage.ts'

/** Options of line sinks. */
export interface LineSinkOptions extends StreamOptions {
  /** Whether `save` will be called, after which an incomplete file is kept. @default false */
  readonly resumable?: boolean | undefined
}

/** A text, or its bytes in UTF-8. */
export type Line = string | Uint8Array

const lineSinkState = z.strictObject({ lines: count, output: outputState })

/** The state of a line sink, as small JSON. */
export type LineSinkState = z.output<typeof lineSinkState>

/**
 * A sink that writes a line for each item. The file gets its name only when the flow ends without an error; otherwise
 * it is deleted, unless `save` was called.
 */
export class LineSink<Item> extends Writable {
  readonly stageName: string
  readonly stats: StageStats = { in: 0, out: 0, dropped: {} }
  readonly #lineOf: (item: Item) => Line
  readonly #writer: LineWriter
  #arriving: Promise<void> = Promise.resolve()

  /** @param lineOf returns the line of an item, including its ending; bytes are copied before the next items come */
  constructor (
    name: string,
    path: string,
    lineOf: (item: Item) => Line,
    { highWaterMark, signal, resumable }: LineSinkOptions
  ) {
    super(objectStream({ highWaterMark, signal }))
    this.stageName = name
    this.#lineOf = lineOf
    this.#writer = new LineWriter(path, { resumable })
  }

  /** Writes and syncs all lines so far. Returns the state for `restore` to resume from. */
  async save (): Promise<LineSinkState> {
    return { lines: this.stats.in, output: await this.#writer.save() }
  }

  /**
   * Resumes the file of an earlier run. Call it before any write.
   *
   * @throws SluiceError `ERR_STATE` for a state that isn't from `save`
   */
  restore (state: unknown): void {
    const { lines, output } = parseState(this.stageName, lineSinkState, state)
    this.stats.in = this.stats.out = lines
    this.#writer.restore(output)
  }

  override _write (item: Item | Barrier, _encoding: BufferEncoding, done: Done): void {
    this.#writeAll([item], done)
  }

  /** Called with all items that arrived during the last write. */
  override _writev (items: Array<{ chunk: Item | Barrier }>, done: Done): void {
    this.#writeAll(items.map(({ chunk }) => chunk), done)
  }

  override _final (done: Done): void {
    settle(this.#writer.commit(), done)
  }

  override _destroy (error: Error | null, done: Done): void {
    // Wait for a checkpoint in progress: it must not outlive the flow, and it decides whether the file is kept.
    settleDestroy(this.#arriving.catch(() => {}).then(() => this.#writer.abandon()), error, done)
  }

  #writeAll (given: ReadonlyArray<Item | Barrier>, done: Done): void {
    const barrier = given.at(-1) // the source sends no items until the barrier has arrived
    const items = (barrier instanceof Barrier ? given.slice(0, -1) : given) as readonly Item[]
    this.stats.in += items.length
    let written: Promise<void> | undefined
    try {
      written = this.#writer.add(joined(items.map(this.#lineOf)))
    } catch (error) {
      done(error as Error)
      return
    }
    this.stats.out += items.length
    if (barrier instanceof Barrier) {
      this.#arriving = Promise.resolve(written).then(barrier.arrive)
      settle(this.#arriving, done)
    } else if (written === undefined) done()
    else settle(written, done)
  }
}

function joined (lines: readonly Line[]): string | Buffer {
  return areTexts(lines)
    ? lines.join('')
    : Buffer.concat(lines.map(line => typeof line === 'string' ? Buffer.from(line) : line))
}

function areTexts (lines: readonly Line[]): lines is readonly string[] {
  return lines.every(line => typeof line === 'string')
}
