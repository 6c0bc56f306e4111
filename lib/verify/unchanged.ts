import { join } from 'node:path'
import { SluiceError, reasonOf } from '../errors.ts'
import { sha256OfFile } from '../hash.ts'
import type { ShardedStats } from '../shards/stats.ts'
import { type Finding, verifyShards } from './shards.ts'

interface Unchanged {
  /** For findings about stats that contradict themselves. */
  readonly statsPath: string
  /** What a user does about a difference. */
  readonly advice: string
  /** Compares names, sizes and headers only. @default false */
  readonly quick?: boolean
  readonly signal?: AbortSignal | undefined
}

/**
 * Compares the files of a component with its stats: names, sizes and headers, then the SHA-256 of each shard and of the
 * files that belong to it. Ids aren't checked, as those of a file with the same SHA-256 are the same.
 *
 * @throws SluiceError `ERR_VERIFY` when a file is missing or has changed, `ERR_ABORTED`
 */
export async function refuseChanged (
  component: ShardedStats, { statsPath, advice, quick = false, signal }: Unchanged
): Promise<void> {
  const findings = await verifyShards(component, { statsPath, quick: true, signal })
  const [finding, ...more] = quick || findings.length > 0 ? findings : await otherHashes(component, signal)
  if (finding === undefined) return
  const { file, found, expected } = finding
  const others = more.length === 0 ? '' : `; ${more.length} more ${more.length === 1 ? 'finding' : 'findings'}`
  throw new SluiceError('ERR_VERIFY', `${file}: ${found}, expected ${expected}${others}; ${advice}`)
}

/** The files of a component with another SHA-256 than in its stats. */
async function otherHashes (
  { name: component, output_dir: folder, shard_files: shards }: ShardedStats, signal: AbortSignal | undefined
): Promise<Finding[]> {
  const findings: Finding[] = []
  const files = shards.flatMap(shard => [shard, shard.documents ?? [], shard.index ?? []].flat())
  for (const { file: name, sha256: expected } of files) {
    const file = join(folder, name)
    const hash = await sha256OfFile(file, signal).catch((cause: unknown) => {
      if (signal?.aborted === true) throw new SluiceError('ERR_ABORTED', `${component}: stopped`, { cause })
      throw new SluiceError('ERR_FILES', `${file}: ${reasonOf(cause)}`, { cause })
    })
    if (hash !== expected) findings.push({ component, check: 'sha256', file, found: `has SHA-256 ${hash}`, expected })
  }
  return findings
}
