/** Shards of given ids, and what is read from them. */
import type { Document } from '../../../lib/document.ts'
import { shardName } from '../../../lib/shards/names.ts'
import { type Dtype, maxId, npyData, npyHeader } from '../../../lib/shards/npy.ts'
import { openShards } from '../../../lib/shards/reader.ts'
import { type ShardStatistics, shardStatistics } from '../../../lib/shards/statistics.ts'
import { type ShardRow, shardDocuments, shardRows } from '../../../lib/shards/text.ts'
import { loadDecoder } from '../../../lib/tokenizer/tokenizer.ts'
import { fixture, put } from '../../helpers.ts'

export const MODEL = fixture('tiny.model')
export const [UNK, BOS, EOS] = [0, 1, 2] as const

/** Writes shards of concatenated ids; a partial row is left out. */
export function putShards (
  folder: string,
  ids: readonly number[],
  { columns = 4, rowsPerShard = 2, dtype = 'int32' }: { columns?: number, rowsPerShard?: number, dtype?: Dtype } = {}
): string {
  const rows = Math.floor(ids.length / columns)
  for (let shard = 0; shard * rowsPerShard < rows; shard++) {
    const own = Math.min(rowsPerShard, rows - shard * rowsPerShard)
    const from = shard * rowsPerShard * columns
    const data = npyData(Int32Array.from(ids.slice(from, from + own * columns)), dtype, maxId(dtype))
    put(folder, shardName(shard), Buffer.concat([npyHeader({ dtype, rows: own, columns }), data]))
  }
  return folder
}

export async function all<T> (items: AsyncIterable<T>): Promise<T[]> {
  const got: T[] = []
  for await (const item of items) got.push(item)
  return got
}

export async function documentsIn (path: string, model: string, maxChars?: number): Promise<Document[]> {
  const decoder = await loadDecoder(model)
  return await all(shardDocuments(await openShards(path), {
    decoder, eosId: decoder.eosId, ...(maxChars !== undefined && { maxChars })
  }))
}

export async function rowsIn (
  path: string,
  model: string,
  range: { from?: number, to?: number } = {}
): Promise<ShardRow[]> {
  const decoder = await loadDecoder(model)
  return await all(shardRows(await openShards(path), { decoder, eosId: decoder.eosId, ...range }))
}

/** Ids of pieces by name, for tests about single pieces. */
export async function pieces (file: string): Promise<(...names: string[]) => number[]> {
  const decoder = await loadDecoder(fixture(file))
  const ids = new Map(Array.from({ length: decoder.vocabSize }, (_, id) => [decoder.name(id), id]))
  return (...names) => names.map(name => ids.get(name)!)
}

export async function statisticsOf (path: string, model: string, eosId?: number): Promise<ShardStatistics> {
  const decoder = await loadDecoder(fixture(model))
  return await shardStatistics(await openShards(path), { decoder, eosId: eosId ?? decoder.eosId })
}
