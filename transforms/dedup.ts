import xxhash, { type XXHashAPI } from 'xxhash-wasm'
import { z } from 'zod'
import type { Document } from '../lib/document.ts'
import { SluiceError } from '../lib/errors.ts'
import { parseState, positive } from '../lib/options.ts'
import { type Keyed, type Work, Stage, type StageOptions, stageOptions } from '../lib/stage/stage.ts'

export const dedupOptions = z.strictObject({
  window: positive.max(16_000_000).default(50_000)
    .describe('how many of the last documents to compare with')
}).describe('drops documents with the same text as a recent one')

/** Options of `dedup`. */
export type DedupOptions = z.input<typeof dedupOptions> & StageOptions<Document>

/** The hashes in a window, oldest first: little-endian 64-bit integers as base64. */
export interface DedupState {
  readonly window: number
  readonly hashes: string
}

const dedupState = z.strictObject({ window: z.int(), hashes: z.base64() })

/** A set of the last `size` hashes that were added: first in, first out. */
export class RollingWindow {
  readonly #ring: BigUint64Array
  readonly #members = new Set<bigint>()
  #next = 0 // in #ring: the oldest hash once the window is full

  constructor (size: number) {
    this.#ring = new BigUint64Array(size)
  }

  get size (): number {
    return this.#ring.length
  }

  has (hash: bigint): boolean {
    return this.#members.has(hash)
  }

  /** Adds a hash, which must not be in the window; if the window is full, the oldest hash is removed. */
  add (hash: bigint): void {
    if (this.#members.size === this.size) this.#members.delete(this.#ring[this.#next]!)
    this.#ring[this.#next] = hash
    this.#members.add(hash)
    this.#next = (this.#next + 1) % this.size
  }

  save (): DedupState {
    const count = this.#members.size
    const bytes = Buffer.alloc(count * 8)
    for (let i = 0; i < count; i++) {
      bytes.writeBigUInt64LE(this.#ring[(this.#next - count + i + this.size) % this.size]!, i * 8)
    }
    return { window: this.size, hashes: bytes.toString('base64') }
  }

  /** @throws SluiceError `ERR_STATE` for anything but the state of a window of this size */
  restore (state: unknown): void {
    const { window, hashes } = parseState('dedup', dedupState, state)
    const bytes = Buffer.from(hashes, 'base64')
    if (window !== this.size || bytes.length % 8 !== 0 || bytes.length > window * 8) {
      throw new SluiceError('ERR_STATE', `dedup: expected the state of a window of ${this.size} hashes, ` +
        `got ${bytes.length / 8} hashes of a window of ${window}`)
    }
    this.#members.clear()
    this.#next = 0
    for (let at = 0; at < bytes.length; at += 8) this.add(bytes.readBigUInt64LE(at))
  }
}

/**
 * Drops a document (`duplicate`) if one of the last `window` documents that were passed on has the same text, compared
 * by xxHash64. A duplicate doesn't extend the time that the first document stays in the window.
 */
export function dedup (options: DedupOptions = {}): Stage<Document, Document, DedupState> {
  const [own, shared] = stageOptions('dedup', dedupOptions, options)
  return new Stage(dedupWork(own), shared)
}

/** The work of `dedup`, without the stream. @param options checked options */
export function dedupWork ({ window }: z.output<typeof dedupOptions>): Work<Document, Document, DedupState> {
  let hasher: XXHashAPI
  const work = dropSeen(window, { keyOf: ({ text }: Document) => hasher.h64(text), outOf: document => document })
  return { ...work, open: async () => { hasher = await xxhash() } }
}

/** `dedup` of items whose texts are hashed already. @param options checked options */
export function dedupHashed<Item, Out> (
  { window }: z.output<typeof dedupOptions>, shared: StageOptions<Item>, hashed: Keyed<Item, Out>
): Stage<Item, Out, DedupState> {
  return new Stage(dropSeen(window, hashed), shared)
}

function dropSeen<Item, Out> (window: number, { keyOf, outOf }: Keyed<Item, Out>): Work<Item, Out, DedupState> {
  const seen = new RollingWindow(window)
  return {
    name: 'dedup',
    key: keyOf,
    take (item, push) {
      const hash = keyOf(item)
      if (seen.has(hash)) return 'duplicate'
      seen.add(hash)
      push(outOf(item))
      return undefined
    },
    save: () => seen.save(),
    restore (state) { seen.restore(state) }
  }
}
