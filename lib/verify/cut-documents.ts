import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writing } from '../output/output.ts'
import { Shuffle } from '../shuffle/shuffle.ts'
import { type IdSum, joined } from './id-sum.ts'
import { PART_BYTES, type Part, partAt } from './part-list.ts'

/** Memory for the parts; what does not fit is written to files. */
const [LEAST_MEMORY, MOST_MEMORY] = [2 ** 20, 2 ** 26]
/** What a `Shuffle` needs to sort two parts in memory: a sequence has the end of a document, and the begin of one. */
const MEMORY_PER_SEQUENCE = 430

/** A part, and the index of the component that it is of. */
interface ComponentPart extends Part {
  readonly component: number
}

/** The sum of a document, and the index of its component. */
export interface CutDocument {
  readonly component: number
  readonly sum: IdSum
}

/**
 * Joins the parts of documents, which may be added in any order. They are sorted by the hash of the document's id, in
 * bounded memory and in temporary files.
 */
export class CutDocuments {
  readonly #memory: number
  readonly #signal: AbortSignal | undefined
  #shuffle: Shuffle | null = null
  #adding: Promise<void> = Promise.resolve()

  /** @param sequences in all components */
  constructor (sequences: number, signal?: AbortSignal) {
    this.#memory = Math.min(Math.max(LEAST_MEMORY, MEMORY_PER_SEQUENCE * sequences), MOST_MEMORY)
    this.#signal = signal
  }

  /** Bytes that were written to temporary files. */
  get spilledBytes (): number {
    return this.#shuffle?.spilledBytes ?? 0
  }

  /**
   * Adds parts of documents of a component, as `PartList` has them. Several callers may add at the same time.
   *
   * @throws SluiceError `ERR_OUTPUT` when a temporary file can't be written, `ERR_ABORTED`
   */
  async add (component: number, parts: Uint8Array): Promise<void> {
    const adding = this.#adding.then(() => this.#add(component, parts))
    this.#adding = adding.catch(() => {})
    await adding
  }

  /**
   * The documents of which all parts were added, some at a time. An EOS id alone isn't one.
   *
   * @throws SluiceError `ERR_OUTPUT`, `ERR_CHECKPOINT` when temporary files were changed, `ERR_ABORTED`
   */
  async * documents (): AsyncGenerator<readonly CutDocument[]> {
    let parts: ComponentPart[] = []
    for await (const batch of this.#shuffle?.batches() ?? []) {
      const found: CutDocument[] = []
      for (let i = 0; i < batch.length; i++) {
        const part = componentPartAt(batch.bytes, batch.startOf(i))
        if (parts.length > 0 && keyOf(parts[0]!.id) !== keyOf(part.id)) {
          addDocuments(parts, found)
          parts = []
        }
        parts.push(part)
      }
      yield found
    }
    const last: CutDocument[] = []
    addDocuments(parts, last)
    yield last
  }

  /** Deletes the temporary files. */
  async close (): Promise<void> {
    await this.#adding
    if (this.#shuffle !== null) await rm(this.#shuffle.folder, { recursive: true, force: true })
  }

  async #add (component: number, parts: Uint8Array): Promise<void> {
    const shuffle = this.#shuffle ??= await this.#open()
    const record = Buffer.alloc(PART_BYTES + 4)
    record.writeUInt32LE(component, PART_BYTES)
    for (let at = 0; at < parts.length; at += PART_BYTES) {
      record.set(parts.subarray(at, at + PART_BYTES))
      if (!shuffle.add(keyOf(record.readBigUInt64LE()), record)) await shuffle.drain()
    }
  }

  async #open (): Promise<Shuffle> {
    const prefix = join(tmpdir(), 'sluice-verify-')
    const folder = await writing(prefix, () => mkdtemp(prefix))
    return await Shuffle.create(folder, { memory: this.#memory, signal: this.#signal })
  }
}

/** The upper 48 bits of the hash of a document's id. */
function keyOf (id: bigint): number {
  return Number(id >> 16n)
}

function componentPartAt (bytes: Buffer, at: number): ComponentPart {
  const { id, from, to, low, high, isEnd } = partAt(bytes, at) // a spread takes several times as long
  return { component: bytes.readUInt32LE(at + PART_BYTES), id, from, to, low, high, isEnd }
}

/**
 * Adds the documents that consist of some parts: a part continues one that ends where it begins. The same document may
 * be there several times, each time cut elsewhere; which of two equal parts is of which makes no difference.
 */
function addDocuments (parts: ComponentPart[], found: CutDocument[]): void {
  let documents = new DocumentsOfId()
  let before: ComponentPart | null = null
  for (const part of parts.sort(inOrder)) {
    if (before !== null && (part.component !== before.component || part.id !== before.id)) {
      documents.addEnded(found)
      documents = new DocumentsOfId()
    }
    documents.add(part)
    before = part
  }
  documents.addEnded(found)
}

/** Documents with the same id, in a component. Parts are added in the order of their places in a document. */
class DocumentsOfId {
  /** By their ends: twice the place, and 1 more if the EOS id is there. */
  readonly #documents = new Map<number, ComponentPart[]>()

  add (part: ComponentPart): void {
    let document = part
    if (part.from > 0) {
      const end = 2 * part.from
      const before = this.#documents.get(end)?.pop() ?? this.#documents.get(end + 1)?.pop() // a text may have an EOS id
      if (before === undefined) return
      const { component, id, to, isEnd } = part
      const { low, high } = joined(before, part)
      document = { component, id, from: 0, to, low, high, isEnd }
    }
    const end = 2 * part.to + Number(part.isEnd)
    const others = this.#documents.get(end)
    if (others === undefined) this.#documents.set(end, [document])
    else others.push(document)
  }

  /** Adds those that end with the EOS id. */
  addEnded (found: CutDocument[]): void {
    for (const documents of this.#documents.values()) {
      for (const { component, isEnd, to, low, high } of documents) {
        if (isEnd && to > 1) found.push({ component, sum: { low, high } })
      }
    }
  }
}

function inOrder (a: ComponentPart, b: ComponentPart): number {
  const ids = a.id < b.id ? -1 : Number(a.id > b.id)
  return a.component - b.component || ids || a.from - b.from || a.to - b.to || a.low - b.low || a.high - b.high
}
