import { join } from 'node:path'
import { Writable } from 'node:stream'
import { z } from 'zod'
import { Barrier } from '../lib/stage/barrier.ts'
import type { Sequence } from '../lib/document.ts'
import { SluiceError } from '../lib/errors.ts'
import { dtypes, maxId, npyData } from '../lib/shards/npy.ts'
import { parseOptions, parseState, positive } from '../lib/options.ts'
import { writing } from '../lib/output/output.ts'
import { shardName } from '../lib/shards/names.ts'
import { keepShards, removeShards, takeFolder } from '../lib/shards/shard-folder.ts'
import {
  type OpenShard, type ShardInfo, type ShardShape, ShardWriter, openShard, shardInfo
} from '../lib/shards/writer.ts'
import {
  type Done, type StageStats, type StreamOptions, objectStream, settle, settleDestroy
} from '../lib/stage/stage.ts'

export const npySinkOptions = z.strictObject({
  seqLen: positive.optional().describe('token ids in a sequence (default: length of the first sequence)'),
  sequencesPerShard: positive.default(1024).describe('sequences in a shard; the last shard may have fewer'),
  dtype: z.enum(dtypes).default('int32').describe('type of the ids, little-endian'),
  vocabSize: positive.optional().describe('every id must be less than this number'),
  overwrite: z.boolean().default(false)
    .describe('delete the shards of another run in the folder instead of failing')
})

/** Options of `npySink`. */
export type NpySinkOptions = z.input<typeof npySinkOptions> & NpyStreamOptions

/** Options of `npySink` that are set in code only. */
export interface NpyStreamOptions extends StreamOptions {
  /**
   * Whether `save` will be called; after a `save`, an unfinished shard is kept when the stream is destroyed. The caller
   * must make sure that no other run writes into the folder. Shards in it are replaced one by one. @default false
   */
  readonly resumable?: boolean | undefined
  /** Awaited before the first shard gets its final name, and before `overwrite` deletes shards. */
  readonly beforeFirst?: (() => Promise<void>) | undefined
  /** Number of the first shard. @default 0 */
  readonly first?: number | undefined
}

const npySinkState = z.strictObject({
  seqLen: positive.nullable(),
  shards: z.array(shardInfo),
  open: openShard.nullable()
})

/** The state of an `npySink`: the shards that it has written; small JSON. */
export type NpySinkState = z.output<typeof npySinkState>

/** Counts of an `npySink`: `in` and `out` count sequences, `out` those in complete shards. */
export interface NpySinkStats extends StageStats {
  readonly shards: ShardInfo[]
}

/**
 * Writes sequences to `shard_00000.npy`, `shard_00001.npy`, … in a folder: NumPy format 1.0, C order, shape
 * `(n, seqLen)`. Each shard is written under a temporary name, synced, then renamed, so readers never see a part of a
 * shard. `shard_00000.docs`, if documents are known, has 24 bytes for each document in each row of `shard_00000.npy`.
 *
 * @param folder created if it is missing
 * @throws SluiceError `ERR_OPTION`; the stream fails with `ERR_OUTPUT_EXISTS` when the folder holds shards,
 *   `ERR_SHARD` for a sequence of another length or an id out of range, and `ERR_OUTPUT`
 */
export function npySink (folder: string, options: NpySinkOptions = {}): NpySink {
  const { highWaterMark, signal, resumable, beforeFirst, ...own } = options
  const checked = parseOptions('npy', npySinkOptions, own)
  return new NpySink(folder, checked, { highWaterMark, signal, resumable, beforeFirst })
}

/** The stream that `npySink` returns; `stats.shards` grows with each complete shard. */
export class NpySink extends Writable {
  readonly stageName = 'npy'
  readonly stats: NpySinkStats = { in: 0, out: 0, dropped: {}, shards: [] }
  readonly #folder: string
  readonly #options: z.output<typeof npySinkOptions>
  readonly #maxId: number
  #seqLen: number | undefined
  readonly #resumable: boolean
  readonly #beforeFirst: NpyStreamOptions['beforeFirst']
  #hasFolder = false
  #saved: OpenShard | null = null // the unfinished shard of an earlier run, until it is resumed
  #shard: ShardWriter | undefined
  #adding: Promise<void> = Promise.resolve()
  #opened = 0 // shards, including those of an earlier run
  #finishing: Promise<void> | undefined // of the previous shard
  /** Shards that have all their sequences, including the one that is being written to disk. */
  filled = 0

  /** @param options as the schema has parsed them */
  constructor (
    folder: string,
    options: z.output<typeof npySinkOptions>,
    { highWaterMark, signal, resumable = false, beforeFirst, first = 0 }: NpyStreamOptions = {}
  ) {
    super(objectStream({ highWaterMark, signal }))
    this.#folder = folder
    this.#options = options
    this.#resumable = resumable
    this.#beforeFirst = beforeFirst
    this.#opened = first
    this.#seqLen = options.seqLen
    this.#maxId = Math.min(maxId(options.dtype), (options.vocabSize ?? Infinity) - 1)
  }

  /** Writes and syncs the sequences so far. @returns the state from which `restore` resumes after them */
  async save (): Promise<NpySinkState> {
    await this.#finishing
    const open = this.#shard === undefined ? this.#saved : await this.#shard.save()
    return { seqLen: this.#seqLen ?? null, shards: [...this.stats.shards], open }
  }

  /**
   * Resumes after the sequences of an earlier run. Call it before the first write.
   *
   * @throws SluiceError `ERR_STATE` for anything that `save` didn't return
   */
  restore (state: unknown): void {
    const { seqLen, shards, open } = parseState('npy', npySinkState, state)
    this.#seqLen = seqLen ?? this.#seqLen
    this.#saved = open
    for (const shard of shards) this.stats.shards.push(shard)
    this.#opened = this.filled = shards.length
    this.stats.out = shards.reduce((sum, { sequences }) => sum + sequences, 0)
    this.stats.in = this.stats.out + (open?.rows ?? 0)
  }

  override _write (item: Sequence | Barrier, _encoding: BufferEncoding, done: Done): void {
    this.#adding = item instanceof Barrier ? item.arrive() : this.#add(item)
    settle(this.#adding, done)
  }

  override _final (done: Done): void {
    this.#adding = this.#finish()
    settle(this.#adding, done)
  }

  override _destroy (error: Error | null, done: Done): void {
    // An abort can arrive while a shard is opened or finished. The files to delete are known only afterwards.
    const settled = this.#adding.catch(() => {}).then(() => this.#finishing).catch(() => {})
    settleDestroy(settled.then(() => this.#shard?.abandon()), error, done)
  }

  /** Called at the first write, so that a sink that is never written to leaves the folder unchanged. */
  async #takeFolder (): Promise<void> {
    if (this.#hasFolder) return
    const { shards } = this.stats
    await takeFolder(this.#folder, {
      overwrite: this.#options.overwrite,
      resumable: this.#resumable,
      resumes: shards.length > 0 || this.#saved !== null,
      files: shards.flatMap(({ documents, ...shard }) => [shard, documents])
    })
    this.#hasFolder = true
  }

  async #add (sequence: Sequence): Promise<void> {
    await this.#takeFolder()
    if (sequence.length === 0) throw new SluiceError('ERR_SHARD', `${this.#folder}: got a sequence without ids`)
    const { dtype } = this.#options
    const seqLen = this.#seqLen ??= sequence.length
    if (sequence.length !== seqLen) {
      throw new SluiceError('ERR_SHARD',
        `${this.#folder}: got a sequence of ${sequence.length} ids, expected ${seqLen}`)
    }
    this.stats.in++
    const row = npyData(sequence, dtype, this.#maxId)
    this.#shard ??= await this.#openShard(seqLen, sequence.parts !== undefined)
    await this.#shard.add(row, sequence.parts)
    if (this.#shard.full) await this.#finishShard()
  }

  /** @param documents whether a new shard has documents */
  async #openShard (seqLen: number, documents: boolean): Promise<ShardWriter> {
    const path = join(this.#folder, shardName(this.#opened++))
    const shape: ShardShape = { columns: seqLen, maxRows: this.#options.sequencesPerShard, dtype: this.#options.dtype }
    const saved = this.#saved
    this.#saved = null
    if (saved !== null) return await ShardWriter.resume(path, shape, saved)
    return await ShardWriter.create(path, shape, { resumable: this.#resumable, documents })
  }

  async #finish (): Promise<void> {
    await this.#takeFolder()
    if (this.#saved !== null) this.#shard = await this.#openShard(this.#seqLen!, false)
    await this.#finishShard()
    await this.#finishing
    if (this.stats.shards.length === 0) await keepShards(this.#folder)
  }

  /**
   * Starts to finish the shard, and lets the next one be filled while the disk is busy. A failure is thrown when the
   * next shard is finished, or by `save`.
   */
  async #finishShard (): Promise<void> {
    await this.#finishing
    const shard = this.#shard
    if (shard === undefined) return
    const isFirst = this.stats.shards.length === 0
    this.filled++
    this.#finishing = this.#publish(shard, isFirst)
    this.#finishing.catch(() => {})
    if (isFirst) await this.#finishing // the old shards are deleted before the next one is opened
    this.#shard = undefined
  }

  async #publish (shard: ShardWriter, isFirst: boolean): Promise<void> {
    try {
      if (isFirst) await this.#beforeFirst?.()
      // Not before: the old shards are kept until a new one can replace them.
      if (isFirst && this.#options.overwrite) await writing(this.#folder, () => removeShards(this.#folder))
      const info = await shard.finish()
      this.stats.shards.push(info)
      this.stats.out += info.sequences
    } catch (error) {
      await shard.abandon()
      throw error
    }
  }
}
