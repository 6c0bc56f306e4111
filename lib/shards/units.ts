import { type DocumentRecord, readDocuments } from './documents.ts'

/**
 * The ids of a document that follow each other in shards, over the ends of rows and of shards. With `best_fit`, the
 * parts of a document that is longer than a row may be units by themselves.
 */
export interface DocumentUnit {
  /** The xxHash64 of the document's id. */
  readonly id: bigint
  /** Index of the first id in the document: 0 where the document begins. */
  readonly offset: number
  readonly tokens: number
  /** Number of the unit, counted from 0 over all shards. */
  readonly index: number
}

/** Whether a record is the next part of a unit. @param end index, in the document, after the unit's last id */
export function continues (id: bigint, end: number, record: Pick<DocumentRecord, 'id' | 'offset'>): boolean {
  return record.offset === end && record.id === id
}

/**
 * Reads the units of shards from their files of documents, some thousand at a time, without their ids.
 *
 * @param paths of the files of documents, of all shards in order
 * @throws SluiceError as `readDocuments`
 */
export async function * unitsOf (
  paths: readonly string[], signal?: AbortSignal
): AsyncGenerator<readonly DocumentUnit[]> {
  let open: { readonly id: bigint, readonly offset: number, tokens: number } | null = null
  let index = 0
  for (const path of paths) {
    for await (const records of readDocuments(path, { signal })) {
      const units: DocumentUnit[] = []
      for (const { id, offset, length } of records) {
        if (open !== null && continues(open.id, open.offset + open.tokens, { id, offset })) {
          open.tokens += length
          continue
        }
        if (open !== null) units.push({ ...open, index: index++ })
        open = { id, offset, tokens: length }
      }
      yield units
    }
  }
  if (open !== null) yield [{ ...open, index }]
}
