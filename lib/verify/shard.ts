import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DocumentHasher, type DocumentHashes } from './document-hashes.ts'
import { DocumentsCheck, hasDocuments } from './documents.ts'
import { SluiceError, codeOf, messageOf, reasonOf } from '../errors.ts'
import { sha256OfFile } from '../hash.ts'
import { npyBytes } from '../shards/npy.ts'
import { type ShardFile, idAt, outside, readIds, readShardHeader } from '../shards/reader.ts'
import { shardName } from '../shards/names.ts'
import type { Find, ShardFinding, ShardTask } from './shard-task.ts'

export interface ShardVerdict {
  /** Empty if the shard is as the stats describe it. */
  readonly findings: readonly ShardFinding[]
  /** The documents that begin in the shard; null if they aren't known: without an EOS id, or after damage. */
  readonly documents: DocumentHashes | null
  /** Ids that no document covers; null if they aren't known. */
  readonly padding: number | null
}

/**
 * Compares a shard with its stats. It is read once, a megabyte at a time. If it has no file of documents, the end of
 * its last document is read from the shards after it.
 *
 * @throws SluiceError `ERR_SHARD` when the shard is changed while it is read, `ERR_ABORTED`
 */
export async function verifyShard (task: ShardTask, signal?: AbortSignal): Promise<ShardVerdict> {
  const { component: { output_dir: folder, dtype, seq_len: columns }, info } = task
  const path = join(folder, info.file)
  const findings: ShardFinding[] = []
  const find: Find = (check, found, expected, file) => {
    findings.push({ check, found, expected, ...(file !== undefined && { file }) })
  }
  let size: number
  let shard: ShardFile | undefined
  try {
    size = (await stat(path)).size
    shard = await readShardHeader(path).catch((error: unknown) => {
      if (codeOf(error) !== 'ERR_SHARD') throw error
      const expected = `format 1.0, C order, ${dtype}, shape (${info.sequences}, ${columns})`
      find('header', messageOf(error).slice(path.length + 2), expected)
      return undefined
    })
  } catch (error) {
    const reason = reasonOf((error as SluiceError).cause ?? error)
    find('missing', `cannot be read: ${reason}`, `a shard of ${info.bytes} bytes`)
    return { findings, documents: null, padding: null }
  }
  if (size !== info.bytes) find('bytes', `has ${size} bytes`, String(info.bytes))
  if (shard !== undefined) verifyHeader(shard, size, task, find)
  const withDocuments = info.documents !== undefined && await hasDocuments(task, info.documents, find)
  // A shard of another size has another hash.
  if (task.quick || size !== info.bytes) return { findings, documents: null, padding: null }
  const isWhole = shard !== undefined && size === npyBytes(shard)
  const { sha256, ...content } = isWhole
    ? await readWhole(shard!, task, { find, withDocuments, signal })
    : { sha256: await sha256OfFile(path, signal), documents: null, padding: null }
  if (sha256 !== info.sha256) find('sha256', `has SHA-256 ${sha256}`, info.sha256)
  return { findings, ...content }
}

function verifyHeader (shard: ShardFile, size: number, { component, info }: ShardTask, find: Find): void {
  const { dtype, rows, columns } = shard
  if (dtype !== component.dtype) find('dtype', `holds ${dtype}`, component.dtype)
  if (rows !== info.sequences || columns !== component.seq_len) {
    find('shape', `has shape (${rows}, ${columns})`, `(${info.sequences}, ${component.seq_len})`)
  }
  // A size other than that in the stats is reported already; the size in the stats may still not fit the header.
  if (size === info.bytes && size !== npyBytes(shard)) {
    find('bytes', `has ${size} bytes`, `${npyBytes(shard)}, by its header`)
  }
}

interface ShardContent extends Pick<ShardVerdict, 'documents' | 'padding'> {
  readonly sha256: string
}

interface Reading {
  readonly find: Find
  /** Whether the shard's documents are checked, too. */
  readonly withDocuments: boolean
  readonly signal: AbortSignal | undefined
}

/** Reads a shard once: hashes it, checks that its ids are in the vocabulary, and hashes its documents. */
async function readWhole (shard: ShardFile, task: ShardTask, reading: Reading): Promise<ShardContent> {
  const { find, withDocuments, signal } = reading
  const check = withDocuments ? await DocumentsCheck.open(task, task.info.documents!, find, signal) : null
  try {
    return await readWith(check, shard, task, reading)
  } finally {
    await check?.close()
  }
}

async function readWith (
  check: DocumentsCheck | null, shard: ShardFile, task: ShardTask, { find, signal }: Reading
): Promise<ShardContent> {
  const { component: { vocab_size: vocabSize }, info } = task
  const hash = createHash('sha256').update(shard.header)
  const documents = info.documents === undefined ? await documentHasher(task, signal) : null
  let count = 0
  let place = ''
  for await (const { ids, first } of readIds(shard, { signal })) {
    hash.update(ids)
    documents?.add(ids)
    await check?.add(ids)
    const wrong = outside(ids, vocabSize)
    if (count === 0 && wrong.count > 0) {
      const at = first + wrong.first
      place = `id ${ids[wrong.first]!} in row ${Math.floor(at / shard.columns)}, column ${at % shard.columns}`
    }
    count += wrong.count
  }
  if (count > 0) {
    const found = count === 1 ? place : `${place}, the first of ${count},`
    find('ids', `${found} is not in the vocabulary`, `0 to ${vocabSize - 1}`)
  }
  const sha256 = hash.digest('hex')
  if (check === null) {
    return { sha256, documents: documents === null ? null : await finished(documents, task, signal), padding: null }
  }
  const checked = await check.finish(sha256 === info.sha256)
  if (checked === null) return { sha256, documents: null, padding: null }
  return { sha256, ...checked }
}

async function documentHasher (
  { component: { output_dir: folder, eos_id: eosId }, index }: ShardTask, signal: AbortSignal | undefined
): Promise<DocumentHasher | null> {
  if (eosId === undefined) return null
  return await unlessDamaged(async () => {
    if (index === 0) return new DocumentHasher(eosId, { continues: false })
    const before = await readShardHeader(join(folder, shardName(index - 1)))
    const last = await idAt(before, before.rows * before.columns - 1, signal)
    return new DocumentHasher(eosId, { continues: last !== eosId })
  })
}

/**
 * Number of ids that are read first to find the end of a document that continues in another shard. Each further read
 * is four times as long.
 */
const FIRST_STEP = 4096

/** Reads the end of the open document. If no shard has it, it is in the tail, and the document isn't counted. */
async function finished (
  documents: DocumentHasher, { component: { output_dir: folder }, index, shards }: ShardTask,
  signal: AbortSignal | undefined
): Promise<DocumentHashes | null> {
  return await unlessDamaged(async () => {
    let { isOpen } = documents
    for (let i = index + 1; i < shards && isOpen; i++) {
      const shard = await readShardHeader(join(folder, shardName(i)))
      const end = shard.rows * shard.columns
      for (let from = 0, step = FIRST_STEP; from < end && isOpen; from += step, step *= 4) {
        const range = { from, to: Math.min(from + step, end), signal }
        for await (const { ids } of readIds(shard, range)) isOpen = documents.finish(ids)
      }
    }
    return documents.result()
  })
}

/** @returns null if another shard is damaged, which is reported where that one is verified */
async function unlessDamaged<T> (work: () => Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SluiceError && error.code !== 'ERR_ABORTED') return null
    throw error
  }
}
