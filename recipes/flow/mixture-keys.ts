import { stat } from 'node:fs/promises'
import { type KeyDigests, KeyDigest } from '../../lib/dedup/key-digest.ts'
import { readKeys } from '../../lib/dedup/key-log.ts'
import { KeySet } from '../../lib/dedup/key-set.ts'
import { SluiceError, messageOf } from '../../lib/errors.ts'
import { sha256 } from '../../lib/hash.ts'
import type { JobBasis } from '../jobs/job.ts'

/** The file of a finished component's keys. */
interface KeyFile {
  readonly component: string
  readonly path: string
  /** The SHA-256 of its content. */
  readonly keys: string
}

/**
 * The keys of a mixture's documents, from component to component in the order of the manifest: each is compared with
 * all earlier ones. A finished component has its keys in a file, which is read when a later one needs it.
 */
export class MixtureKeys {
  readonly #memory: number
  #set: KeySet | null = null
  #files: KeyFile[] = []
  /** How many of the files are in the set. */
  #read = 0
  /** A SHA-256 of all keys of the finished components, in order; null if they aren't known. */
  #before: string | null = sha256('')
  #failed: string | null = null

  /** @param memory bytes for keys, at most; the other keys are on disk */
  constructor (memory: number) {
    this.#memory = memory
  }

  /** A SHA-256 of all keys of the earlier components; null if one of them isn't finished. */
  get before (): string | null {
    return this.#before
  }

  /**
   * The keys of the next component.
   *
   * @param path of its file of keys
   * @throws SluiceError `ERR_COMPONENT` if an earlier one was not made
   */
  next (component: string, path: string): ComponentKeys {
    if (this.#failed !== null) {
      const mistake = `dedup compares its documents with those of ${this.#failed}, which was not made`
      throw new SluiceError('ERR_COMPONENT', `${mistake}; it is made once ${this.#failed} is`)
    }
    return new ComponentKeys(this, component, path)
  }

  /** Makes the next component. @throws SluiceError as `next`, and what the work throws */
  async during<T> (component: string, path: string, work: (keys: ComponentKeys) => Promise<T>): Promise<T> {
    const keys = this.next(component, path)
    try {
      const result = await work(keys)
      keys.end(true)
      return result
    } catch (error) {
      this.#failed = component
      throw error
    }
  }

  /** Adds a finished component; null if it has yet to be made. @param isRead whether its keys are in the set */
  add (file: KeyFile | null, isRead: boolean): void {
    if (file === null || this.#before === null) {
      this.#before = null
      return
    }
    this.#before = sha256(this.#before + file.keys)
    this.#files.push(file)
    if (isRead) this.#read = this.#files.length
  }

  /**
   * The keys of all earlier components, to which the caller may add those of the next one.
   *
   * @throws SluiceError `ERR_CHECKPOINT` if a file of keys was deleted or changed
   */
  async all (path: string): Promise<KeySet> {
    this.#set ??= new KeySet({ memory: this.#memory, path })
    while (this.#read < this.#files.length) {
      const file = this.#files[this.#read]!
      const { keys } = await readInto(this.#set, file.path).catch((cause: unknown) => { throw lostKeys(file, cause) })
      if (keys !== file.keys) throw lostKeys(file)
      this.#read++
    }
    return this.#set
  }

  /** Forgets all keys, which are read again when they are needed. */
  async reset (): Promise<void> {
    await this.close()
    this.#set = null
    this.#read = 0
  }

  async close (): Promise<void> {
    await this.#set?.close()
  }
}

/** The keys of a component, which depend on those of the earlier ones. */
export class ComponentKeys implements JobBasis {
  readonly #mixture: MixtureKeys
  readonly #component: string
  readonly #path: string
  #digests: KeyDigests | null = null
  /** Whether the set of the mixture has keys of this component. */
  #isRead = false

  constructor (mixture: MixtureKeys, component: string, path: string) {
    this.#mixture = mixture
    this.#component = component
    this.#path = path
  }

  readonly state = (): Record<string, string> => ({ before: this.#mixture.before ?? '', ...this.#digests })

  /** What has changed: nothing as long as the same documents are dropped. */
  readonly changes = async (
    { before, keys = '', verdicts = '' }: Readonly<Record<string, string>>, isFinished: boolean
  ): Promise<readonly string[]> => {
    this.#digests = { keys, verdicts }
    const now = this.#mixture.before
    if (now === null || now === before) return []
    if (!isFinished) return ['dedup: documents of earlier components have changed']
    const set = await this.earlier()
    this.#isRead = true
    try {
      const found = await readInto(set, this.#path)
      if (found.verdicts === verdicts && found.keys === keys) return []
    } catch (error) {
      return [`dedup: ${messageOf(error)}`]
    }
    return ['dedup: other documents are duplicates of those of earlier components']
  }

  /** The keys of all earlier components, to which those of this one are added. @throws SluiceError as `all` */
  async earlier (): Promise<KeySet> {
    if (this.#isRead) await this.#mixture.reset()
    this.#isRead = false
    return await this.#mixture.all(this.#path)
  }

  /** Notes what comparing all documents has found, after they were added to the keys. */
  finish (digests: KeyDigests): void {
    this.#digests = digests
    this.#isRead = true
  }

  /** How the file of keys differs from what the checkpoint has of it; an empty list if it doesn't. */
  async damages (): Promise<string[]> {
    const digest = new KeyDigest()
    try {
      await readKeys(this.#path, (await stat(this.#path)).size, key => {
        digest.add(key, false)
        return undefined
      })
    } catch (error) {
      return [`${this.#path}: ${messageOf(error)}`]
    }
    return digest.finish().keys === this.#digests?.keys ? [] : [`${this.#path}: was changed since the checkpoint`]
  }

  /** Ends the component, before `next`. @param isMade whether it is finished */
  end (isMade: boolean): void {
    const { keys = '' } = this.#digests ?? {}
    this.#mixture.add(isMade ? { component: this.#component, path: this.#path, keys } : null, this.#isRead)
  }
}

/** Adds the keys of a file to a set. */
async function readInto (set: KeySet, path: string): Promise<KeyDigests> {
  const digest = new KeyDigest()
  await readKeys(path, (await stat(path)).size, key => {
    if (set.isFull) return set.makeRoom().then(() => { add(key) })
    add(key)
    return undefined
  })
  return digest.finish()

  function add (key: Uint32Array): void {
    digest.add(key, set.add(key))
  }
}

function lostKeys ({ component, path }: KeyFile, cause?: unknown): SluiceError {
  const why = cause === undefined ? 'was changed since its component was made' : messageOf(cause)
  const advice = `delete it, and run the manifest again, which makes ${component} again`
  return new SluiceError('ERR_CHECKPOINT', `${path}: ${why}; ${advice}`, { cause })
}
