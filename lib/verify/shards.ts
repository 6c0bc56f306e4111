import { extname, join } from 'node:path'
import type { DocumentHashes } from './document-hashes.ts'
import { SluiceError, reasonOf } from '../errors.ts'
import { isFlat, otherFormat } from '../shards/formats/formats.ts'
import { documentsName, isShardFile, namesIn, shardName } from '../shards/names.ts'
import type { ShardedStats } from '../shards/stats.ts'
import { listFindings, verifyAnyShard } from './format-shard.ts'
import type { Find, ShardFinding } from './shard-task.ts'
import type { ShardVerdict } from './shard.ts'
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
  readonly onDocuments?: ((documents: DocumentHashes) => Promise<void>) | undefined
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
  infos.forEach((info, i) => {
    for (const { file = info.file, ...finding } of verdicts[i]!.findings) find(join(folder, file), finding)
  })
  const paddings = verdicts.map(({ padding }) => padding)
  const padding = paddings.reduce((sum, padding) => sum === null || padding === null ? null : sum + padding, 0)
  const { padding_tokens: expected = 0 } = stats
  if (padding !== null && padding !== expected) {
    const found = `${component}: padding_tokens is ${expected}`
    find(options.statsPath, { check: 'sums', found, expected: `${padding}, the sum over the shards` })
  }
  const listed = new Set(infos.flatMap(({ file, documents, index }) => [file, documents?.file, index?.file]))
  const extension = extname(infos[0]?.file ?? shardName(0))
  // A training loader reads every file of the format in a folder.
  const isRead = (name: string): boolean => name.endsWith(extension) || isShardFile(name)
  for (const name of [...names].filter(name => isRead(name) && !listed.has(name)).sort()) {
    if (name.endsWith('.docs')) {
      const expected = 'documents of listed shards only'
      find(join(folder, name), { check: 'unlisted', found: 'is there', expected })
      continue
    }
    const expected = `no ${extension} file but the ${infos.length} of the stats`
    find(join(folder, name), { check: 'unlisted', found: 'is there', expected })
  }
  const list = stats.index === undefined ? folder : join(folder, stats.index.file)
  for (const finding of await listFindings(stats)) find(list, finding)
  return findings
}

type ShardFindings = Pick<ShardVerdict, 'findings' | 'padding'>

/** The findings of each shard. @throws SluiceError `ERR_ABORTED` when the signal has fired */
async function verdictsOf (
  stats: ShardedStats, names: ReadonlySet<string>, options: VerifyShardsOptions
): Promise<readonly ShardFindings[]> {
  const { quick = false, signal, onDocuments } = options
  const verifier = options.verifier ?? { add: task => ({ take: () => verifyAnyShard(task, signal) }) }
  const { shard_files: infos, ...component } = stats
  try {
    signal?.throwIfAborted()
    const shards = infos.length
    const verdicts = infos.map((info, index) =>
      names.has(info.file) ? verifier.add({ component, info, index, shards, quick }) : null)
    const found: ShardFindings[] = []
    for (const [i, verdict] of verdicts.entries()) {
      if (verdict === null) {
        const expected = `a shard of ${infos[i]!.bytes} bytes`
        found.push({ findings: [{ check: 'missing', found: 'is not there', expected }], padding: null })
        continue
      }
      const { findings, documents, padding } = await verdict.take()
      if (documents !== null) await onDocuments?.(documents)
      found.push({ findings, padding })
    }
    return found
  } catch (cause) {
    if (signal?.aborted === true) throw new SluiceError('ERR_ABORTED', `${stats.name}: stopped`, { cause })
    throw cause
  }
}

/** The contradictions within stats. */
function sumsOf (stats: ShardedStats, file: string): Finding[] {
  const { name: component, seq_len: seqLen, format = 'npy', shard_files: infos } = stats
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
  const { padding_tokens: padding = 0 } = stats
  const ids = stats.sequences * seqLen + stats.tail_tokens - padding
  const without = padding === 0 ? '' : ' - padding_tokens'
  const written = infos.reduce((sum, { tokens = 0 }) => sum + tokens, 0)
  if (isFlat(format)) same('tokens', stats.tokens, written, 'the sum over shard_files')
  else same('tokens', stats.tokens, ids, `which is sequences * seq_len + tail_tokens${without}`)
  const isOfOneSource = stats.order !== 'shuffled' // each source of a mixture has a tail
  if (isOfOneSource && stats.tail_tokens >= seqLen) {
    find('sums', `tail_tokens is ${stats.tail_tokens}`, `less than seq_len, ${seqLen}`)
  }
  infos.forEach(({ file, sequences, documents }, i) => {
    const expected = format === 'npy' ? shardName(i) : otherFormat(format).fileName(i)
    if (file !== expected) find('names', `shard_files[${i}].file is ${file}`, expected)
    if (format === 'npy' && documents !== undefined && documents.file !== documentsName(file)) {
      find('names', `shard_files[${i}].documents.file is ${documents.file}`, documentsName(file))
    }
    const max = infos[0]!.sequences
    const isLast = i === infos.length - 1
    if (isLast ? sequences > max : sequences !== max) {
      const expected = isLast ? `at most ${max}` : `${max}`
      find('sums', `shard_files[${i}].sequences is ${sequences}`, `${expected}, as in the first shard`)
    }
  })
  return findings
}
