import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '../lib/hash.ts'
import { type Dtype, npyData, npyHeader } from '../lib/shards/npy.ts'
import { shardName } from '../lib/shards/names.ts'
import type { ShardedStats } from '../lib/shards/stats.ts'

export interface ShardShape {
  readonly seqLen: number
  readonly sequencesPerShard: number
  readonly dtype?: Dtype
}

/** The id that ends a document. */
export const EOS = 2

/** Writes ids as shards into a folder with the component's name; returns stats like those of a run. */
export function writeShards (
  folder: string,
  name: string,
  ids: readonly number[] | Int32Array,
  { seqLen, sequencesPerShard, dtype = 'int32' }: ShardShape
): ShardedStats {
  const outputDir = join(folder, name)
  mkdirSync(outputDir, { recursive: true })
  const sequences = Math.floor(ids.length / seqLen)
  const files = Array.from({ length: Math.ceil(sequences / sequencesPerShard) }, (_, i) => {
    const rows = Math.min(sequencesPerShard, sequences - i * sequencesPerShard)
    const data = npyData(Int32Array.from(ids.slice(
      i * sequencesPerShard * seqLen, (i * sequencesPerShard + rows) * seqLen
    )), dtype, 2 ** 31 - 1)
    const bytes = Buffer.concat([npyHeader({ dtype, rows, columns: seqLen }), data])
    writeFileSync(join(outputDir, shardName(i)), bytes)
    return { file: shardName(i), sequences: rows, bytes: bytes.length, sha256: sha256(bytes) }
  })
  return {
    name,
    dataset: 'json',
    license: 'CC0-1.0',
    sequences,
    tokens: ids.length,
    tail_tokens: ids.length - sequences * seqLen,
    shards: files.length,
    output_dir: outputDir,
    seq_len: seqLen,
    dtype,
    vocab_size: 32_000,
    eos_id: EOS,
    tokenizer_sha256: 'ab'.repeat(32),
    shard_files: files
  }
}

/** Writes stats of a mixture. */
export function writeStats (folder: string, components: readonly ShardedStats[], name = 'stats.json'): string {
  const path = join(folder, name)
  writeFileSync(path, JSON.stringify({ manifest: 'mix.yaml', stats: components, failed: [] }, null, 2) + '\n')
  return path
}
