import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DocumentHasher, type DocumentHashes } from './document-hashes.ts'
import { SluiceError, codeOf, messageOf, reasonOf } from '../errors.ts'
import { sha256OfFile } from '../hash.ts'
import { npyBytes } from '../shards/npy.ts'
import { type ShardFile, idAt, outside, readIds, readShardHeader } from '../shards/reader.ts'
import { shardName } from '../shards/names.ts'
import type { ShardInfo } from '../shards/writer.ts'
import type { ShardedStats } from '../shards/stats.ts'

/** What is compared between shards and their stats. */
export type VerifyCheck =
  | 'missing' | 'unlisted' | 'bytes' | 'header' | 'dtype' | 'shape' | 'ids' | 'sha256' | 'names' | 'sums' | 'tokenizer'

/** A difference between a shard and its stats. */
export interface ShardFinding {
  readonly check: VerifyCheck
  readonly found: string
  readonly expected: string
}

/** A shard to verify, and its stats. */
export interface ShardTask {
  readonly component: Omit<ShardedStats, 'shard_files'>
  readonly info: ShardInfo
  /** Index of the shard in the component. */
  readonly index: number
  /** Number of shards of the component. */
  readonly shards: number
  /** Checks only size and header. */
  readonly quick: boolean
}

export interface ShardVerdict {
  /** Empty if the shard is as the stats describe it. */
  readonly findings: readonly ShardFinding[]
  /** The documents that begin in the shard; null if they aren't known: without an EOS id, or after damage. */
  readonly documents: DocumentHashes | null
}

/**
 * Compares a shard with its stats. It is read once, a megabyte at a time; the end of its last document is read from the
 * shards after it.
 *
 * @throws SluiceError `ERR_SHARD` when the shard is changed while it is read, `ERR_ABORTED`
 */
export async function verifyShard (task: ShardTask, signal?: AbortSignal): Promise<ShardVerdict> {
  const { component: { output_dir: folder, dtype, seq_len: columns }, info } = task
  const path = join(folder, info.file)
  const findings: ShardFinding[] = []
  const find: Find = (check, found, expected) => { findings.push({ check, found, expected }) }
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
    return { findings, documents: null }
  }
  if (size !== info.bytes) find('bytes', `has ${size} bytes`, String(info.bytes))
  if (shard !== undefined) verifyHeader(shard, size, task, find)
  if (task.quick || size !== info.bytes) return { findings, documents: null } // another size has another hash
  const isWhole = shard !== undefined && size === npyBytes(shard)
  const { sha256, documents } = isWhole
    ? await readWhole(shard!, task, find, signal)
    : { sha256: await sha256OfFile(path, signal), documents: null }
  if (sha256 !== info.sha256) find('sha256', `has SHA-256 ${sha256}`, info.sha256)
  return { findings, documents }
}

/** Adds a finding. */
export type Find = (check: VerifyCheck, found: string, expected: string) => void

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

interface ShardContent {
  readonly sha256: string
  readonly documents: DocumentHashes | null
}

/** Reads a shard once: hashes it, checks that its ids are in the vocabulary, and hashes its documents. */
async function readWhole (
  shard: ShardFile, task: ShardTask, find: Find, signal: AbortSignal | undefined
): Promise<ShardContent> {
  const { vocab_size: vocabSize } = task.component
  const hash = createHash('sha256').update(shard.header)
  const documents = await documentHasher(task, signal)
  let count = 0
  let place = ''
  for await (const { ids, first } of readIds(shard, { signal })) {
    hash.update(ids)
    documents?.add(ids)
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
  return { sha256: hash.digest('hex'), documents: documents === null ? null : await finished(documents, task, signal) }
}

async function documentHasher (
  { component: { output_dir: folder, eos_id: eosId }, index }: ShardTask, signal: AbortSignal | undefined
): Promise<DocumentHasher | null> {
  if (eosId === undefined) return null
  return await unlessDamaged(async () => {
    if (index === 0) return await DocumentHasher.create(eosId, { continues: false })
    const before = await readShardHeader(join(folder, shardName(index - 1)))
    const last = await idAt(before, before.rows * before.columns - 1, signal)
    return await DocumentHasher.create(eosId, { continues: last !== eosId })
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
