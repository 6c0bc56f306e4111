import { rm } from 'node:fs/promises'
import { KeyLog } from '../../lib/dedup/key-log.ts'
import { KeySet } from '../../lib/dedup/key-set.ts'
import { textKeys, wordsOf } from '../../lib/dedup/text-key.ts'
import type { Document } from '../../lib/document.ts'
import { partialName } from '../../lib/output/resumable.ts'
import { type Keyed, type StageOptions, Stage } from '../../lib/stage/stage.ts'
import type { AnyStage } from '../stages.ts'
import type { SavedOutput } from '../jobs/checkpoints.ts'

/** The name of the stage in stats and rejects. */
export const GLOBAL_DEDUP = 'global_dedup'

export interface GlobalDedupOptions {
  /** Bytes of memory for keys, at most; the other keys are on disk. */
  readonly memory: number
  /** The path of files with keys, but for the ends of their names. */
  readonly path: string
  /** Whether `save` will be called. Then the keys are also in a file that `removeKeys` deletes. */
  readonly resumable: boolean
}

/**
 * Drops each document (`duplicate`) whose text an earlier document of the component had, however long ago. Texts are
 * compared by 128-bit hashes: among 10^10 texts, the probability that two different ones have the same is 10^-19.
 */
export class GlobalDedup implements SavedOutput {
  readonly #set: KeySet
  readonly #log: KeyLog | null
  readonly #words = new Uint32Array(4)

  constructor ({ memory, path, resumable }: GlobalDedupOptions) {
    this.#set = new KeySet({ memory, path })
    this.#log = resumable ? new KeyLog(path) : null
  }

  readonly save = async (): Promise<unknown> => await this.#log?.save() ?? null

  readonly restore = (state: unknown): void => {
    if (state !== null) this.#log?.restore(state)
  }

  /** Releases its files. Call it after the flow has ended: its last checkpoint may come after this stage. */
  async close (): Promise<void> {
    await this.#set.close()
    await this.#log?.close()
  }

  /** The stage, for documents. */
  ofDocuments (shared: StageOptions<Document>): AnyStage {
    let keyOf: (text: string) => bigint
    const open = async (): Promise<void> => { keyOf = await textKeys() }
    return this.#stage({ keyOf: ({ text }: Document) => keyOf(text), outOf: document => document }, shared, open)
  }

  /** The stage, for items whose keys are computed already. */
  ofKeyed<Item, Out> (keyed: Keyed<Item, Out>, shared: StageOptions<Item>): AnyStage {
    return this.#stage(keyed, shared, () => Promise.resolve())
  }

  #stage<Item, Out> (
    { keyOf, outOf }: Keyed<Item, Out>, shared: StageOptions<Item>, open: () => Promise<void>
  ): AnyStage {
    return new Stage<Item, Out>({
      name: GLOBAL_DEDUP,
      open: async () => {
        await open()
        await this.#log?.open(key => {
          if (this.#set.isFull) return this.#addLater(key)
          this.#set.add(key)
          return undefined
        })
      },
      take: (item, push) => {
        const verdict = this.#add(keyOf(item))
        if (typeof verdict === 'boolean') return passed(verdict)
        return verdict.then(passed)

        function passed (isNew: boolean): string | undefined {
          if (!isNew) return 'duplicate'
          push(outOf(item))
          return undefined
        }
      }
    }, shared)
  }

  async #addLater (key: Uint32Array): Promise<void> {
    await this.#set.makeRoom()
    this.#set.add(key)
  }

  /** @returns whether the key is new */
  #add (key: bigint): boolean | Promise<boolean> {
    if (this.#set.isFull) return this.#set.makeRoom().then(() => this.#add(key))
    const words = wordsOf(key, this.#words)
    if (!this.#set.add(words)) return false
    const writing = this.#log?.add(words)
    return writing === undefined ? true : writing.then(() => true)
  }
}

/** Deletes the keys that a finished flow has left for resuming. */
export async function removeKeys (path: string): Promise<void> {
  await rm(partialName(path), { force: true })
}
