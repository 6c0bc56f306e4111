import { rm } from 'node:fs/promises'
import { KeyDigest } from '../../lib/dedup/key-digest.ts'
import { KEYS, KeyLog } from '../../lib/dedup/key-log.ts'
import { KeySet } from '../../lib/dedup/key-set.ts'
import { textKeys, wordsOf } from '../../lib/dedup/text-key.ts'
import type { Document } from '../../lib/document.ts'
import { refuseForeign } from '../../lib/output/own-file.ts'
import { partialName } from '../../lib/output/resumable.ts'
import { type Keyed, type StageOptions, Stage } from '../../lib/stage/stage.ts'
import type { AnyStage } from '../stages.ts'
import type { SavedOutput } from '../jobs/checkpoints.ts'
import type { ComponentKeys } from './mixture-keys.ts'

/** The name of the stage in stats and rejects. */
export const GLOBAL_DEDUP = 'global_dedup'

export interface GlobalDedupOptions {
  /** Bytes of memory for keys, at most; the other keys are on disk. */
  readonly memory: number
  /** The path of files with keys, but for the ends of their names. */
  readonly path: string
  /** Whether `save` will be called. Then the keys are also in a file that `removeKeys` deletes. */
  readonly resumable: boolean
  /** The number of kept documents after which no other is compared. @default null no limit */
  readonly most?: number | null
  /** The keys of earlier components; then the path is that of a file that stays, with the keys of all documents. */
  readonly earlier?: ComponentKeys | undefined
}

/**
 * Drops each document (`duplicate`) whose text an earlier document of the component, or of the mixture, had, however
 * long ago. Texts are compared by 128-bit hashes: among 10^10 texts, the probability that two different ones have the
 * same is 10^-19.
 */
export class GlobalDedup implements SavedOutput {
  readonly #earlier: ComponentKeys | null
  #set: KeySet | null
  readonly #log: KeyLog | null
  readonly #digest: KeyDigest | null
  readonly #words = new Uint32Array(4)
  readonly #most: number
  #kept = 0

  constructor ({ memory, path, resumable, most, earlier }: GlobalDedupOptions) {
    this.#earlier = earlier ?? null
    this.#set = earlier === undefined ? new KeySet({ memory, path }) : null
    this.#log = resumable || earlier !== undefined ? new KeyLog(path) : null
    this.#digest = earlier === undefined ? null : new KeyDigest()
    this.#most = most ?? Infinity
  }

  readonly save = async (): Promise<unknown> => await this.#log?.save() ?? null

  readonly restore = (state: unknown): void => {
    if (state !== null) this.#log?.restore(state)
  }

  /** Completes the file of keys, if it stays. Call it once the flow has ended. @throws SluiceError `ERR_OUTPUT` */
  async commit (): Promise<void> {
    if (this.#earlier === null) return
    await this.#log!.commit()
    this.#earlier.finish(this.#digest!.finish())
  }

  /** Releases its files. Call it after the flow has ended: its last checkpoint may come after this stage. */
  async close (): Promise<void> {
    if (this.#earlier === null) await this.#set?.close()
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
        this.#set ??= await this.#earlier!.earlier()
        await this.#log?.open(key => {
          if (this.#set!.isFull) return this.#addLater(key)
          this.#addAgain(key)
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
    await this.#set!.makeRoom()
    this.#addAgain(key)
  }

  #addAgain (key: Uint32Array): void {
    const isNew = this.#set!.add(key)
    if (isNew) this.#kept++
    this.#digest?.add(key, isNew)
  }

  /** @returns whether the key is new */
  #add (key: bigint): boolean | Promise<boolean> {
    // How many documents still come after a limit depends on the time: they must not change later components.
    if (this.#kept === this.#most) return true
    if (this.#set!.isFull) return this.#set!.makeRoom().then(() => this.#add(key))
    const words = wordsOf(key, this.#words)
    const isNew = this.#set!.add(words)
    if (isNew) this.#kept++
    this.#digest?.add(words, isNew)
    const writing = isNew || this.#earlier !== null ? this.#log?.add(words) : undefined
    return writing === undefined ? isNew : writing.then(() => isNew)
  }
}

/** Deletes the keys that a finished flow has left for resuming. */
export async function removeKeys (path: string): Promise<void> {
  await rm(partialName(path), { force: true })
}

/** Deletes a file of keys with which no component is compared any more, and what a stopped run has left of it. */
export async function removeKeptKeys (path: string): Promise<void> {
  await removeKeys(path)
  const isOurs = await refuseForeign(path, KEYS).then(() => true, () => false)
  if (isOurs) await rm(path, { force: true })
}
