import type { TransformCallback } from 'node:stream'
import { Barrier } from './barrier.ts'
import { SluiceError } from '../errors.ts'
import { type OptionsSchema, parseOptions } from '../options.ts'
import { TypedTransform } from './typed-streams.ts'
import type { z } from 'zod'

/** The counts of a stage. If it pushes at most one item for each, `in` is `out` plus the sum of `dropped`. */
export interface StageStats {
  in: number
  out: number
  /** Items dropped, by reason. */
  dropped: Record<string, number>
}

/** Options of every stage, in addition to its own. */
export interface StreamOptions {
  /**
   * The number of items that the stage buffers on each side before the previous stage must wait. @default 16 (Node's)
   */
  readonly highWaterMark?: number | undefined
  /** Destroys the stage when it fires. */
  readonly signal?: AbortSignal | undefined
}

/** Options of every transform, in addition to its own. */
export interface StageOptions<Item> extends StreamOptions {
  /** Called with each item that the stage drops, and the reason; the stage waits for it. */
  readonly rejects?: ((item: Item, reason: string) => void | Promise<void>) | undefined
}

interface ObjectStreamOptions {
  objectMode: true
  highWaterMark?: number
  signal?: AbortSignal
}

/** Options for the constructors of Node's streams; missing ones have Node's defaults. */
export function objectStream ({ highWaterMark, signal }: StreamOptions): ObjectStreamOptions {
  return {
    objectMode: true,
    ...(highWaterMark === undefined ? {} : { highWaterMark }),
    ...(signal === undefined ? {} : { signal })
  }
}

/** The callback of Node's streams when a step is done. */
export type Done = (error?: Error | null) => void

/** Calls `done` when a promise settles. A rejection without a reason becomes an error, too. */
export function settle (promise: Promise<unknown>, done: Done): void {
  promise.then(() => { done() }, (error: unknown) => {
    done(error == null ? new Error('rejected without an error') : error as Error)
  })
}

/** Ends `_destroy` once resources are released. The first error is reported. */
export function settleDestroy (promise: Promise<unknown>, error: Error | null, done: Done): void {
  promise.then(() => { done(error) }, (late: unknown) => { done(error ?? late as Error) })
}

/** Passes an item on to the next stage. */
export type Push<Out> = (item: Out) => void

/** What a stage does, without streams. */
export interface Work<In, Out, State = null> {
  readonly name: string
  /** Loads what the work needs: before the first item, or at the end if there is none. */
  open?: () => Promise<void>
  /**
   * Takes one item and pushes its results: none, one or several.
   * A string that it returns is the reason why the item is dropped.
   */
  take: (item: In, push: Push<Out>) => string | undefined | Promise<string | undefined>
  /**
   * Whether it may push several items for one. This is used for custom stages: one that doesn't set it and has no
   * `finish` pushes exactly one item for each that it doesn't drop.
   */
  readonly several?: boolean
  /** A key of an item, computed from the item alone. `take` compares it with the keys of other items. */
  key?: (item: In) => bigint
  /** Called at the end of the input; pushes the remaining items. */
  finish?: (push: Push<Out>) => void | Promise<void>
  /** Releases what `open` loaded. Called once if `open` was: at the end, after an error, or after an abort. */
  close?: () => void | Promise<void>
  /** The state as small JSON. A stage without state has neither `save` nor `restore`. */
  save?: () => State
  /** Restores a state that `save` returned. @throws SluiceError `ERR_STATE` for any other */
  restore? (state: State): void
}

/** Items whose keys are already computed, so that the stage only compares them. */
export interface Keyed<Item, Out> {
  readonly keyOf: (item: Item) => bigint
  /** Returns the item to pass on for an item that is kept. */
  readonly outOf: (item: Item) => Out
}

/**
 * A Node transform in object mode around a `Work`. It counts items, keeps backpressure, and passes errors on by
 * `destroy`. It can be used alone with `pipeline` of `node:stream/promises`.
 */
export class Stage<In, Out, State = null> extends TypedTransform<Out> {
  readonly stageName: string
  readonly stats: StageStats = { in: 0, out: 0, dropped: {} }
  /** What the stage does, for use without streams. */
  readonly work: Work<In, Out, State>
  readonly #rejects: StageOptions<In>['rejects']
  readonly #pushOut: Push<Out>
  #opening: Promise<void> | undefined
  #isOpen = false
  #pending: Promise<void> | undefined

  constructor (work: Work<In, Out, State>, { rejects, highWaterMark, signal }: StageOptions<In> = {}) {
    super(objectStream({ highWaterMark, signal }))
    this.stageName = work.name
    this.work = work
    this.#rejects = rejects
    this.#pushOut = item => {
      this.stats.out++
      this.push(item)
    }
  }

  /** The state that `restore` needs to resume here, as small JSON; null for a stage without state. */
  save (): State | null {
    return this.work.save?.() ?? null
  }

  /** Resumes from a saved state. @throws SluiceError `ERR_STATE` when the state is from another stage */
  restore (state: State): void {
    if (this.work.restore === undefined) {
      throw new SluiceError('ERR_STATE', `${this.stageName} holds no state, so none can be restored`)
    }
    this.work.restore(state)
  }

  override _transform (item: In | Barrier, _encoding: BufferEncoding, done: TransformCallback): void {
    if (item instanceof Barrier) done(null, item)
    else if (this.#isOpen) this.#take(item, done)
    else this.#open().then(() => { if (!this.destroyed) this.#take(item, done) }, done)
  }

  override _flush (done: Done): void {
    settle(this.#finish(), done)
  }

  override _destroy (error: Error | null, done: Done): void {
    this.pause() // as in RecordSource
    settleDestroy(this.#close(), error, done)
  }

  /** Opens on first use, not in the constructor: a stage that is never used must not fail or hold resources. */
  async #open (): Promise<void> {
    await (this.#opening ??= Promise.resolve(this.work.open?.()))
    this.#isOpen = true
  }

  #take (item: In, done: Done): void {
    this.stats.in++
    let reason: string | undefined | Promise<string | undefined>
    try {
      reason = this.work.take(item, this.#pushOut)
    } catch (error) {
      done(error as Error)
      return
    }
    if (reason === undefined) done()
    else settle(this.#pending = this.#drop(item, reason), done)
  }

  async #finish (): Promise<void> {
    await this.#open()
    await this.work.finish?.(this.#pushOut)
  }

  async #close (): Promise<void> {
    if (this.#opening === undefined) return
    // After an abort, `open` and `take` may still be running. What they use is kept until they have ended.
    await this.#opening.catch(() => {})
    await this.#pending?.catch(() => {})
    await this.work.close?.()
  }

  async #drop (item: In, given: string | Promise<string | undefined>): Promise<void> {
    const reason = await given
    if (reason === undefined) return
    this.stats.dropped[reason] = (this.stats.dropped[reason] ?? 0) + 1
    await this.#rejects?.(item, reason)
  }
}

/**
 * Splits the options of a factory into its own, parsed with its schema, and those of every stage.
 *
 * @throws SluiceError `ERR_OPTION`
 */
export function stageOptions<S extends OptionsSchema, Item> (
  name: string, schema: S, given: StageOptions<Item>
): [own: z.output<S>, shared: StageOptions<Item>] {
  const { rejects, highWaterMark, signal, ...own } = given
  return [parseOptions(name, schema, own), { rejects, highWaterMark, signal }]
}
