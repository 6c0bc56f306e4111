import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Sequence } from '../../../lib/document.ts'
import { SluiceError } from '../../../lib/errors.ts'
import { sha256OfFile } from '../../../lib/hash.ts'
import { makeFolder, writing } from '../../../lib/output/output.ts'
import type { Packer } from '../../../lib/packing/packing.ts'
import { packerOf } from '../../../lib/packing/packer.ts'
import type { FileInfo } from '../../../lib/shards/formats/format.ts'
import { isFlat } from '../../../lib/shards/formats/formats.ts'
import type { AnyShard } from '../../../lib/shards/stats.ts'
import type { Encoder } from '../../../lib/tokenizer/tokenizer.ts'
import { packingOf } from '../../components/packing.ts'
import { sinkOf } from '../../components/shard-output.ts'
import type { FoundComponent } from '../../manifest/found.ts'
import { claim, commitMarker } from './commit.ts'
import type { Decision } from './decide.ts'
import type { KeptDocuments } from './kept.ts'
import type { ShardStart } from './layout.ts'
import { attemptFolder, shardMarker, stagingOf } from './places.ts'
import { refuseAborted, storedDtype } from './map.ts'
import { type StoredTokens, tokensFrom } from './stored-tokens.ts'
import type { StoredUnit } from './unit-reader.ts'

/** The marker of a shard that a pack task has written. */
export interface ShardMarker {
  readonly attempt: string
  readonly shard: AnyShard
}

/** What pack tasks of a component read. */
export interface PackSource {
  readonly component: FoundComponent
  readonly tokenizer: Encoder
  readonly units: readonly StoredUnit[]
  readonly kept: KeptDocuments
  readonly decision: Pick<Decision, 'starts' | 'items'>
}

/** Where shards go, and by whom. */
export interface PackTarget {
  /** The folder of the plan. */
  readonly folder: string
  /** Of the component in the manifest. */
  readonly index: number
  readonly attempt: string
}

/**
 * Writes some shards of a component, one after another, and commits each.
 *
 * @param first number of the first one @param end of the one after the last
 * @throws SluiceError `ERR_PLAN` when another attempt has written another shard, or a unit has changed; `ERR_OUTPUT`
 */
export async function packShards (
  source: PackSource, target: PackTarget, [first, end]: readonly [first: number, end: number], signal?: AbortSignal
): Promise<void> {
  const { component } = source
  const staging = stagingOf(component.outputDir)
  const own = attemptFolder(staging, target.attempt)
  await writing(own, () => makeFolder(own))
  const items = itemsFrom(source, source.decision.starts[first]!)
  try {
    for (let shard = first; shard < end; shard++) {
      refuseAborted(component.name, signal)
      await packShard({ source, target, items, own, staging }, shard)
    }
  } finally {
    await items.return(undefined)
    await rm(own, { recursive: true, force: true })
  }
}

interface Packing {
  readonly source: PackSource
  readonly target: PackTarget
  readonly items: AsyncGenerator<Sequence | StoredTokens>
  /** The folder of this attempt. */
  readonly own: string
  readonly staging: string
}

async function packShard ({ source, target, items, own, staging }: Packing, shard: number): Promise<void> {
  const { component, tokenizer } = source
  const { folder, index, attempt } = target
  const sink = sinkOf(own, component, tokenizer, { overwrite: true, resumable: false, first: shard })
  await pipeline(Readable.from(ofOneShard(items, source, shard)), sink)
  const info = sink.stats.shards[0]!
  for (const { file, sha256 } of filesOf(info)) {
    const to = join(staging, file)
    if (await claim(join(own, file), to) || await sha256OfFile(to) === sha256) continue
    const mistake = `${to}: differs from what attempt ${attempt} has written, so a task has read something else`
    throw new SluiceError('ERR_PLAN', `${mistake}; delete the folder of the plan and ${staging}, and plan again`)
  }
  for (const name of await readdir(own)) await rm(join(own, name), { force: true }) // a list of shards
  await commitMarker<ShardMarker>(shardMarker(folder, index, shard), { attempt, shard: info }, attempt)
}

/** The files of a shard, it last. */
export function filesOf (shard: AnyShard): FileInfo[] {
  const { documents, index } = shard as { readonly documents?: FileInfo, readonly index?: FileInfo }
  return [documents, index, shard].filter(file => file !== undefined)
}

/** The items of a shard: sequences, or the documents of a flat format. */
async function * ofOneShard (
  items: AsyncGenerator<Sequence | StoredTokens>, { decision }: PackSource, shard: number
): AsyncGenerator<Sequence | StoredTokens> {
  const { starts, items: all } = decision
  let left = (starts[shard + 1]?.item ?? all) - starts[shard]!.item
  while (left-- > 0) {
    const next = await items.next()
    if (next.done === true) return
    yield next.value
  }
}

/** The items from where a shard begins. */
async function * itemsFrom (source: PackSource, start: ShardStart): AsyncGenerator<Sequence | StoredTokens> {
  const { component, tokenizer } = source
  const documents = tokensFrom(source.units, source.kept, start, storedDtype(tokenizer))
  if (isFlat(component.format)) yield * documents
  else yield * sequencesOf(documents, packerOf(packingOf(component, tokenizer)), start.skip)
}

async function * sequencesOf (
  documents: AsyncIterable<StoredTokens>, packer: Packer<unknown>, skip: number
): AsyncGenerator<Sequence> {
  let skipped = 0
  let made: Sequence[] = []
  const push = (sequence: Sequence): void => {
    if (skipped < skip) skipped++
    else made.push(sequence)
  }
  for await (const { ids, idHash, first } of documents) {
    packer.add(ids, push, idHash, first)
    if (made.length === 0) continue
    yield * made
    made = []
  }
  packer.finish(push)
  yield * made
}
