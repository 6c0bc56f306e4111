import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { SluiceError } from '../../../lib/errors.ts'
import { documentIds } from '../../../lib/packing/document-id.ts'
import { type ShardFile, readShardHeader } from '../../../lib/shards/reader.ts'
import { type ShardedStats, type StatsFile, readStats } from '../../../lib/shards/stats.ts'
import { refuseChanged } from '../../../lib/verify/unchanged.ts'
import type { MixSettings } from '../../manifest/mix-schema.ts'

/** A component that documents are drawn from: its shards, and what is requested of it. */
export interface MixSource {
  readonly name: string
  /** Tells it from the others in the keys of documents: the xxHash64 of its name. */
  readonly key: bigint
  /** Null where shares follow the sizes. */
  readonly share: number | null
  readonly maxEpochs: number | null
  readonly stats: ShardedStats
  readonly shards: readonly ShardFile[]
  /** The files with the shards' documents, in the same order. */
  readonly documents: readonly string[]
}

/** The path of a manifest, and the names of its components. */
interface Named {
  readonly path: string
  readonly datasets: ReadonlyArray<{ readonly name: string }>
}

/** What a manifest requests of a source. */
interface Requested {
  readonly share: number | null
  readonly max_epochs: number | null
}

/** What all sources of a mixture have in common. */
const SAME = ['tokenizer_sha256', 'seq_len', 'dtype', 'eos_id', 'vocab_size'] as const

/**
 * Finds the shards of a mixture's sources.
 *
 * @param statsPath the stats file of the run that made them
 * @throws SluiceError `ERR_STATS` when a source has no shards, or ones that can't be mixed with the others;
 *   `ERR_VERIFY` when shards have changed; `ERR_SHARD`
 */
export async function findSources (
  { path, datasets }: Named, { sources }: MixSettings, statsPath: string
): Promise<MixSource[]> {
  if (!existsSync(statsPath)) {
    throw new SluiceError('ERR_STATS', `${statsPath}: is not there, so there are no shards of components; ` +
      `run sluice process-mixture ${path} first`)
  }
  const stats = await readStats(statsPath)
  const hash = await documentIds()
  const named: Readonly<Record<string, Requested>> =
    sources ?? Object.fromEntries(datasets.map(({ name }) => [name, { share: null, max_epochs: null }]))
  const found: MixSource[] = []
  // In the order of the manifest: an object has integer-like names first.
  for (const { name } of datasets) {
    const { share, max_epochs: maxEpochs } = named[name] ?? { share: 0, max_epochs: null }
    if (share === 0 || (share === null && isEmpty(stats, name))) continue
    const component = componentOf(stats, name, path)
    await checkShards(component, statsPath)
    const { output_dir: folder, shard_files: files } = component
    const shards: ShardFile[] = []
    for (const { file } of files) shards.push(await readShardHeader(join(folder, file)))
    const documents = files.map(({ documents }) => join(folder, documents!.file))
    found.push({ name, key: hash(name), share, maxEpochs, stats: component, shards, documents })
  }
  if (found.length === 0) {
    throw new SluiceError('ERR_STATS', `${statsPath}: no component has a sequence, so there are no shards to mix`)
  }
  checkSame(found.map(({ stats }) => stats), statsPath)
  return found
}

/** Whether a component was made, and has no sequence. */
function isEmpty ({ components }: StatsFile, name: string): boolean {
  return components.find(component => component.name === name)?.shards === 0
}

function componentOf ({ path, components, failed }: StatsFile, name: string, manifest: string): ShardedStats {
  const component = components.find(component => component.name === name)
  if (component !== undefined && component.shards > 0) return component
  const why = component !== undefined ? 'has no sequence' : failed.includes(name) ? 'failed' : 'is not in it'
  const advice = component !== undefined
    ? 'remove it from mixture.sources'
    : `run sluice process-mixture ${manifest} first`
  throw new SluiceError('ERR_STATS', `${path}: component ${name} ${why}, so there are no shards to mix; ${advice}`)
}

/** @throws SluiceError when shards are missing, were changed, or have no file with their documents */
async function checkShards (component: ShardedStats, statsPath: string): Promise<void> {
  const { name, format = 'npy', shard_files: files } = component
  if (format !== 'npy') {
    throw new SluiceError('ERR_STATS', `${statsPath}: the shards of ${name} are in format ${format}, and a mixture ` +
      'draws documents from npy shards: make them with format: npy, and set format in mixture')
  }
  if (component.packing === 'best_fit') {
    throw new SluiceError('ERR_STATS', `${statsPath}: the shards of ${name} were packed by best_fit, which cuts ` +
      'documents; a mixture packs anew: make them with packing: concat, and set packing in mixture')
  }
  const without = files.find(({ documents }) => documents === undefined)
  if (without !== undefined) {
    throw new SluiceError('ERR_STATS', `${statsPath}: the shards of ${name} were made by an earlier version, which ` +
      'did not write where documents begin; make them again with --restart')
  }
  await refuseChanged(component, { statsPath, advice: adviceOn(statsPath), quick: true })
}

function adviceOn (statsPath: string): string {
  return `run sluice verify ${statsPath}, and make them again`
}

/**
 * Compares the SHA-256 of each file of the sources' shards with their stats.
 *
 * @throws SluiceError `ERR_VERIFY` when one was changed; `ERR_ABORTED`
 */
export async function checkBytes (
  sources: readonly MixSource[], statsPath: string, signal: AbortSignal | undefined
): Promise<void> {
  for (const { stats } of sources) await refuseChanged(stats, { statsPath, advice: adviceOn(statsPath), signal })
}

/** @throws SluiceError `ERR_STATS` when shards can't be mixed: they differ in their tokenizer, sequences or type */
export function checkSame ([first, ...others]: readonly ShardedStats[], statsPath: string): void {
  for (const other of others) {
    const key = SAME.find(key => other[key] !== first![key])
    if (key === undefined) continue
    throw new SluiceError('ERR_STATS', `${statsPath}: ${other.name} has ${key} ${other[key]}, and ${first!.name} ` +
      `has ${first![key]}; a mixture needs the same for all sources: make the shards of one of them again`)
  }
}
