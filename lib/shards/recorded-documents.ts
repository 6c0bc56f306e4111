import type { Document } from '../document.ts'
import { documentPath } from '../input/find.ts'
import { idToText } from '../packing/packing.ts'
import type { Decoding } from '../tokenizer/decoder.ts'
import type { Ids } from './npy.ts'
import { type PartIds, readParts } from './parts.ts'
import type { ShardFile, ShardSet } from './reader.ts'
import { type ShardDocumentOptions, checkKnown } from './text.ts'

/**
 * Decodes the documents of shards as `shardDocuments`, but from the documents next to each shard, and not by EOS ids.
 * `meta.id_hash` is the hash of the document's id. `meta.offset` is the number of ids that are in a shard before these;
 * it is left out if the document begins here.
 *
 * @throws SluiceError as `shardDocuments` and `readParts`
 */
export async function * recordedDocuments (
  { shards }: ShardSet, { maxChars = 2 ** 26, ...options }: ShardDocumentOptions
): AsyncGenerator<Document> {
  const { eosId, signal } = options
  const cut = new CutDocuments()
  let current = null as OpenDocument | null
  for (const shard of shards) {
    for await (const part of readParts(shard, signal)) {
      const { record: { row, column }, offset, ids } = part
      checkKnown(shard, { ids, first: row * shard.columns + column + offset - part.record.offset }, options.decoder)
      if (current?.continues(part) !== true) {
        if (current?.lastId === eosId) yield current.end(true)
        else if (current !== null) yield * cut.add(current)
        current = cut.take(part) ?? new OpenDocument(shard, part, options)
      }
      current.add(ids)
      if (current.chars >= maxChars) yield current.take(shard, part)
    }
  }
  if (current !== null) yield current.end(current.lastId === eosId)
  for (const document of cut.all()) yield document.end(false)
}

/** More documents than best_fit has in its window; in shuffled sequences, parts may be anywhere. */
const MOST_CUT = 10_000

/** Documents whose next part wasn't found yet. */
class CutDocuments {
  readonly #byId = new Map<bigint, OpenDocument[]>()
  #count = 0

  /** Returns the document that a part continues, and no longer keeps it. */
  take (part: PartIds): OpenDocument | undefined {
    const { id } = part.record
    const kept = this.#byId.get(id) ?? []
    const at = kept.findIndex(document => document.continues(part))
    if (at === -1) return undefined
    this.#count--
    const [found] = kept.splice(at, 1)
    if (kept.length === 0) this.#byId.delete(id)
    return found
  }

  /** Keeps a document. @returns the oldest one, incomplete, if there are too many */
  * add (document: OpenDocument): Generator<Document> {
    const others = this.#byId.get(document.id)
    if (others === undefined) this.#byId.set(document.id, [document])
    else others.push(document)
    if (++this.#count <= MOST_CUT) return
    const [id, oldest] = this.#byId.entries().next().value!
    yield oldest.shift()!.end(false)
    this.#count--
    if (oldest.length === 0) this.#byId.delete(id)
  }

  all (): OpenDocument[] {
    return [...this.#byId.values()].flat()
  }
}

/** A document of which more ids may come. */
class OpenDocument {
  readonly id: bigint
  readonly #decoding: Decoding
  #place: string // of the first id since the last `take`
  #meta: Readonly<Record<string, unknown>>
  #end: number // the index, in the document, after the last id
  #tokens = 0
  /** The last id, which is not decoded yet: it is the EOS id if it ends the document. */
  lastId = -1

  constructor (shard: ShardFile, part: PartIds, { decoder }: Pick<ShardDocumentOptions, 'decoder'>) {
    const { record: { id }, offset } = part
    this.id = id
    this.#decoding = decoder.decoding({ continues: offset > 0 })
    this.#place = placeOf(shard, part)
    this.#meta = { id_hash: idToText(id), ...(offset > 0 && { offset }) }
    this.#end = offset
  }

  get chars (): number {
    return this.#decoding.chars
  }

  continues ({ record: { id }, offset }: PartIds): boolean {
    return id === this.id && offset === this.#end
  }

  add (ids: Ids): void {
    for (const id of ids) {
      if (this.lastId !== -1) this.#decoding.add(this.lastId)
      this.lastId = id
    }
    this.#end += ids.length
    this.#tokens += ids.length
  }

  /** Returns the text so far, as a part of the document. */
  take (shard: ShardFile, part: PartIds): Document {
    const document = this.#document(this.#decoding.take(), false)
    const { id_hash: hash } = this.#meta
    this.#meta = { id_hash: hash, continues: document.id }
    this.#place = placeOf(shard, part, part.ids.length)
    this.#tokens = 0
    return document
  }

  /** Returns the rest of the document. @param complete whether the last id ends it */
  end (complete: boolean): Document {
    if (!complete && this.lastId !== -1) this.#decoding.add(this.lastId)
    return this.#document(this.#decoding.end(), complete)
  }

  #document (text: string, complete: boolean): Document {
    return { id: this.#place, text, meta: { tokens: this.#tokens, complete, ...this.#meta } }
  }
}

/** The shard, row and column of an id. @param index of the id in the part */
function placeOf ({ path, columns }: ShardFile, { record, offset }: PartIds, index = 0): string {
  const at = record.row * columns + record.column + offset - record.offset + index
  return `${documentPath(path)}#${Math.floor(at / columns)}:${at % columns}`
}
