import { removeCheckpoint } from '../../lib/output/checkpoint.ts'
import { refuseShards } from '../../lib/shards/shard-folder.ts'
import { removeKeptKeys, removeKeys } from '../flow/global-dedup.ts'
import { CHECKPOINT_EVERY } from '../jobs/checkpoints.ts'
import { type Check, type Job, type JobStatus, canResume, runJob, statusOf, withLocks } from '../jobs/job.ts'
import { remaking } from '../jobs/remake.ts'
import type { FoundComponent } from '../manifest/found.ts'
import { type ComponentStats, described } from './component-stats.ts'
import { filesWithShards } from './files.ts'
import { makeShards } from './make-shards.ts'
import { checkpointIn, copyIn, keptKeysOf, keysIn } from './paths.ts'
import { pull } from './pull.ts'
import { type ShardJob, type ShardOptions, checkFit, copiedJob, pullJob, shardCheck, shardJob } from './shard-job.ts'
import { documentsPlan } from './write-documents.ts'

/**
 * Reads, filters, encodes, packs and writes one component of a mixture. Resumes from the last checkpoint; a finished
 * component is skipped.
 *
 * @throws SluiceError as its stages do, and as `runJob`; output that the last checkpoint covers is kept
 */
export async function shardComponent (component: FoundComponent, options: ShardOptions): Promise<ComponentStats> {
  checkFit(component, options.tokenizer)
  const shards = component.rawDir === null
    ? shardJob(component, component, null, options)
    : await pulledJob(component, copyIn(component.rawDir, component.name), options)
  const check = shardCheck(shards, options)
  const checkFinished: Check = async result => {
    await removeOldKeys(component) // of a run that was killed after its last checkpoint
    return await check(result)
  }
  const stats = await canResume(shards.read.files, shards.outputs)
    ? await runJob(shards.plan, options, checkFinished, job => resumeShards(shards, job, options))
    : await makeOnce(shards, options)
  return describedStats(component, stats, options.tokenizer)
}

/** The stats of a component with its fields that stats repeat. */
export function describedStats (
  component: FoundComponent, stats: ComponentStats, { path }: ShardOptions['tokenizer']
): ComponentStats {
  return {
    ...stats,
    ...described(component),
    output_dir: component.outputDir,
    ...(path !== undefined && { tokenizer_path: path })
  }
}

/** Copies a component's documents unchanged, unless the copy exists; its shards are made from the copy. */
async function pulledJob (component: FoundComponent, path: string, options: ShardOptions): Promise<ShardJob> {
  const { checkpointEvery = CHECKPOINT_EVERY } = options
  const pulled = await pull(pullJob(component), path, { ...options, checkpointEvery, keep: true })
  return shardJob(component, await copiedJob(component, path), pulled, options)
}

/** Makes shards of an input that can be read only once. */
async function makeOnce (shards: ShardJob, options: ShardOptions): Promise<ComponentStats> {
  const { component: { outputDir: folder }, plan, outputs } = shards
  options.onStatus?.({ is: 'new' })
  return await withLocks([plan.path, ...outputs], async () => {
    if (options.overwrite !== true) await refuseShards(folder)
    await removeCheckpoint(plan.path) // the output that it describes is replaced
    return await makeShards(shards, { folder, job: null }, options)
  }, options)
}

/** Makes shards from where the job resumes: in place, or in a separate folder while the existing ones are valid. */
async function resumeShards (shards: ShardJob, job: Job, options: ShardOptions): Promise<ComponentStats> {
  const { component: { outputDir: folder }, outputs } = shards
  const { overwrite = false, keepOutdated = false } = options
  if (!overwrite && (job.begins || (job.isOutdated && keepOutdated))) await refuseShards(folder)
  const again = await remaking(folder)
  const made = job.isOutdated || (job.resumesNothing && again.isStarted)
    ? await again.make(next => makeNext(shards, next, options), job.begin)
    : await makeShards(shards, { folder, job }, options)
  await job.finish(made, outputs)
  await removeOldKeys(shards.component)
  await again.clear()
  return made
}

/** Deletes the keys that are not needed any more once a component is finished. */
async function removeOldKeys (component: FoundComponent): Promise<void> {
  await removeKeys(keysIn(component.outputDir))
  if (component.dedup?.scope !== 'mixture') await removeKeptKeys(keptKeysOf(component))
}

/** Makes shards in a separate folder, from which they will replace the existing ones: a job with its own checkpoint. */
async function makeNext (shards: ShardJob, folder: string, options: ShardOptions): Promise<ComponentStats> {
  const plan = { ...shards.plan, path: checkpointIn(folder), alsoLocked: [] }
  const { startsOver, takeover, signal } = options
  return await runJob(plan, { startsOver, takeover, signal }, () => Promise.resolve([]), async job => {
    const made = await makeShards(shards, { folder, job }, options)
    await job.finish(made, shards.outputs)
    await removeKeys(keysIn(folder))
    return made
  })
}

/** The status of a component's jobs; `pull` is the copy to `raw_dir`, null without one. */
export interface ComponentStatus {
  readonly pull: JobStatus | null
  readonly shards: JobStatus
}

/** @throws SluiceError as `statusOf` */
export async function componentStatus (component: FoundComponent, options: ShardOptions): Promise<ComponentStatus> {
  const copy = component.rawDir === null ? null : copyIn(component.rawDir, component.name)
  const copying = copy === null ? null : documentsPlan(pullJob(component), copy, options)
  const pull = copying === null ? null : await statusOf(copying, undefined, options)
  if (pull !== null && pull.is !== 'finished') {
    return { pull, shards: { is: 'new', why: 'its raw copy does not exist yet, or is made again' } }
  }
  const read = copy === null ? component : await copiedJob(component, copy)
  if (!await canResume(read.files, filesWithShards(component))) return { pull, shards: { is: 'new' } }
  const shards = shardJob(component, read, null, options)
  return { pull, shards: await statusOf(shards.plan, shardCheck(shards, options), options) }
}
