import { existsSync } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { SluiceError, reasonOf } from '../errors.ts'
import { notLocalFile } from '../not-local.ts'
import { type Ids, NPY_HEADER_MAX_BYTES, type NpyHeader, bytesPerId, idsOf, npyBytes, readNpyHeader } from './npy.ts'
import { documentsName, listAnyShards, listShards, namesIn, shardName } from './names.ts'

/** A shard on disk whose header has been read. */
export interface ShardFile extends NpyHeader {
  readonly path: string
  /** The bytes before the data. */
  readonly header: Buffer
}

/** Data is read in steps of this many bytes. */
const BLOCK_BYTES = 1024 * 1024

/** @throws SluiceError `ERR_FILES` when it can't be read, `ERR_SHARD` when it isn't a shard, with what was found */
export async function readShardHeader (path: string): Promise<ShardFile> {
  const file = await opened(path)
  try {
    const first = Buffer.alloc(NPY_HEADER_MAX_BYTES)
    const { bytesRead } = await file.read(first, 0, first.length, 0)
    const header = readNpyHeader(first.subarray(0, bytesRead), path)
    return { ...header, path, header: first.subarray(0, header.start) }
  } catch (error) {
    throw error instanceof SluiceError
      ? new SluiceError(error.code, `${path}: ${error.message}`, { cause: error })
      : unreadable(path, error)
  } finally {
    await file.close()
  }
}

/** A range of ids of a shard, by their indexes in row order. */
export interface IdRange {
  /** First index. @default 0 */
  readonly from?: number
  /** Index after the last. @default the number of ids */
  readonly to?: number
  /** Stops reading when it fires: `ERR_ABORTED`. */
  readonly signal?: AbortSignal | undefined
}

/** Consecutive ids of a shard. */
export interface IdBlock {
  readonly ids: Ids
  /** Index of the first of them in the shard. */
  readonly first: number
}

/**
 * Reads the ids of a shard, a megabyte at a time; the next block is read while the caller uses one. The memory of a
 * block is reused when the next block but one is requested.
 *
 * @throws SluiceError `ERR_FILES` when the shard can't be opened, `ERR_SHARD` when it ends early, `ERR_ABORTED`
 */
export async function * readIds (
  shard: ShardFile,
  { from = 0, to = shard.rows * shard.columns, signal }: IdRange = {}
): AsyncGenerator<IdBlock> {
  const { path, dtype, start } = shard
  const file = await opened(path)
  const idBytes = bytesPerId(dtype)
  const blockBytes = Math.min(BLOCK_BYTES, Math.max(to - from, 0) * idBytes)
  const step = blockBytes / idBytes
  let [spare, other] = [new Uint8Array(blockBytes), new Uint8Array(blockBytes)]

  async function read (first: number): Promise<IdBlock> {
    [spare, other] = [other, spare]
    const bytes = spare.subarray(0, Math.min(step, to - first) * idBytes)
    for (let filled = 0; filled < bytes.length;) {
      const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + first * idBytes + filled)
      if (bytesRead === 0) {
        throw new SluiceError('ERR_SHARD', `${path}: ends at byte ${start + first * idBytes + filled}, ` +
          `expected ${npyBytes(shard)} bytes; it was changed while it was being read`)
      }
      filled += bytesRead
    }
    return { ids: idsOf(bytes, dtype), first }
  }

  let next = from < to ? read(from) : undefined
  try {
    while (next !== undefined) {
      const block: IdBlock = await next
      if (signal?.aborted === true) throw new SluiceError('ERR_ABORTED', `${path}: stopped`)
      const end = block.first + block.ids.length
      next = end < to ? read(end) : undefined
      next?.catch(() => {}) // thrown where it is awaited
      yield block
    }
  } catch (error) {
    throw error instanceof SluiceError ? error : unreadable(path, error)
  } finally {
    await next?.catch(() => {}) // the file must not be closed during a read
    await file.close()
  }
}

/** Consecutive shards. */
export interface ShardSet {
  /** In order, all with rows of the same length. */
  readonly shards: readonly ShardFile[]
  /** Ids in a row. */
  readonly columns: number
  /** Whether the first shard begins inside a document, given the id that ends documents. */
  readonly continues: (eosId: number) => Promise<boolean>
}

/**
 * Finds shards and reads their headers.
 *
 * @param path a folder of shards, or one `.npy` file
 * @throws SluiceError `ERR_FILES` when there are none, `ERR_SHARD` when one is damaged, missing between others, or has
 *   rows of another length
 */
export async function openShards (path: string): Promise<ShardSet> {
  const paths = await shardPaths(path)
  const shards: ShardFile[] = []
  for (const path of paths) shards.push(await wholeShard(path))
  const columns = shards[0]!.columns
  const odd = shards.find(shard => shard.columns !== columns)
  if (odd !== undefined) {
    throw new SluiceError('ERR_SHARD', `${odd.path}: has rows of ${odd.columns} ids, expected ${columns}, ` +
      `as in ${shards[0]!.path}; name a single shard`)
  }
  return {
    shards,
    columns,
    async continues (eosId) {
      const before = await shardBefore(paths[0]!)
      if (before === undefined) return false
      const size = before.rows * before.columns
      return size > 0 && await idAt(before, size - 1) !== eosId
    }
  }
}

/** Whether the documents of a shard are next to it. */
export function hasDocuments ({ path }: Pick<ShardFile, 'path'>): boolean {
  return path.endsWith('.npy') && existsSync(documentsName(path))
}

/** One id of a shard, by its index; NaN if there is none. */
export async function idAt (shard: ShardFile, index: number, signal?: AbortSignal): Promise<number> {
  let id = NaN
  for await (const { ids } of readIds(shard, { from: index, to: index + 1, signal })) id = ids[0]!
  return id
}

/** How many ids are not in the vocabulary, such as negative ones, and the index of the first of them, or -1. */
export function outside (ids: Ids, vocabSize: number): { readonly count: number, readonly first: number } {
  let count = 0
  // As an unsigned number, a negative id is a large one.
  for (let i = 0; i < ids.length; i++) if ((ids[i]! >>> 0) >= vocabSize) count++
  return { count, first: count === 0 ? -1 : ids.findIndex(id => id < 0 || id >= vocabSize) }
}

async function shardPaths (path: string): Promise<string[]> {
  const status = await stat(path).catch((error: unknown) => { throw unreadable(path, error) })
  if (!status.isDirectory()) return [path]
  const names = await listShards(path)
  if ((await namesIn(path)).includes('shard_00000.csv.gz')) {
    throw new SluiceError('ERR_SHARD', `${path}: holds shards of format olmo, which have no header; ` +
      'name npy shards, or read these with OLMo-core')
  }
  if (names.length === 0) {
    const others = await listAnyShards(path)
    const found = others.length === 0 ? 'holds no shards' : `holds ${others[0]!}, which is a shard of another format`
    throw new SluiceError('ERR_FILES', `${path}: ${found}, expected ${shardName(0)} and so on`)
  }
  const first = numberOf(names[0]!)
  const gap = names.findIndex((name, i) => numberOf(name) !== first + i)
  if (gap !== -1) {
    throw new SluiceError('ERR_SHARD', `${path}: ${names[gap]!} follows ${names[gap - 1]!}, ` +
      `expected ${shardName(first + gap)}, which is missing; name a single shard, or make the shards again`)
  }
  return names.map(name => join(path, name))
}

async function wholeShard (path: string): Promise<ShardFile> {
  const shard = await readShardHeader(path)
  const { size } = await stat(path)
  if (size !== npyBytes(shard)) {
    throw new SluiceError('ERR_SHARD', `${path}: has ${size} bytes, expected ${npyBytes(shard)} for shape ` +
      `(${shard.rows}, ${shard.columns}) of ${shard.dtype}`)
  }
  return shard
}

/** The shard before another one in its folder; undefined if there is none. */
async function shardBefore (path: string): Promise<ShardFile | undefined> {
  const number = numberOf(basename(path))
  if (!(number > 0)) return undefined
  const before = join(dirname(path), shardName(number - 1))
  return await stat(before).catch(() => null) === null ? undefined : await wholeShard(before)
}

/** 12 for `shard_00012.npy`; NaN for another name. */
function numberOf (name: string): number {
  return Number(/^shard_(\d+)\.npy$/.exec(name)?.[1])
}

async function opened (path: string): Promise<FileHandle> {
  const status = await stat(path).catch((error: unknown) => { throw unreadable(path, error) })
  // Opening a pipe would wait for a writer.
  if (!status.isFile() && !status.isDirectory()) {
    throw new SluiceError('ERR_SHARD', `${path}: is a pipe or a device, expected a file`)
  }
  return await open(path).catch((error: unknown) => { throw unreadable(path, error) })
}

function unreadable (path: string, cause: unknown): SluiceError {
  return new SluiceError('ERR_FILES', notLocalFile(path, cause) ?? `${path}: ${reasonOf(cause)}`, { cause })
}
