import { open } from 'node:fs/promises'
import { parseState } from '../options.ts'
import { textKind } from '../output/own-file.ts'
import { type OutputState, type ResumableOutput, openResumable, outputState, partialName } from '../output/resumable.ts'
import { readWhole } from './key-run.ts'
import { KEY_WORDS } from './key-table.ts'

const CHUNK_WORDS = 2 ** 16

/** The beginning of each file: as long as a key. */
const MAGIC = Buffer.from('sluice dedup key')

/** A file of keys, by its beginning. */
export const KEYS = textKind('hashes of documents for dedup', new RegExp(`^${MAGIC.toString()}`))

/**
 * Keys in the order in which they were added, in a file, so that a later run can resume, or another component can
 * compare its documents with them.
 */
export class KeyLog {
  readonly #path: string
  #from: OutputState | null = null
  #output: ResumableOutput | undefined
  readonly #chunk = new Uint32Array(CHUNK_WORDS)
  #length = 0 // words in the chunk

  /** @param path its name has `.partial` at the end */
  constructor (path: string) {
    this.#path = path
  }

  /** @throws SluiceError `ERR_STATE` for an invalid state */
  restore (state: unknown): void {
    this.#from = parseState(this.#path, outputState, state)
  }

  /**
   * Opens the file, and reads the keys that it has.
   *
   * @param take takes the words of a key, which are valid until it returns @throws SluiceError `ERR_CHECKPOINT` if the
   *   file was deleted or changed, `ERR_OUTPUT`
   */
  async open (take: (key: Uint32Array) => Promise<void> | undefined): Promise<void> {
    this.#output = await openResumable(this.#path, this.#from)
    if (this.#from === null) {
      await this.#output.write(MAGIC)
      return
    }
    await readKeys(partialName(this.#path), this.#from.bytes, take)
  }

  /** Adds a key. If a write is due, returns a promise that resolves once more can be added. */
  add (key: Uint32Array): Promise<void> | undefined {
    this.#chunk.set(key, this.#length)
    this.#length += KEY_WORDS
    return this.#length === this.#chunk.length ? this.#flush() : undefined
  }

  /** Writes and syncs all keys so far. Returns the state for `restore`. */
  async save (): Promise<OutputState | null> {
    if (this.#output === undefined) return this.#from
    await this.#flush()
    return await this.#output.mark()
  }

  /** Completes the file. @throws SluiceError `ERR_OUTPUT` */
  async commit (): Promise<void> {
    await this.#flush()
    await this.#output!.commit()
    this.#output = undefined
  }

  /** Closes the file; deletes it unless it was saved or completed. */
  async close (): Promise<void> {
    await this.#output?.abandon()
  }

  async #flush (): Promise<void> {
    const bytes = Buffer.from(this.#chunk.slice(0, this.#length).buffer)
    this.#length = 0
    await this.#output!.write(bytes)
  }
}

/**
 * Reads the keys of a log.
 *
 * @param bytes how much of the file is read
 * @param take takes the words of a key, which are valid until it returns, or until its promise resolves
 */
export async function readKeys (
  path: string, bytes: number, take: (key: Uint32Array) => Promise<void> | undefined
): Promise<void> {
  const file = await open(path)
  try {
    const key = new Uint32Array(KEY_WORDS)
    const words = new Uint32Array(CHUNK_WORDS)
    for (let at = MAGIC.length; at < bytes;) {
      const length = Math.min(4 * CHUNK_WORDS, bytes - at)
      await readWhole(file, new Uint8Array(words.buffer, 0, length), at)
      for (let i = 0; i < length / 4; i += KEY_WORDS) {
        key.set(words.subarray(i, i + KEY_WORDS))
        const later = take(key)
        if (later !== undefined) await later
      }
      at += length
    }
  } finally {
    await file.close()
  }
}
