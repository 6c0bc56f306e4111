import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SluiceError, codeOf, messageOf, reasonOf } from './errors.ts'
import { sha256OfFile } from './hash.ts'
import { npyBytes } from './npy.ts'
import { type ShardFile, outside, readIds, readShardHeader } from './shard-reader.ts'
import { type ShardInfo, namesIn, shardName } from './shards.ts'
import type { ShardedStats } from './stats.ts'

/** What of shards is checked against their stats. */
export type VerifyCheck = 'missing' | 'unlisted' | 'bytes' | 'header' | 'dtype' | 'shape' | 'ids' | 'sha256' | 'names' | 'sums' | 'tokenizer'

/** A difference between shards and their stats. */
export interface Finding {
  readonly component: string
  readonly check: VerifyCheck
  /** A shard, the folder, or the stats file where they contradict themselves. */
  readonly file: string
  readonly found: string
  readonly expected: string
}

export interface VerifyShardsOptions {
  /** For findings where the stats contradict themselves. */
  readonly statsPath: string
  /** Looks at names, sizes and headers only. @default false */
  readonly quick?: boolean
  readonly signal?: AbortSignal | undefined
}

/**
 * Compares the shards of a component with what its stats say. Each shard is read once, a megabyte at a time.
 *
 * @returns every difference, in the order of the shards
 * @throws SluiceError `ERR_SHARD` for a shard that is changed while it is read, `ERR_ABORTED`
 */
export async function verifyShards (stats: ShardedStats, options: VerifyShardsOptions): Promise<Finding[]> {
  const { name: component, output_dir: folder, shard_files: infos } = stats
  const findings = sumsOf(stats, options.statsPath)
  const findIn = (file: string): Find => (check, found, expected) => { findings.push({ component, check, file, found, expected }) }
  const names = await namesIn(folder).catch((error: unknown) => {
    findIn(folder)('missing', `cannot be read: ${reasonOf(error)}`, `a folder with ${infos.length} shards`)
    return null
  })
  if (names === null) return findings
  for (const info of infos) {
    if (options.signal?.aborted === true) throw new SluiceError('ERR_ABORTED', `${component}: stopped`)
    const file = join(folder, info.file)
    if (names.includes(info.file)) await verifyShard(file, info, stats, options, findIn(file))
    else findIn(file)('missing', 'is not there', `a shard of ${info.bytes} bytes`)
  }
  const listed = new Set(infos.map(({ file }) => file))
  // A training loader takes every .npy file in a folder.
  for (const name of names.filter(name => name.endsWith('.npy') && !listed.has(name)).sort()) {
    findIn(join(folder, name))('unlisted', 'is there', `no .npy file but the ${listed.size} of the stats`)
  }
  return findings
}

/** Where stats contradict themselves. */
function sumsOf (stats: ShardedStats, file: string): Finding[] {
  const { name: component, seq_len: seqLen, shard_files: infos } = stats
  const findings: Finding[] = []
  const find: Find = (check, found, expected) => { findings.push({ component, check, file, found: `${component}: ${found}`, expected }) }
  const same = (what: string, found: number, expected: number, of: string): void => { if (found !== expected) find('sums', `${what} is ${found}`, `${expected}, ${of}`) }
  const rows = infos.reduce((sum, { sequences }) => sum + sequences, 0)
  same('shards', stats.shards, infos.length, 'the number of shard_files')
  same('sequences', stats.sequences, rows, 'the sum over shard_files')
  same('tokens', stats.tokens, stats.sequences * seqLen + stats.tail_tokens, 'which is sequences * seq_len + tail_tokens')
  if (stats.tail_tokens >= seqLen) find('sums', `tail_tokens is ${stats.tail_tokens}`, `less than seq_len, ${seqLen}`)
  infos.forEach(({ file, sequences }, i) => {
    if (file !== shardName(i)) find('names', `shard_files[${i}].file is ${file}`, shardName(i))
    const most = infos[0]!.sequences
    if (i < infos.length - 1 ? sequences !== most : sequences > most) find('sums', `shard_files[${i}].sequences is ${sequences}`, i < infos.length - 1 ? `${most}, as in the first shard` : `at most ${most}, as in the first shard`)
  })
  return findings
}

type Find = (check: VerifyCheck, found: string, expected: string) => void

async function verifyShard (path: string, info: ShardInfo, stats: ShardedStats, { quick = false, signal }: VerifyShardsOptions, find: Find): Promise<void> {
  let size: number
  let shard: ShardFile | undefined
  try {
    size = (await stat(path)).size
    shard = await readShardHeader(path).catch((error: unknown) => {
      if (codeOf(error) !== 'ERR_SHARD') throw error
      find('header', messageOf(error).slice(path.length + 2), `format 1.0, C order, ${stats.dtype}, shape (${info.sequences}, ${stats.seq_len})`)
      return undefined
    })
  } catch (error) {
    find('missing', `cannot be read: ${reasonOf((error as SluiceError).cause ?? error)}`, `a shard of ${info.bytes} bytes`)
    return
  }
  if (size !== info.bytes) find('bytes', `has ${size} bytes`, String(info.bytes))
  if (shard !== undefined) verifyHeader(shard, size, info, stats, find)
  if (quick || size !== info.bytes) return // of another size, it has another hash
  const found = shard !== undefined && size === npyBytes(shard) ? await readWhole(shard, stats.vocab_size, find, signal) : await sha256OfFile(path, signal)
  if (found !== info.sha256) find('sha256', `has SHA-256 ${found}`, info.sha256)
}

function verifyHeader (shard: ShardFile, size: number, info: ShardInfo, stats: ShardedStats, find: Find): void {
  const { dtype, rows, columns } = shard
  if (dtype !== stats.dtype) find('dtype', `holds ${dtype}`, stats.dtype)
  if (rows !== info.sequences || columns !== stats.seq_len) find('shape', `has shape (${rows}, ${columns})`, `(${info.sequences}, ${stats.seq_len})`)
  // A size that is another than recorded has been told of; one that is as recorded can still not be the header's.
  if (size === info.bytes && size !== npyBytes(shard)) find('bytes', `has ${size} bytes`, `${npyBytes(shard)}, which its header asks for`)
}

/** One pass over a shard: its SHA-256, and whether its ids are in the vocabulary. */
async function readWhole (shard: ShardFile, vocabSize: number, find: Find, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256').update(shard.header)
  let count = 0
  let place = ''
  for await (const { ids, first } of readIds(shard, { signal })) {
    hash.update(ids)
    const wrong = outside(ids, vocabSize)
    if (count === 0 && wrong.count > 0) {
      const at = first + wrong.first
      place = `id ${ids[wrong.first]!} in row ${Math.floor(at / shard.columns)}, column ${at % shard.columns}`
    }
    count += wrong.count
  }
  if (count > 0) find('ids', `${place}${count === 1 ? ' is' : `, the first of ${count}, is`} not in the vocabulary`, `0 to ${vocabSize - 1}`)
  return hash.digest('hex')
}
