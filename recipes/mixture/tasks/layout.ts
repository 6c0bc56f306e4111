import type { Packer } from '../../../lib/packing/packing.ts'
import type { StoredPlace } from './stored-records.ts'

/** Where a shard begins in the documents that are kept. */
export interface ShardStart extends StoredPlace {
  /** The number of its first sequence, or of its first document in a flat format. */
  readonly item: number
  /** Ids of the document that are in earlier shards. */
  readonly offset: number
  /** Sequences that a packer makes from there before the first one of the shard. */
  readonly skip: number
}

/** Finds where shards begin, document by document. */
export interface Layout {
  readonly starts: readonly ShardStart[]
  /** Sequences or documents in shards so far. */
  readonly items: number
  /** Ids of all documents. */
  readonly tokens: number
  /** Ids that are in no sequence; at the end, those that are left out. */
  readonly tail: number
  /** Ids of padding. */
  readonly padding: number
  /** @param size ids of the document */
  readonly add: (place: StoredPlace, size: number) => void
  readonly finish: () => void
}

/**
 * The layout of packed sequences. It packs zeros in place of ids: where sequences begin depends on the lengths of
 * documents alone, so this is the layout that the packer gives to their ids.
 */
export class SequenceLayout implements Layout {
  readonly starts: ShardStart[] = []
  items = 0
  tokens = 0
  readonly #packer: Packer<unknown>
  readonly #isConcat: boolean
  readonly #seqLen: number
  readonly #perShard: number
  #zeros = new Int32Array(0)
  /** Where a packer without ids makes sequence `sequence` first. */
  #restart: { readonly place: StoredPlace, readonly offset: number, readonly sequence: number } | undefined

  constructor (packer: Packer<unknown>, { packing, seqLen, perShard }: SequenceShape) {
    this.#packer = packer
    this.#isConcat = packing === 'concat'
    this.#seqLen = seqLen
    this.#perShard = perShard
  }

  get tail (): number {
    return this.#packer.rest
  }

  get padding (): number {
    return this.#packer.padding
  }

  add (place: StoredPlace, size: number): void {
    const rest = this.#packer.rest
    if (rest === 0) this.#restart = { place, offset: 0, sequence: this.items }
    if (this.#zeros.length < size) this.#zeros = new Int32Array(Math.max(size, 2 * this.#zeros.length))
    let offset = this.#seqLen - rest
    this.#packer.add(this.#zeros.subarray(0, size), () => {
      this.#push()
      // Joined documents are cut there, so that the next sequence begins within the document.
      if (this.#isConcat) this.#restart = { place, offset, sequence: this.items }
      offset += this.#seqLen
    })
    this.tokens += size
  }

  finish (): void {
    this.#packer.finish(() => { this.#push() })
  }

  #push (): void {
    if (this.items % this.#perShard === 0) {
      const { place, offset, sequence } = this.#restart!
      this.starts.push({ ...place, item: this.items, offset, skip: this.items - sequence })
    }
    this.items++
  }
}

/** The shape of sequences and shards. */
export interface SequenceShape {
  readonly packing: 'concat' | 'best_fit'
  readonly seqLen: number
  readonly perShard: number
}

/** The layout of a flat format: shards of whole documents. */
export class FlatLayout implements Layout {
  readonly starts: ShardStart[] = []
  readonly tail = 0
  readonly padding = 0
  items = 0
  tokens = 0
  readonly #perShard: number
  #shard = { documents: 0, tokens: 0 }

  /** @param perShard ids after which a shard ends, as in `tokensPerShard` of `flatSink` */
  constructor (perShard: number) {
    this.#perShard = perShard
  }

  add (place: StoredPlace, size: number): void {
    const { documents, tokens } = this.#shard
    // As the sink: a shard with documents ends before one that doesn't fit, and once it is full.
    const isNext = documents === 0 || tokens >= this.#perShard || tokens + size > this.#perShard
    if (isNext) this.starts.push({ ...place, item: this.items, offset: 0, skip: 0 })
    this.#shard = isNext ? { documents: 1, tokens: size } : { documents: documents + 1, tokens: tokens + size }
    this.tokens += size
    this.items++
  }

  finish (): void {}
}
