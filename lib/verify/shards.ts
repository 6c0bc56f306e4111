import { join } from 'node:path'
import type { DocumentHashes } from './document-hashes.ts'
import { SluiceError, reasonOf } from '../errors.ts'
import { namesIn, shardName } from '../shards/names.ts'
import type { ShardedStats } from '../shards/stats.ts'
import { type Find, type ShardFinding, verifyShard } from './shard.ts'
import type { ShardVerifier } from './shard-verifier.ts'

/** A difference between shards and their stats. */
export interface Finding extends ShardFinding {
  readonly component: string
  /** A shard, the folder, or the stats file if it contradicts itself. */
  readonly file: string
}

export interface VerifyShardsOptions {
  /** For findings about stats that contradict themselves. */
  readonly statsPath: string
  /** Checks only names, sizes and headers. @default false */
  readonly quick?: boolean
  readonly signal?: AbortSignal | undefined
  /** All shards are added to it at once. @default one that verifies them in this thread, one after another */
  readonly verifier?: Pick<ShardVerifier, 'add'> | undefined
  /** Called with the documents that begin in a shard, if they are known. */
  readonly onDocuments?: ((documents: DocumentHashes) => void) | undefined
}

/**
 * Compares the shards of a component with its stats.
 *
 * @returns every difference, in the order of the shards
 * @throws SluiceError `ERR_SHARD` for a shard that is changed while it is read, `ERR_ABORTED`
 */
export async function verifyShards (stats: ShardedStats, options: VerifyShardsOptions): Promise<Finding[]> {
  const { name: component, output_dir: folder, shard_files: infos } = stats
  const findings = sumsOf(stats, options.statsPath)
  const find = (file: string, { check, found, expected }: ShardFinding): void => {
    findings.push({ component, check, file, found, expected })
  }
  const names = await namesIn(folder).then(names => new Set(names), (error: unknown) => {
    const found = `cannot be read: ${reasonOf(error)}`
    find(folder, { check: 'missing', found, expected: `a folder with ${infos.length} shards` })
    return null
  })
  if (names === null) return findings
  const verdicts = await verdictsOf(stats, names, options)
  infos.forEach(({ file }, i) => { for (const finding of verdicts[i]!) find(join(folder, file), finding) })
  const listed = new Set(infos.map(({ file }) => file))
  // A training loader reads every .npy file in a folder.
  for (const name of [...names].filter(name => name.endsWith('.npy') && !listed.has(name)).sort()) {
    const expected = `no .npy file but the ${listed.size} of the stats`
    find(join(folder, name), { check: 'unlisted', found: 'is there', expected })
  }
  return findings
}

/** The findings of each shard. @throws SluiceError `ERR_ABORTED` when the signal has fired */
async function verdictsOf (
  stats: ShardedStats, names: ReadonlySet<string>, options: VerifyShardsOptions
): Promise<ReadonlyArray<readonly ShardFinding[]>> {
  const { quick = false, signal, onDocuments } = options
  const verifier = options.verifier ?? { add: task => ({ take: () => verifyShard(task, signal) }) }
  const { shard_files: infos, ...component } = stats
  try {
    signal?.throwIfAborted()
    const shards = infos.length
    const verdicts = infos.map((info, index) =>
      names.has(info.file) ? verifier.add({ component, info, index, shards, quick }) : null)
    const found: Array<readonly ShardFinding[]> = []
    for (const [i, verdict] of verdicts.entries()) {
      if (verdict === null) {
        found.push([{ check: 'missing', found: 'is not there', expected: `a shard of ${infos[i]!.bytes} bytes` }])
        continue
      }
      const { findings, documents } = await verdict.take()
      if (documents !== null) onDocuments?.(documents)
      found.push(findings)
    }
    return found
  } catch (cause) {
    if (signal?.aborted === true) throw new SluiceError('ERR_ABORTED', `${stats.name}: stopped`, { cause })
    throw cause
  }
}

/** The contradictions within stats. */
function sumsOf (stats: ShardedStats, file: string): Finding[] {
  const { name: component, seq_len: seqLen, shard_files: infos } = stats
  const findings: Finding[] = []
  const find: Find = (check, found, expected) => {
    findings.push({ component, check, file, found: `${component}: ${found}`, expected })
  }
  const same = (what: string, found: number, expected: number, of: string): void => {
    if (found !== expected) find('sums', `${what} is ${found}`, `${expected}, ${of}`)
  }
  const rows = infos.reduce((sum, { sequences }) => sum + sequences, 0)
  same('shards', stats.shards, infos.length, 'the number of shard_files')
  same('sequences', stats.sequences, rows, 'the sum over shard_files')
  const ids = stats.sequences * seqLen + stats.tail_tokens
  same('tokens', stats.tokens, ids, 'which is sequences * seq_len + tail_tokens')
  if (stats.tail_tokens >= seqLen) find('sums', `tail_tokens is ${stats.tail_tokens}`, `less than seq_len, ${seqLen}`)
  infos.forEach(({ file, sequences }, i) => {
    if (file !== shardName(i)) find('names', `shard_files[${i}].file is ${file}`, shardName(i))
    const max = infos[0]!.sequences
    const isLast = i === infos.length - 1
    if (isLast ? sequences > max : sequences !== max) {
      const expected = isLast ? `at most ${max}` : `${max}`
      find('sums', `shard_files[${i}].sequences is ${sequences}`, `${expected}, as in the first shard`)
    }
  })
  return findings
}
