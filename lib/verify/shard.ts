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

/** What of shards is checked against their stats. */
export type VerifyCheck = 'missing' | 'unlisted' | 'bytes' | 'header' | 'dtype' | 'shape' | 'ids' | 'sha256' | 'names' | 'sums' | 'tokenizer'

/** A difference between a shard and its stats. */
export interface ShardFinding {
  readonly check: VerifyCheck
  readonly found: string
  readonly expected: string
}

/** A shard that is to be verified, and what the stats say of it. */
export interface ShardTask {
  readonly component: Omit<ShardedStats, 'shard_files'>
  readonly info: ShardInfo
  /** Its place among the shards of the component. */
  readonly index: number
  /** How many shards the component has. */
  readonly shards: number
  /** Looks at size and header only. */
  readonly quick: boolean
}

export interface ShardVerdict {
  /** None where the shard is what the stats say. */
  readonly findings: readonly ShardFinding[]
  /** The documents that begin in the shard; null where they aren't known: no end of sentence, or damage. */
  readonly documents: DocumentHashes | null
}

/**
 * Compares a shard with what the stats say. It is read once, a megabyte at a time; a document that it leaves open is
 * read to its end in the shards behind it.
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
      find('header', messageOf(error).slice(path.length + 2), `format 1.0, C order, ${dtype}, shape (${info.sequences}, ${columns})`)
      return undefined
    })
  } catch (error) {
    find('missing', `cannot be read: ${reasonOf((error as SluiceError).cause ?? error)}`, `a shard of ${info.bytes} bytes`)
    return { findings, documents: null }
  }
  if (size !== info.bytes) find('bytes', `has ${size} bytes`, String(info.bytes))
  if (shard !== undefined) verifyHeader(shard, size, task, find)
  if (task.quick || size !== info.bytes) return { findings, documents: null } // of another size, it has another hash
  const asHeaderSays = shard !== undefined && size === npyBytes(shard)
  const { sha256, documents } = asHeaderSays ? await readWhole(shard!, task, find, signal) : { sha256: await sha256OfFile(path, signal), documents: null }
  if (sha256 !== info.sha256) find('sha256', `has SHA-256 ${sha256}`, info.sha256)
  return { findings, documents }
}

type Find = (check: VerifyCheck, found: string, expected: string) => void

function verifyHeader (shard: ShardFile, size: number, { component, info }: ShardTask, find: Find): void {
  const { dtype, rows, columns } = shard
  if (dtype !== component.dtype) find('dtype', `holds ${dtype}`, component.dtype)
  if (rows !== info.sequences || columns !== component.seq_len) find('shape', `has shape (${rows}, ${columns})`, `(${info.sequences}, ${component.seq_len})`)
  // A size that is another than recorded has been told of; one that is as recorded can still not be the header's.
  if (size === info.bytes && size !== npyBytes(shard)) find('bytes', `has ${size} bytes`, `${npyBytes(shard)}, which its header asks for`)
}

/** One pass over a shard: its SHA-256, whether its ids are in the vocabulary, and its documents. */
async function readWhole (shard: ShardFile, task: ShardTask, find: Find, signal: AbortSignal | undefined): Promise<{ sha256: string, documents: DocumentHashes | null }> {
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
  if (count > 0) find('ids', `${place}${count === 1 ? ' is' : `, the first of ${count}, is`} not in the vocabulary`, `0 to ${vocabSize - 1}`)
  return { sha256: hash.digest('hex'), documents: documents === null ? null : await finished(documents, task, signal) }
}

async function documentHasher ({ component: { output_dir: folder, eos_id: eosId }, index }: ShardTask, signal: AbortSignal | undefined): Promise<DocumentHasher | null> {
  if (eosId === undefined) return null
  return await unlessDamaged(async () => {
    const before = index === 0 ? null : await readShardHeader(join(folder, shardName(index - 1)))
    return await DocumentHasher.create(eosId, { continues: before !== null && await idAt(before, before.rows * before.columns - 1, signal) !== eosId })
  })
}

/** Ids read at once for the end of a document that goes on in another shard; four times as many each time. */
const FIRST_STEP = 4096

/**
 * Reads the end of the document that is open; where there is none, it is in the tail, and the document isn't counted.
 */
async function finished (documents: DocumentHasher, { component: { output_dir: folder }, index, shards }: ShardTask, signal: AbortSignal | undefined): Promise<DocumentHashes | null> {
  return await unlessDamaged(async () => {
    let { isOpen } = documents
    for (let i = index + 1; i < shards && isOpen; i++) {
      const shard = await readShardHeader(join(folder, shardName(i)))
      const end = shard.rows * shard.columns
      for (let from = 0, step = FIRST_STEP; from < end && isOpen; from += step, step *= 4) {
        for await (const { ids } of readIds(shard, { from, to: Math.min(from + step, end), signal })) isOpen = documents.finish(ids)
      }
    }
    return documents.result()
  })
}

/** Damage of another shard is told where that one is verified. */
async function unlessDamaged<T> (work: () => Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SluiceError && error.code !== 'ERR_ABORTED') return null
    throw error
  }
}
