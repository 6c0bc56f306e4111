import { createHash } from 'node:crypto'
import { KEY_BYTES, KEY_WORDS } from './key-table.ts'

const CHUNK = 4096

/** What comparing the keys of documents has found, as SHA-256. */
export interface KeyDigests {
  /** Of the keys, in the order of the documents. */
  readonly keys: string
  /** Of which of them were new. */
  readonly verdicts: string
}

/** Computes the digests of keys, one key after another. */
export class KeyDigest {
  readonly #ofKeys = createHash('sha256')
  readonly #ofVerdicts = createHash('sha256')
  readonly #keys = new Uint32Array(CHUNK * KEY_WORDS)
  readonly #verdicts = new Uint8Array(CHUNK)
  #count = 0 // in the chunk

  add (key: Uint32Array, isNew: boolean): void {
    this.#keys.set(key, this.#count * KEY_WORDS)
    this.#verdicts[this.#count] = Number(isNew)
    if (++this.#count === CHUNK) this.#update()
  }

  /** Call it once, at the end. */
  finish (): KeyDigests {
    this.#update()
    return { keys: this.#ofKeys.digest('hex'), verdicts: this.#ofVerdicts.digest('hex') }
  }

  #update (): void {
    this.#ofKeys.update(new Uint8Array(this.#keys.buffer, 0, this.#count * KEY_BYTES))
    this.#ofVerdicts.update(this.#verdicts.subarray(0, this.#count))
    this.#count = 0
  }
}
