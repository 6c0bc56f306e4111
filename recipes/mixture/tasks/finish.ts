import { existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SluiceError, type ErrorCode } from '../../../lib/errors.ts'
import type { FileInfo } from '../../../lib/shards/formats/format.ts'
import { isFlat, rowFormat } from '../../../lib/shards/formats/formats.ts'
import { syncFolder, writing } from '../../../lib/output/output.ts'
import { writeWhole } from '../../../lib/shards/hashed-file.ts'
import type { AnyShard } from '../../../lib/shards/stats.ts'
import { type ComponentStats } from '../../components/component-stats.ts'
import { describedStats, shardComponent } from '../../components/component.ts'
import { shardCheck } from '../../components/shard-job.ts'
import { dtypeOf } from '../../components/shard-output.ts'
import { runJob } from '../../jobs/job.ts'
import { remaking } from '../../jobs/remake.ts'
import type { FoundComponent } from '../../manifest/found.ts'
import { type MakeComponent, processManifest } from '../../process-mixture.ts'
import { attemptName, commitMarker, readMarker } from './commit.ts'
import type { Decision } from './decide.ts'
import type { ShardMarker } from './pack.ts'
import {
  attemptFile, decisionMarker, deleteAttemptFiles, deleteAttempts, deleteStored, finishMarker, shardMarker, stagingOf
} from './places.ts'
import type { TaskComponent, Work } from './work.ts'

/**
 * Ends a plan: moves the shards to their folders, and writes the checkpoints, the stats and the record that
 * `process-mixture` would leave. What tasks have stored is deleted.
 *
 * @throws SluiceError `ERR_PLAN` when a task has not ended; as `processMixture`
 */
export async function finish (work: Work): Promise<void> {
  const { folder, plan, mixture, asked, options, tokenizer } = work
  if (await readMarker(finishMarker(folder)) !== null) {
    await deleteStored(folder) // an earlier attempt may have been killed before that
    return
  }
  const run = { ...options, tokenizer }
  const { record } = await processManifest(mixture, { ...asked, stats: plan.stats }, run, await placing(work))
  await endPlan(folder, await record())
}

/**
 * Places the shards of components that tasks have packed, and makes those of other components.
 *
 * @throws SluiceError `ERR_PLAN` when a task has not ended
 */
export async function placing (work: Work): Promise<MakeComponent> {
  const made = new Map<string, Made>()
  for (const of of work.components) {
    if (of.planned.whole === null) made.set(of.component.name, await madeOf(work, of))
  }
  return async (component, options) => {
    const own = made.get(component.name)
    return own === undefined ? await shardComponent(component, options) : await place(own, options)
  }
}

/** Marks a plan as ended, and deletes what its tasks have stored. @param record the path of the record of the run */
export async function endPlan (folder: string, record: string | null): Promise<void> {
  await commitMarker(finishMarker(folder), { run_record: record }, attemptName())
  await deleteStored(folder)
}

/** A component of which all tasks have ended. */
interface Made {
  readonly of: TaskComponent
  readonly decision: Decision
  readonly shards: readonly AnyShard[]
}

async function madeOf ({ folder }: Work, of: TaskComponent): Promise<Made> {
  const { index, planned: { name } } = of
  const missing = (what: string): never => {
    throw new SluiceError('ERR_PLAN', `${name}: ${what}; run the earlier phases to their end (sluice status ${folder})`)
  }
  const decision = await readMarker<Decision>(decisionMarker(folder, index)) ?? missing('nothing was decided on it')
  const shards: AnyShard[] = []
  for (const shard of decision.starts.keys()) {
    const marker = await readMarker<ShardMarker>(shardMarker(folder, index, shard))
    shards.push(marker?.shard ?? missing(`shard ${shard} of ${decision.starts.length} was not packed`))
  }
  return { of, decision, shards }
}

async function place ({ of, decision, shards }: Made, options: Parameters<MakeComponent>[1]): Promise<ComponentStats> {
  const { component, job: { plan, outputs } } = of
  const { failure, stats, attempt } = decision
  for (const path of outputs) {
    await placeFile(attemptFile(path, attempt), path)
    await deleteAttemptFiles(path)
  }
  if (stats === null) throw new SluiceError(failure!.code as ErrorCode, failure!.message)
  const made = await runJob(plan, options, shardCheck(of.job, options), async job => {
    const again = await remaking(component.outputDir)
    const placed = await again.make(async next => {
      const index = await listOf(component, next, shards, stats.vocab_size)
      return { ...stats, shard_files: [...shards], shards: shards.length, ...(index !== null && { index }) }
    }, job.begin)
    await job.finish(placed, outputs)
    await deleteAttempts(stagingOf(component.outputDir))
    await again.clear()
    return placed
  })
  return describedStats(component, made, options.tokenizer)
}

/** Gives a file of the decision its name. It has it already after a finish that was killed. */
async function placeFile (from: string, to: string): Promise<void> {
  if (!existsSync(from)) return
  await writing(to, async () => {
    await rename(from, to)
    await syncFolder(dirname(to))
  })
}

/** Writes the file that lists the shards, if the format has one. */
async function listOf (
  component: FoundComponent, folder: string, shards: readonly AnyShard[], vocabSize: number
): Promise<FileInfo | null> {
  const { format: name, seqLen } = component
  if (name === 'npy' || isFlat(name)) return null
  const format = rowFormat(name)
  if (format.list === undefined) return null
  const shape = { format, dtype: dtypeOf(component, vocabSize), columns: seqLen }
  return await writeWhole(join(folder, format.list.file), [Buffer.from(format.list.content(shards, shape))])
}
