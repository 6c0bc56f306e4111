import { Writable } from 'node:stream'
import { z } from 'zod'
import { parseState } from '../../options.ts'
import { writing } from '../../output/output.ts'
import { Barrier } from '../../stage/barrier.ts'
import {
  type Done, type StageStats, type StreamOptions, objectStream, settle, settleDestroy
} from '../../stage/stage.ts'
import { keepShards, removeShards, takeFolder } from '../shard-folder.ts'
import { type FileInfo, type FormatShard, formatShard } from './format.ts'

/** A shard that is being written. */
export interface OpenShardFile {
  /** Number of documents or sequences. */
  readonly items: number
  readonly tokens: number
  readonly add: (ids: Buffer) => Promise<void>
  readonly finish: () => Promise<FormatShard>
  /** Small JSON. */
  readonly save: () => Promise<unknown>
  readonly abandon: () => Promise<void>
}

/** How a `FolderSink` writes shards of one format. */
export interface ShardMaker<Item> {
  /** The name of the sink. */
  readonly name: string
  readonly create: (index: number, options: { readonly resumable: boolean }) => Promise<OpenShardFile>
  /** @param saved what `save` of a shard returned */
  readonly resume: (index: number, saved: unknown) => Promise<OpenShardFile>
  /** The ids of an item as bytes. @throws SluiceError `ERR_SHARD` */
  readonly encode: (item: Item) => Buffer
  /** Whether the shard must be finished before these bytes are added. */
  readonly isBefore: (shard: OpenShardFile, ids: Buffer) => boolean
  /** Whether the shard has all its items. */
  readonly isFull: (shard: OpenShardFile) => boolean
  /** Number of items of a complete shard. */
  readonly itemsOf: (shard: FormatShard) => number
  /** Number of ids of a complete shard. */
  readonly tokensOf: (shard: FormatShard) => number
  /** Writes the file that lists the shards, if the format has one. */
  readonly list?: (shards: readonly FormatShard[]) => Promise<FileInfo>
}

/** Options of a `FolderSink`. */
export interface FolderSinkOptions extends StreamOptions {
  /** Delete the shards of another run in the folder instead of failing. */
  readonly overwrite: boolean
  /** Whether `save` will be called, after which unfinished files are kept. @default false */
  readonly resumable?: boolean | undefined
  /** Awaited before the first shard gets its final name, and before `overwrite` deletes shards. */
  readonly beforeFirst?: (() => Promise<void>) | undefined
  /** Number of the first shard. @default 0 */
  readonly first?: number | undefined
}

const openItems = z.object({ items: z.int(), tokens: z.int(), state: z.unknown() })

const folderSinkState = z.strictObject({ shards: z.array(formatShard), open: openItems.nullable() })

/** The state of a `FolderSink`, as small JSON. */
export type FolderSinkState = z.output<typeof folderSinkState>

/** Counts of a `FolderSink`: `in` and `out` count items, `out` those in complete shards. */
export interface FolderSinkStats extends StageStats {
  readonly shards: FormatShard[]
  /** Ids written. */
  tokens: number
  /** The file that lists the shards, if the format has one; set at the end. */
  list: FileInfo | null
}

/** Writes the shards of a folder, one after another. */
export class FolderSink<Item> extends Writable {
  readonly stageName: string
  readonly stats: FolderSinkStats = { in: 0, out: 0, dropped: {}, shards: [], tokens: 0, list: null }
  readonly #folder: string
  readonly #maker: ShardMaker<Item>
  readonly #options: FolderSinkOptions
  readonly #resumable: boolean
  #hasFolder = false
  #saved: FolderSinkState['open'] = null // the unfinished shard of an earlier run, until it is resumed
  #shard: OpenShardFile | undefined
  #adding: Promise<void> = Promise.resolve()
  /** Complete shards. */
  filled = 0

  constructor (folder: string, maker: ShardMaker<Item>, options: FolderSinkOptions) {
    super(objectStream(options))
    this.stageName = maker.name
    this.#folder = folder
    this.#maker = maker
    this.#options = options
    this.#resumable = options.resumable === true
  }

  /** Writes and syncs the items so far. @returns the state from which `restore` resumes after them */
  async save (): Promise<FolderSinkState> {
    const shard = this.#shard
    const open = shard === undefined
      ? this.#saved
      : { items: shard.items, tokens: shard.tokens, state: await shard.save() }
    return { shards: [...this.stats.shards], open }
  }

  /**
   * Resumes after the items of an earlier run. Call it before the first write.
   *
   * @throws SluiceError `ERR_STATE` for anything that `save` didn't return
   */
  restore (state: unknown): void {
    const { shards, open } = parseState(this.stageName, folderSinkState, state)
    this.#saved = open
    this.filled = shards.length
    for (const shard of shards) {
      this.stats.shards.push(shard)
      this.stats.out += this.#maker.itemsOf(shard)
      this.stats.tokens += this.#maker.tokensOf(shard)
    }
    this.stats.in = this.stats.out + (open?.items ?? 0)
    this.stats.tokens += open?.tokens ?? 0
  }

  override _write (item: Item | Barrier, _encoding: BufferEncoding, done: Done): void {
    this.#adding = item instanceof Barrier ? item.arrive() : this.#add(item)
    settle(this.#adding, done)
  }

  override _final (done: Done): void {
    this.#adding = this.#finish()
    settle(this.#adding, done)
  }

  override _destroy (error: Error | null, done: Done): void {
    // An abort can arrive while a shard is opened or finished. The files to delete are known only afterwards.
    settleDestroy(this.#adding.catch(() => {}).then(() => this.#shard?.abandon()), error, done)
  }

  /** Called at the first write, so that a sink that is never written to leaves the folder unchanged. */
  async #takeFolder (): Promise<void> {
    if (this.#hasFolder) return
    const { shards } = this.stats
    await takeFolder(this.#folder, {
      overwrite: this.#options.overwrite,
      resumable: this.#resumable,
      resumes: shards.length > 0 || this.#saved !== null,
      files: shards.flatMap(({ index, ...shard }) => [shard, index])
    })
    this.#hasFolder = true
  }

  async #add (item: Item): Promise<void> {
    if (!this.#hasFolder) await this.#takeFolder()
    const ids = this.#maker.encode(item)
    if (this.#saved !== null) await this.#open()
    if (this.#shard !== undefined && this.#maker.isBefore(this.#shard, ids)) await this.#finishShard()
    const shard = this.#shard ?? await this.#open()
    this.stats.in++
    const before = shard.tokens
    await shard.add(ids)
    this.stats.tokens += shard.tokens - before
    if (this.#maker.isFull(shard)) await this.#finishShard()
  }

  /** Opens the next shard, or that of an earlier run. */
  async #open (): Promise<OpenShardFile> {
    const saved = this.#saved
    this.#saved = null
    this.#shard = saved === null
      ? await this.#maker.create((this.#options.first ?? 0) + this.filled, { resumable: this.#resumable })
      : await this.#maker.resume(this.filled, saved.state)
    return this.#shard
  }

  async #finish (): Promise<void> {
    await this.#takeFolder()
    if (this.#saved !== null) await this.#open()
    await this.#finishShard()
    if (this.stats.shards.length > 0) {
      this.stats.list = await this.#maker.list?.(this.stats.shards) ?? null
      return
    }
    await keepShards(this.#folder)
  }

  async #finishShard (): Promise<void> {
    const shard = this.#shard
    if (shard === undefined) return
    if (this.filled === 0) {
      await this.#options.beforeFirst?.()
      // Not before: the old shards are kept until a new one can replace them.
      if (this.#options.overwrite) await writing(this.#folder, () => removeShards(this.#folder))
    }
    const info = await shard.finish()
    this.#shard = undefined
    this.filled++
    this.stats.shards.push(info)
    this.stats.out += this.#maker.itemsOf(info)
  }
}
