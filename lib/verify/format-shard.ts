import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DocumentHasher } from './document-hashes.ts'
import { SluiceError, messageOf } from '../errors.ts'
import { sha256, sha256OfFile } from '../hash.ts'
import type { FlatFormat, RowFormat, ShardFormat } from '../shards/formats/format.ts'
import { isFlat, otherFormat } from '../shards/formats/formats.ts'
import { readBlocks, readRange } from '../shards/formats/read-file.ts'
import { type Ids, bytesPerId, idsOf } from '../shards/npy.ts'
import { outside } from '../shards/reader.ts'
import type { AnyShard, ShardedStats } from '../shards/stats.ts'
import type { Find, ShardFinding, ShardTask } from './shard-task.ts'
import { type ShardVerdict, verifyShard } from './shard.ts'

/** Compares a shard of any format with its stats. @throws SluiceError as `verifyShard` */
export async function verifyAnyShard (task: ShardTask, signal?: AbortSignal): Promise<ShardVerdict> {
  const { format = 'npy' } = task.component
  return format === 'npy' ? await verifyShard(task, signal) : await verifyFormatShard(task, otherFormat(format), signal)
}

/**
 * Compares a shard of another format than `npy`, and its index, with its stats.
 *
 * @throws SluiceError `ERR_ABORTED`
 */
async function verifyFormatShard (
  task: ShardTask, format: ShardFormat, signal?: AbortSignal
): Promise<ShardVerdict> {
  const { component, info, quick } = task
  const findings: ShardFinding[] = []
  const find: Find = (check, found, expected) => { findings.push({ check, found, expected }) }
  const files = [info, ...(info.index === undefined ? [] : [info.index])]
  for (const { file, bytes, sha256 } of files) {
    const path = join(component.output_dir, file)
    const of = file === info.file ? '' : `${file} `
    const size = await stat(path).then(({ size }) => size, () => null)
    if (size === null) find('missing', `${of}is not there`, `a file of ${bytes} bytes`)
    else if (size !== bytes) find('bytes', `${of}has ${size} bytes`, String(bytes))
    else if (!quick) {
      const hash = await sha256OfFile(path, signal)
      if (hash !== sha256) find('sha256', `${of}has SHA-256 ${hash}`, sha256)
    }
  }
  const isUnreadable = findings.some(({ check }) => check === 'missing' || check === 'bytes')
  if (isUnreadable) return { findings, documents: null, padding: null }
  const content = new Content(task, find)
  try {
    if (format.kind === 'flat') await verifyFlat(format, task, content, find, signal)
    else await verifyRows(format, task, content, find, signal)
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== 'ERR_SHARD') throw error
    find('header', messageOf(error), `a shard of format ${format.name}`)
  }
  content.end()
  // Rows have no files of documents that would tell padding from the ids of documents.
  const padding = component.packing === 'best_fit' && format.kind !== 'flat' ? null : 0
  return { findings, documents: findings.length === 0 && !quick ? content.documents() : null, padding }
}

/** The ids of a shard, which are checked one block after another. */
class Content {
  readonly #task: ShardTask
  readonly #find: Find
  #hasher: DocumentHasher | null = null
  #count = 0
  #place = ''
  #read = 0

  constructor (task: ShardTask, find: Find) {
    this.#task = task
    this.#find = find
  }

  add (ids: Ids): void {
    const { component: { vocab_size: vocabSize, eos_id: eosId, format = 'npy' } } = this.#task
    // A shard of sequences may begin within a document, and its last one may end in the next shard.
    if (isFlat(format) && eosId !== undefined) this.#hasher ??= new DocumentHasher(eosId, { continues: false })
    this.#hasher?.add(ids)
    const wrong = outside(ids, vocabSize)
    if (this.#count === 0 && wrong.count > 0) this.#place = `id ${ids[wrong.first]!} at ${this.#read + wrong.first}`
    this.#count += wrong.count
    this.#read += ids.length
  }

  /** Reports ids that are not in the vocabulary. */
  end (): void {
    if (this.#count === 0) return
    const found = this.#count === 1 ? this.#place : `${this.#place}, the first of ${this.#count},`
    this.#find('ids', `${found} is not in the vocabulary`, `0 to ${this.#task.component.vocab_size - 1}`)
  }

  documents (): ShardVerdict['documents'] {
    return this.#hasher?.result() ?? null
  }
}

/** Checks the header and the index; unless `quick`, also the ids, and that each document has its end. */
async function verifyFlat (
  format: FlatFormat, { component, info, quick }: ShardTask, content: Content, find: Find, signal?: AbortSignal
): Promise<void> {
  const { output_dir: folder, dtype, eos_id: eosId } = component
  const { tokens = 0, ended = 0 } = info
  const path = join(folder, info.file)
  const header = format.header(dtype, tokens)
  if (!(await readRange(path, 0, header.length)).equals(header)) {
    find('header', 'has another header', `that of ${tokens} ids of ${dtype}`)
  }
  const size = header.length + tokens * bytesPerId(dtype)
  if (info.bytes !== size) find('bytes', `has ${info.bytes} bytes`, `${size}, for ${tokens} ids of ${dtype}`)
  const ends = await endsOf(format, folder, info, find)
  if (ends.count !== ended && format.index !== null) {
    find('shape', `${info.index?.file ?? 'its index'} has ${ends.count} documents`, String(ended))
  }
  if (quick) return
  let first = 0
  let wrong = 0
  for await (const block of readBlocks(path, { from: header.length })) {
    signal?.throwIfAborted()
    const ids = idsOf(block, dtype)
    content.add(ids)
    if (eosId !== undefined) wrong += ends.notEnded(ids, first, eosId)
    first += ids.length
  }
  const { cut_documents: cut = 0 } = component
  if (wrong > cut) find('shape', `${wrong} documents of its index don't end with the EOS id`, `at most ${cut}`)
}

interface FileEnds {
  readonly count: number
  /** How many documents that end in a block of ids don't end with the EOS id. Blocks are given in order. */
  readonly notEnded: (ids: Ids, first: number, eosId: number) => number
}

/** Reads the ends of the documents, and checks that they ascend to the number of ids. */
async function endsOf (format: FlatFormat, folder: string, info: AnyShard, find: Find): Promise<FileEnds> {
  const blocks: Uint32Array[] = []
  let last = 0
  let ascends = true
  if (format.index !== null && info.index !== undefined) {
    for await (const block of format.index.read(join(folder, info.index.file))) {
      for (const end of block) {
        if (end <= last) ascends = false
        last = end
      }
      blocks.push(block)
    }
    if (!ascends || last !== info.tokens) {
      find('shape', `${info.index.file} has documents up to id ${last}${ascends ? '' : ', out of order'}`,
        `in order, up to ${info.tokens ?? 0}`)
    }
  }
  let at = 0 // of the next end
  let block = 0
  return {
    count: blocks.reduce((sum, { length }) => sum + length, 0),
    notEnded (ids, first, eosId) {
      let wrong = 0
      for (; block < blocks.length; block++, at = 0) {
        for (const ends = blocks[block]!; at < ends.length; at++) {
          const place = ends[at]! - 1 - first
          if (place >= ids.length) return wrong
          if (ids[place] !== eosId) wrong++
        }
      }
      return wrong
    }
  }
}

/** Reads all rows: the format's reader checks the header, and that each has the right length. */
async function verifyRows (
  format: RowFormat, { component, info, quick }: ShardTask, content: Content, find: Find, signal?: AbortSignal
): Promise<void> {
  if (quick) return
  const { output_dir: folder, dtype, seq_len: columns } = component
  let ids = 0
  for await (const block of format.read(join(folder, info.file), { dtype, columns })) {
    signal?.throwIfAborted()
    const part = idsOf(block.byteOffset % 4 === 0 ? block : new Uint8Array(block), dtype)
    content.add(part)
    ids += part.length
  }
  if (ids !== info.sequences * columns) find('shape', `has ${ids / columns} sequences`, String(info.sequences))
}

/** Compares the file that lists the shards of a component with the stats. */
export async function listFindings (stats: ShardedStats): Promise<ShardFinding[]> {
  const { index, format, shard_files: shards } = stats
  const { output_dir: folder, dtype, seq_len: columns } = stats
  const list = format === undefined || format === 'npy' ? undefined : (otherFormat(format) as Partial<RowFormat>).list
  if (index === undefined || list === undefined) return []
  const text = await readFile(join(folder, index.file), 'utf8').catch(() => null)
  if (text === null) return [{ check: 'missing', found: 'is not there', expected: `a file of ${index.bytes} bytes` }]
  const hash = sha256(text)
  if (hash !== index.sha256) return [{ check: 'sha256', found: `has SHA-256 ${hash}`, expected: index.sha256 }]
  if (text === list.content(shards, { dtype, columns })) return []
  return [{ check: 'shape', found: 'lists other shards', expected: 'those of the stats' }]
}
