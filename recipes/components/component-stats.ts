import { maskCredentials } from '../../lib/errors.ts'
import type { ShardedStats } from '../../lib/shards/stats.ts'
import type { DocumentCounts } from '../flow/counts.ts'
import type { FoundComponent } from '../manifest/found.ts'

/** The result of a component, as stats files have it: its documents, and its shards in the form that `verify` reads. */
export interface ComponentStats extends DocumentCounts, ShardedStats {
  readonly dataset: string
  readonly subset: string | null
  readonly split: string
  readonly license: string | null
  readonly data_files: string | readonly string[]
  /** Only for a dataset on the Hub. */
  readonly commit?: string
  /** Documents encoded. */
  readonly records: number
  readonly eos_id: number
  /** The path of the model as it was given; absent if the tokenizer was not loaded from a file. */
  readonly tokenizer_path?: string
  readonly seconds: number
  /** When `verify` last found that the shards match these stats; absent until then. */
  readonly verified_at_utc?: string
}

type Described = Pick<ComponentStats, 'dataset' | 'subset' | 'split' | 'license' | 'data_files' | 'commit'>

/** The fields of a component that its stats only repeat, with credentials masked. */
export function described (component: FoundComponent): Described {
  return JSON.parse(maskCredentials(JSON.stringify(description(component)))) as Described
}

function description ({ dataset, subset, split, license, namedFiles, hub }: FoundComponent): Described {
  if (hub === null) return { dataset, subset, split, license, data_files: namedFiles }
  return {
    dataset,
    subset: hub.subset,
    split: hub.split,
    license: license ?? (hub.license.length === 0 ? null : hub.license.join(', ')),
    data_files: hub.dataFiles ?? `hf://datasets/${dataset}@${hub.commit}`,
    commit: hub.commit
  }
}

/**
 * The counts of documents that were read from a raw copy. The records that were read and the bad ones are those of the
 * job that made the copy.
 */
export function countsWithPull (pulled: DocumentCounts, counts: DocumentCounts): DocumentCounts {
  const source = pulled.stages[0]!
  return {
    ...counts,
    read: pulled.read,
    bytes: pulled.bytes,
    dropped: { ...pulled.dropped, ...counts.dropped },
    stages: [source, ...counts.stages.slice(1)]
  }
}
