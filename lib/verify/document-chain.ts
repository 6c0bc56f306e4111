import { join } from 'node:path'
import { SluiceError } from '../errors.ts'
import { type DocumentRecord, countRecords, recordAt } from '../shards/documents.ts'
import { documentsName, shardName } from '../shards/names.ts'
import type { Ids } from '../shards/npy.ts'
import { idAt, readShardHeader } from '../shards/reader.ts'
import type { ShardTask } from './shard-task.ts'

/** What is wrong with documents, and what would be right. */
export interface DocumentMistake {
  readonly found: string
  readonly expected: string
}

/** A record, and the last id that it covers. */
interface LastRecord {
  readonly record: DocumentRecord
  readonly lastId: number
}

/** Checks that each record of the documents of a shard may follow the one before. */
export class DocumentChain {
  readonly #isConcat: boolean
  readonly #columns: number
  readonly #rows: number
  readonly #eosId: number | undefined
  readonly #padId: number | undefined
  readonly #isFirstShard: boolean
  readonly #isShuffled: boolean
  #before: LastRecord | null // unknown for the first record if the shard before has no documents
  #covered = 0 // the index after the last id that a record covers
  /** Ids that no record covers. */
  padding = 0

  /** @param task the shard; the last record of the shard before is read */
  static async after (task: ShardTask, signal: AbortSignal | undefined): Promise<DocumentChain> {
    return new DocumentChain(task, task.index === 0 ? null : await lastRecordBefore(task, signal))
  }

  private constructor ({ component, info, index }: ShardTask, before: LastRecord | null) {
    this.#isConcat = component.packing !== 'best_fit'
    this.#columns = component.seq_len
    this.#rows = info.sequences
    this.#eosId = component.eos_id
    this.#padId = component.pad_id
    this.#isFirstShard = index === 0
    this.#isShuffled = component.order === 'shuffled'
    this.#before = before
  }

  /** Checks the place of a record, and that it continues the document before, or begins one. */
  begin (record: DocumentRecord): DocumentMistake | null {
    const { row, column, length, offset } = record
    const start = row * this.#columns + column
    const mistake = (expected: string): DocumentMistake => ({ found: recordText(record), expected })
    if (row >= this.#rows || length === 0 || column + length > this.#columns) {
      return mistake(`ids of one of ${this.#rows} rows of ${this.#columns}`)
    }
    const endsRow = !this.#isConcat && column === 0 && start > this.#covered && start - this.#covered < this.#columns
    if (start !== this.#covered && !endsRow) return mistake(`one that begins at ${this.#placeText(this.#covered)}`)
    return this.#isConcat ? this.#follow(record) : offset % this.#columns === 0 ? null : mistake('a whole document')
  }

  /** Checks the end of a record. @param lastId the last id that it covers */
  end (record: DocumentRecord, lastId: number): DocumentMistake | null {
    this.#covered = record.row * this.#columns + record.column + record.length
    this.#before = { record, lastId }
    const isEnd = !this.#isConcat && record.length < this.#columns
    return isEnd ? this.#endedBy(this.#before) : null
  }

  /** Checks ids that no record covers. @param first the index of the first of them */
  addPadding (ids: Ids, first: number): DocumentMistake | null {
    const expected = this.#isConcat ? 'one' : `pad id ${this.#padId ?? 'none'}`
    const wrong = this.#isConcat ? 0 : ids.findIndex(id => id !== this.#padId)
    this.padding += ids.length
    if (wrong === -1) return null
    return { found: `no record has id ${ids[wrong]!} at ${this.#placeText(first + wrong)}`, expected }
  }

  /** Checks what follows the last record. */
  finish (): DocumentMistake | null {
    const left = this.#rows * this.#columns - this.#covered
    if (left < this.#columns) return null
    const found = `its records end at ${this.#placeText(this.#covered)}`
    return { found, expected: `records in all ${this.#rows} rows` }
  }

  /** Checks that a document of concatenated ones continues or follows the one before. */
  #follow (record: DocumentRecord): DocumentMistake | null {
    const before = this.#before
    const { id, offset, column } = record
    if (this.#isShuffled && column === 0) return null // its beginning may be anywhere
    if (before === null) {
      const isWrong = offset > 0 && this.#isFirstShard
      return isWrong ? { found: recordText(record), expected: 'the begin of a document' } : null
    }
    if (offset === 0) return this.#endedBy(before)
    const end = before.record.offset + before.record.length
    const continues = before.record.id === id && offset === end && column === 0
    if (continues) return null
    const expected = `offset 0, or ${end} of document ${idText(before.record.id)}, as before it`
    return { found: recordText(record), expected }
  }

  #endedBy ({ record, lastId }: LastRecord): DocumentMistake | null {
    if (this.#eosId === undefined || lastId === this.#eosId) return null
    return { found: `${recordText(record)} ends with id ${lastId}`, expected: `EOS id ${this.#eosId}` }
  }

  #placeText (index: number): string {
    return `row ${Math.floor(index / this.#columns)}, column ${index % this.#columns}`
  }
}

function recordText ({ row, column, length, offset, id }: DocumentRecord): string {
  return `document ${idText(id)}, at row ${row}, column ${column}, offset ${offset}, length ${length},`
}

function idText (id: bigint): string {
  return id.toString(16).padStart(16, '0')
}

/** The last record of the shard before; null if that has no documents, or can't be read, which is reported there. */
async function lastRecordBefore (
  { component: { output_dir: folder }, index }: ShardTask, signal: AbortSignal | undefined
): Promise<LastRecord | null> {
  const name = shardName(index - 1)
  try {
    const path = join(folder, documentsName(name))
    const count = await countRecords(path)
    if (count === 0) return null
    const shard = await readShardHeader(join(folder, name))
    const record = await recordAt(path, count - 1, signal)
    const { row, column, length } = record
    return { record, lastId: await idAt(shard, row * shard.columns + column + length - 1, signal) }
  } catch (error) {
    if (error instanceof SluiceError && error.code !== 'ERR_ABORTED') return null
    throw error
  }
}
