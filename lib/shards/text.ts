import type { Document } from '../document.ts'
import { SluiceError } from '../errors.ts'
import { documentPath } from '../input/find.ts'
import type { Decoder, Decoding } from '../tokenizer/decoder.ts'
import { type IdBlock, type IdRange, type ShardFile, type ShardSet, idAt, outside, readIds } from './reader.ts'

/** How shards are decoded. */
export interface ShardTextOptions {
  readonly decoder: Decoder
  /** Id that ends a document. */
  readonly eosId: number
  readonly signal?: AbortSignal | undefined
}

/** Which rows are decoded, and how. */
export interface ShardRowOptions extends ShardTextOptions {
  /** First row, counted from 0 over all shards. @default 0 */
  readonly from?: number
  /** Row after the last one. @default the number of rows */
  readonly to?: number
}

/** A row as text. */
export interface ShardRow {
  /** The path of the shard. */
  readonly path: string
  /** The index in the shard, counted from 0. */
  readonly row: number
  /** The index over all shards, counted from 0. */
  readonly index: number
  /**
   * The decoded ids. An EOS token is shown as its name and a newline, other control tokens as their names. If the bytes
   * of a character are in two rows, each row has the names of its byte tokens.
   */
  readonly text: string
}

/**
 * Decodes rows of shards, one at a time.
 *
 * @throws SluiceError `ERR_SHARD` for an id that isn't in the vocabulary, with shard, row and column; as `readIds`
 */
export async function * shardRows (
  set: ShardSet,
  { from = 0, to = Infinity, ...options }: ShardRowOptions
): AsyncGenerator<ShardRow> {
  const { columns } = set
  let before = 0 // number of rows in previous shards
  let continues: boolean | undefined // whether the row begins within a document
  for (const [i, shard] of set.shards.entries()) {
    const first = Math.max(from - before, 0)
    const last = Math.min(to - before, shard.rows)
    if (first < last) {
      continues ??= await endsOpen(set, i, first, options.eosId)
      let text = new RowText(options, continues)
      for await (const { ids, first: at } of knownIds(shard, { from: first * columns, to: last * columns }, options)) {
        for (let j = 0; j < ids.length; j++) {
          text.add(ids[j]!)
          if ((at + j + 1) % columns !== 0) continue
          const row = Math.floor((at + j) / columns)
          yield { path: documentPath(shard.path), row, index: before + row, text: text.end() }
          continues = ids[j] !== options.eosId
          text = new RowText(options, continues)
        }
      }
    }
    before += shard.rows
  }
}

/** Rows of shards as ids separated by spaces, for shards without their tokenizer. @throws as `readIds` */
export async function * shardIdRows (
  { shards, columns }: ShardSet,
  { from = 0, to = Infinity, signal }: Pick<ShardRowOptions, 'from' | 'to' | 'signal'> = {}
): AsyncGenerator<ShardRow> {
  let before = 0 // number of rows in previous shards
  for (const shard of shards) {
    const [first, last] = [Math.max(from - before, 0), Math.min(to - before, shard.rows)]
    let row: number[] = []
    for await (const { ids, first: at } of readIds(shard, {
      from: first * columns,
      to: Math.max(first, last) * columns,
      signal
    })) {
      for (let i = 0; i < ids.length; i++) {
        row.push(ids[i]!)
        if (row.length < columns) continue
        const number = Math.floor((at + i) / columns)
        yield { path: documentPath(shard.path), row: number, index: before + number, text: row.join(' ') }
        row = []
      }
    }
    before += shard.rows
  }
}

/** Whether a row begins inside a document: the id before it isn't the EOS id. */
async function endsOpen (set: ShardSet, shard: number, row: number, eosId: number): Promise<boolean> {
  if (row > 0) return await idAt(set.shards[shard]!, row * set.columns - 1) !== eosId
  const before = set.shards.slice(0, shard).findLast(({ rows }) => rows > 0)
  return before === undefined ? await set.continues(eosId) : await idAt(before, before.rows * set.columns - 1) !== eosId
}

class RowText {
  readonly #decoder: Decoder
  readonly #eosId: number
  #decoding: Decoding
  #text = ''

  constructor ({ decoder, eosId }: ShardTextOptions, continues: boolean) {
    this.#decoder = decoder
    this.#eosId = eosId
    this.#decoding = decoder.decoding({ continues, namesCut: true })
  }

  add (id: number): void {
    const decoder = this.#decoder
    if (id === this.#eosId) {
      this.#text += `${this.#decoding.end()}${decoder.name(id)}\n`
      this.#decoding = decoder.decoding()
    } else if (decoder.isControl(id)) {
      this.#decoding.mark(decoder.name(id))
    } else {
      this.#decoding.add(id)
    }
  }

  end (): string {
    return this.#text + this.#decoding.cut()
  }
}

/** How documents are decoded. */
export interface ShardDocumentOptions extends ShardTextOptions {
  /** Longest text, in UTF-16 code units; a longer document is returned in parts. @default 2 ** 26 */
  readonly maxChars?: number
}

/**
 * Decodes the documents of shards, in order, one at a time. The id of a document is where it begins: `<path of the
 * shard>#<row>:<column>`. `meta.tokens` is the number of its ids, including the EOS id. `meta.complete` is false if
 * no shard contains the end of the document, and for each part of a document that is too long. `meta.continues` of a
 * part is the id of the previous part.
 *
 * @throws SluiceError `ERR_SHARD` for an id that isn't in the vocabulary, with shard, row and column; as `readIds`
 */
export async function * shardDocuments (
  set: ShardSet,
  { maxChars = 2 ** 26, ...options }: ShardDocumentOptions
): AsyncGenerator<Document> {
  const { decoder, eosId } = options
  const { columns } = set
  let decoding = decoder.decoding({ continues: await set.continues(eosId) })
  let id = ''
  let tokens = 0
  let meta: Readonly<Record<string, unknown>> = {}
  for (const shard of set.shards) {
    const path = documentPath(shard.path)
    for await (const { ids, first } of knownIds(shard, {}, options)) {
      for (let i = 0; i < ids.length; i++) {
        const token = ids[i]!
        if (tokens === 0) id = `${path}#${Math.floor((first + i) / columns)}:${(first + i) % columns}`
        tokens++
        if (token === eosId) {
          yield { id, text: decoding.end(), meta: { tokens, complete: true, ...meta } }
          decoding = decoder.decoding()
          tokens = 0
          meta = {}
          continue
        }
        decoding.add(token)
        if (decoding.chars < maxChars) continue
        yield { id, text: decoding.take(), meta: { tokens, complete: false, ...meta } }
        tokens = 0
        meta = { continues: id }
      }
    }
  }
  if (tokens > 0) yield { id, text: decoding.end(), meta: { tokens, complete: false, ...meta } }
}

/** Reads the ids of a shard and checks that they are in the vocabulary. */
async function * knownIds (
  shard: ShardFile,
  range: IdRange,
  { decoder, signal }: ShardTextOptions
): AsyncGenerator<IdBlock> {
  for await (const block of readIds(shard, { ...range, signal })) {
    checkKnown(shard, block, decoder)
    yield block
  }
}

/** @throws SluiceError `ERR_SHARD` for an id that isn't in the vocabulary */
export function checkKnown (shard: ShardFile, block: IdBlock, { vocabSize }: Pick<Decoder, 'vocabSize'>): void {
  const { first } = outside(block.ids, vocabSize)
  if (first === -1) return
  const at = block.first + first
  throw new SluiceError('ERR_SHARD', `${shard.path}: id ${block.ids[first]!} in row ` +
    `${Math.floor(at / shard.columns)}, column ${at % shard.columns} is not in the vocabulary, ` +
    `expected 0 to ${vocabSize - 1}; use the tokenizer that the shards were made with`)
}
