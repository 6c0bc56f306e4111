import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { reasonOf } from '../errors.ts'
import {
  type DocumentRecord, type DocumentRecords, type DocumentsInfo, DOCUMENT_RECORD_BYTES, readDocuments
} from '../shards/documents.ts'
import type { Ids } from '../shards/npy.ts'
import { DocumentChain, type DocumentMistake } from './document-chain.ts'
import type { DocumentHashes } from './document-hashes.ts'
import { PartHasher } from './part-hasher.ts'
import type { Find, ShardTask } from './shard-task.ts'

/** Whether the documents of a shard can be read and have the size in the stats. */
export async function hasDocuments (
  { component, info }: ShardTask, { file, bytes, records }: DocumentsInfo, find: Find
): Promise<boolean> {
  try {
    const { size } = await stat(join(component.output_dir, file))
    if (size !== bytes) find('bytes', `has ${size} bytes`, String(bytes), file)
    else if (bytes !== records * DOCUMENT_RECORD_BYTES) {
      find('bytes', `has ${bytes} bytes`, `${records * DOCUMENT_RECORD_BYTES}, for ${records} records`, file)
    } else return true
  } catch (error) {
    find('missing', `cannot be read: ${reasonOf(error)}`, `the documents of ${info.file}, ${bytes} bytes`, file)
  }
  return false
}

/** Documents that are right. */
export interface CheckedDocuments {
  readonly documents: DocumentHashes | null
  readonly padding: number
}

/** Checks the documents of a shard against its ids, which are added in order, and hashes them. */
export class DocumentsCheck {
  readonly #task: ShardTask
  readonly #info: DocumentsInfo
  readonly #find: Find
  readonly #chain: DocumentChain
  readonly #hasher: PartHasher | null // null if nothing ends documents
  readonly #isInOrder: boolean // whether a document continues in the next row
  readonly #blocks: AsyncGenerator<DocumentRecords, void>
  readonly #sha256 = createHash('sha256')
  #block: DocumentRecords | null = null
  #next = 0 // in the block
  #record: DocumentRecord | null = null // whose ids are added; null after the last one
  #at = 0 // the index of the next id in the shard
  #begun = 0
  #mistake: DocumentMistake | null = null // the first one, as it may cause others

  /** @throws SluiceError as `readDocuments` */
  static async open (
    task: ShardTask, info: DocumentsInfo, find: Find, signal: AbortSignal | undefined
  ): Promise<DocumentsCheck> {
    const blocks = readDocuments(join(task.component.output_dir, info.file), { signal })
    const check = new DocumentsCheck(task, info, find, await DocumentChain.after(task, signal), blocks)
    await check.#take()
    return check
  }

  private constructor (
    task: ShardTask, info: DocumentsInfo, find: Find, chain: DocumentChain,
    blocks: AsyncGenerator<DocumentRecords, void>
  ) {
    const { component: { eos_id: eosId, order, packing } } = task
    this.#task = task
    this.#info = info
    this.#find = find
    this.#chain = chain
    this.#hasher = eosId === undefined ? null : new PartHasher(eosId)
    this.#isInOrder = order !== 'shuffled' && packing !== 'best_fit'
    this.#blocks = blocks
  }

  /** Adds ids, which follow those before. */
  async add (ids: Ids): Promise<void> {
    const first = this.#at
    const end = first + ids.length
    while (this.#at < end && this.#mistake === null) {
      const record = this.#record
      const [from, to] = record === null ? [Infinity, Infinity] : this.#placeOf(record)
      const until = Math.min(this.#at < from ? from : to, end)
      const some = ids.subarray(this.#at - first, until - first)
      if (this.#at < from) {
        this.#mistake = this.#chain.addPadding(some, this.#at)
      } else {
        this.#hasher?.add(record!.id, record!.offset + this.#at - from, some)
        if (until === to) {
          this.#mistake = this.#chain.end(record!, some.at(-1)!)
          if (!this.#isInOrder && to % this.#task.component.seq_len === 0) this.#hasher?.cut()
          await this.#take()
        }
      }
      this.#at = until
    }
  }

  /**
   * Checks what is left, after all ids, and reports the first mistake.
   *
   * @param isSame whether the shard has its SHA-256; otherwise its ids are wrong, and not its documents
   * @returns the documents; null if they are wrong
   */
  async finish (isSame: boolean): Promise<CheckedDocuments | null> {
    const { begun, sha256, file } = this.#info
    while (this.#record !== null) await this.#take() // only after a mistake
    const found = this.#sha256.digest('hex')
    if (found !== sha256) this.#find('sha256', `has SHA-256 ${found}`, sha256, file)
    const counted = { found: `${this.#begun} documents begin in it`, expected: `${begun}` }
    const mistake = this.#mistake ?? this.#chain.finish() ?? (this.#begun === begun ? null : counted)
    if (mistake === null) return { documents: this.#hasher?.result() ?? null, padding: this.#chain.padding }
    if (isSame) this.#find('documents', mistake.found, mistake.expected, file)
    return null
  }

  async close (): Promise<void> {
    await this.#blocks.return()
  }

  /** Takes the next record. */
  async #take (): Promise<void> {
    if (this.#block === null || this.#next === this.#block.length) {
      const { done, value } = await this.#blocks.next()
      this.#block = done === true ? null : value
      this.#next = 0
      if (this.#block !== null) this.#sha256.update(this.#block.bytes)
    }
    this.#record = this.#block === null ? null : this.#block.at(this.#next++)
    if (this.#record === null) return
    if (this.#record.offset === 0) this.#begun++
    this.#mistake ??= this.#chain.begin(this.#record)
  }

  #placeOf ({ row, column, length }: DocumentRecord): [from: number, to: number] {
    const from = row * this.#task.component.seq_len + column
    return [from, from + length]
  }
}
