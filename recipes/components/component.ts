import { join, relative } from 'node:path'
import { SluiceError, maskCredentials } from '../../lib/errors.ts'
import { removeCheckpoint } from '../../lib/output/checkpoint.ts'
import { LineWriter } from '../../lib/output/line-writer.ts'
import { maxId } from '../../lib/shards/npy.ts'
import type { ShardedStats } from '../../lib/shards/stats.ts'
import { refuseShards } from '../../lib/shards/writer.ts'
import type { Encoder } from '../../lib/tokenizer/tokenizer.ts'
import { verifyShards } from '../../lib/verify/shards.ts'
import { npySink } from '../../sinks/npy.ts'
import { encode, endOfSentence } from '../../transforms/encode.ts'
import { pack } from '../../transforms/pack.ts'
import { type DocumentCounts, countsOf } from '../flow/counts.ts'
import { type ReadOptions, documentSettings, documentsOf, idSettings, passedIn, withFiles } from '../flow/documents.ts'
import { type RunOptions, runFlow } from '../flow/flow.ts'
import { type Rejects, keepingRejects, refuseForeignRejects } from '../flow/rejects.ts'
import { tee } from '../flow/tee.ts'
import { type FlowPart, type ThreadedFlow, withThreadedFlow } from '../flow/workers/threaded-flow.ts'
import type { ThreadOptions } from '../flow/workers/threads.ts'
import { CHECKPOINT_EVERY, Checkpoints } from '../jobs/checkpoints.ts'
import { type Check, type Job, type JobOptions, type JobPlan, type JobStatus, canResume, runJob, statusOf, withLocks, workingFiles } from '../jobs/job.ts'
import { remaking } from '../jobs/remake.ts'
import type { Component } from '../manifest/schema.ts'
import { provenanceFiles } from '../provenance/write.ts'
import { secondsSince } from '../text.ts'
import { checkpointIn, copyIn, writtenFiles } from './paths.ts'
import { pull } from './pull.ts'
import { documentsPlan } from './write-documents.ts'

export interface ShardOptions extends RunOptions, ReadOptions, JobOptions, ThreadOptions {
  readonly tokenizer: Encoder
  /** Delete the shards of another run in the output folder. @default false */
  readonly overwrite?: boolean
  /** Whether finished shards of other settings or inputs are refused, and not made again, without `overwrite`. @default false */
  readonly keepOutdated?: boolean
  /** Documents between two checkpoints at most. @default 10,000 */
  readonly checkpointEvery?: number
  /** Whether the shards of a finished component are hashed, before they are taken for what they were. @default false */
  readonly verify?: boolean
}

/** What has come of a component, as stats files have it; its shards are told of as `verify` reads it. */
export interface ComponentStats extends DocumentCounts, ShardedStats {
  readonly dataset: string
  readonly subset: string | null
  readonly split: string
  readonly license: string | null
  readonly data_files: string | readonly string[]
  /** Of a dataset on the Hub. */
  readonly commit?: string
  /** Documents encoded. */
  readonly records: number
  readonly eos_id: number
  /** Of the model's file, as it was given; absent where the tokenizer is none of a file. */
  readonly tokenizer_path?: string
  readonly seconds: number
  /** When `verify` found the shards as these stats say; absent until then. */
  readonly verified_at_utc?: string
}

/** @throws SluiceError `ERR_TOKENIZER` when a component can't be written with this tokenizer */
export function checkFit ({ name, eosId, dtype }: Component, tokenizer: Encoder): void {
  endOfSentence(tokenizer, eosId)
  if (tokenizer.vocabSize - 1 > maxId(dtype)) throw new SluiceError('ERR_TOKENIZER', `component ${name}: ${dtype} holds ids up to ${maxId(dtype)}, the tokenizer has ${tokenizer.vocabSize} pieces; use uint32 or int32`)
}

/**
 * Reads, filters, encodes, packs and writes one component of a mixture, from where a run before has left off; one that is
 * finished is not done again.
 *
 * @throws SluiceError as its stages do, and as `runJob`; what the last checkpoint tells of stays
 */
export async function shardComponent (component: Component, options: ShardOptions): Promise<ComponentStats> {
  checkFit(component, options.tokenizer)
  const pulled = component.rawDir === null ? null : await pullRaw(component, options)
  const read = pulled?.component ?? await withFiles(component)
  const outputs = filesBeside(component)
  const folder = component.outputDir
  const plan = shardPlan(component, read, options)
  const make = (job: Job | null, into: string): Promise<ComponentStats> => keepingRejects(component.rejects,
    rejects => shardInto({ ...component, outputDir: into }, read, { ...options, pulled: pulled?.counts ?? null }, rejects, job), { resumable: job !== null })

  if (!await canResume(read.dataFiles, outputs)) {
    options.onStatus?.({ is: 'new' })
    return await withLocks([plan.path, ...outputs], async () => {
      if (options.overwrite !== true) await refuseShards(folder)
      await removeCheckpoint(plan.path) // what it tells of is replaced
      return await make(null, folder)
    })
  }
  const stats = await runJob(plan, options, shardCheck(folder, options), async job => {
    if (options.overwrite !== true && (job.begins || (job.isOutdated && options.keepOutdated === true))) await refuseShards(folder)
    const again = await remaking(folder)
    const made = job.isOutdated || (job.resumesNothing && again.isBegun)
      ? await again.make(next => runJob({ ...plan, path: checkpointIn(next), beside: [] }, {}, () => Promise.resolve([]), async job => {
        const made = await make(job, next)
        await job.finish(made, outputs)
        return made
      }), job.begin)
      : await make(job, folder)
    await job.finish(made, outputs)
    await again.clear()
    return made
  })
  const { path: tokenizerPath } = options.tokenizer
  return { ...stats, ...described(component), output_dir: folder, ...(tokenizerPath !== undefined && { tokenizer_path: tokenizerPath }) }
}

/** How the jobs of a component stand, the copy to `raw_dir` first. */
export interface ComponentStatus {
  readonly pull: JobStatus | null
  readonly shards: JobStatus
}

/** How a component stands. @throws SluiceError as `statusOf` */
export async function componentStatus (component: Component, options: ShardOptions): Promise<ComponentStatus> {
  const pull = component.rawDir === null ? null : await statusOf(documentsPlan(rawComponent(component), copyIn(component.rawDir, component.name), options))
  if (pull !== null && pull.is !== 'finished') return { pull, shards: { is: 'new', why: 'its raw copy is not there yet, or is made again' } }
  const read = component.rawDir === null ? await withFiles(component) : readingFrom(component, copyIn(component.rawDir, component.name))
  if (!await canResume(read.dataFiles, filesBeside(component))) return { pull, shards: { is: 'new' } }
  return { pull, shards: await statusOf(shardPlan(component, read, options), shardCheck(component.outputDir, options)) }
}

/** The job that makes a component's shards out of documents that are read as `read` says. */
function shardPlan (component: Component, read: Component, options: ShardOptions): JobPlan {
  const { name, outputDir, seqLen, sequencesPerShard, dtype, eosId, filteredDir, rejects } = component
  const { tokenizer } = options
  return {
    name,
    path: checkpointIn(outputDir),
    settings: {
      name,
      ...documentSettings(read, options),
      seq_len: seqLen,
      sequences_per_shard: sequencesPerShard,
      dtype,
      eos_id: endOfSentence(tokenizer, eosId),
      tokenizer_sha256: tokenizer.sha256,
      ...(filteredDir !== null || rejects !== null ? idSettings(read) : {}),
      filtered_dir: filteredDir && relative(outputDir, filteredDir),
      rejects: rejects && relative(outputDir, rejects)
    },
    inputs: read.dataFiles,
    beside: filesBeside(component)
  }
}

/** Looks at the shards that a finished job has made; a file that is none of them doesn't make them worse. */
function shardCheck (folder: string, { verify = false, signal }: ShardOptions): Check {
  return async result => {
    const findings = await verifyShards({ ...result as ComponentStats, output_dir: folder }, { statsPath: checkpointIn(folder), quick: !verify, signal })
    return findings.filter(({ check }) => check !== 'unlisted').map(({ file, found, expected }) => `${file}: ${found}, expected ${expected}`)
  }
}

async function shardInto (component: Component, read: Component, options: ShardOptions & { readonly pulled: DocumentCounts | null }, rejects: Rejects | null, job: Job | null): Promise<ComponentStats> {
  const flow: FlowPart = { component: read, keepsRejects: rejects !== null, wants: component.filteredDir === null ? 'nothing' : 'documents', tokenizer: options.tokenizer }
  return await withThreadedFlow(flow, options, threaded => shardWith(threaded, component, read, options, rejects, job))
}

async function shardWith (threaded: ThreadedFlow | null, component: Component, read: Component, options: ShardOptions & { readonly pulled: DocumentCounts | null }, rejects: Rejects | null, job: Job | null): Promise<ComponentStats> {
  const { tokenizer, overwrite = false, checkpointEvery = CHECKPOINT_EVERY, pulled } = options
  const started = performance.now()
  const { name, seqLen, sequencesPerShard, dtype, eosId, maxRecords } = component
  const resumable = job !== null
  const checkpoints = new Checkpoints({ every: checkpointEvery, save: job?.save ?? null, maxRecords })
  const { source, stages, judge } = documentsOf(read, options, { rejects, barriers: checkpoints, threaded })
  const copy = component.filteredDir === null ? null : new LineWriter(copyIn(component.filteredDir, name), { resumable })
  if (copy !== null) stages.push(tee(copy))
  const encodedFlow = threaded?.encodes === true ? threaded : null
  const encoding = encodedFlow?.encoded() ?? encode({ tokenizer, eosId })
  const packing = encodedFlow?.packed({ seqLen }) ?? pack({ seqLen })
  const beforeFirst = job?.begins === true ? job.begin : undefined // killed behind the first shard, it is to know it for its own
  const sink = npySink(component.outputDir, { seqLen, sequencesPerShard, dtype, vocabSize: tokenizer.vocabSize, overwrite: overwrite || job?.replaces === true, resumable, beforeFirst })
  try {
    checkpoints.begin({
      source,
      stages: [...stages, judge, encoding, packing],
      outputs: [sink, copy, rejects].filter(output => output !== null),
      finished: () => sink.filled
    }, job?.flow ?? null, passedIn(stages))
    await runFlow({ name, source, tokens: () => packing.stats.tokens, checkpoints }, [...stages, judge, encoding, packing, sink], options)
    await copy?.commit()
  } catch (error) {
    await copy?.abandon()
    throw error
  }
  const { tokens, tail } = packing.stats
  const { shards } = sink.stats
  const counts = countsOf(source, stages, [encoding, packing, sink])
  return {
    name,
    ...described(component),
    records: packing.stats.in,
    sequences: sink.stats.out,
    tokens,
    shards: shards.length,
    output_dir: component.outputDir,
    tail_tokens: tail,
    seq_len: seqLen,
    dtype,
    eos_id: endOfSentence(tokenizer, eosId),
    vocab_size: tokenizer.vocabSize,
    tokenizer_sha256: tokenizer.sha256,
    ...(tokenizer.path !== undefined && { tokenizer_path: tokenizer.path }),
    ...(pulled === null ? counts : behindPull(pulled, counts)),
    shard_files: shards,
    seconds: job?.seconds ?? secondsSince(started)
  }
}

/** What of a component is only noted in its stats; without passwords. */
function described (component: Component): ReturnType<typeof description> {
  return JSON.parse(maskCredentials(JSON.stringify(description(component)))) as ReturnType<typeof description>
}

function description ({ dataset, subset, split, license, dataFiles, hub }: Component): Pick<ComponentStats, 'dataset' | 'subset' | 'split' | 'license' | 'data_files' | 'commit'> {
  if (hub === undefined) return { dataset, subset, split, license, data_files: dataFiles }
  return { dataset, subset: hub.subset, split: hub.split, license: license ?? (hub.license.length === 0 ? null : hub.license.join(', ')), data_files: hub.dataFiles ?? `hf://datasets/${dataset}@${hub.commit}`, commit: hub.commit }
}

/** The counts of documents that went through a copy: of its records as they were read first, where the bad ones were met. */
function behindPull (pulled: DocumentCounts, counts: DocumentCounts): DocumentCounts {
  const source = pulled.stages[0]!
  return {
    ...counts,
    read: pulled.read,
    bytes: pulled.bytes,
    dropped: { ...pulled.dropped, ...counts.dropped },
    stages: [source, ...counts.stages.slice(1)]
  }
}

/** Copies a component's documents, as they are, to a folder, unless they are there: the component that reads them from there, and the counts of the source that read them first, which knows of the bad ones. */
async function pullRaw (component: Component, options: ShardOptions): Promise<{ component: Component, counts: DocumentCounts }> {
  const path = copyIn(component.rawDir!, component.name)
  const { checkpointEvery = CHECKPOINT_EVERY } = options
  const counts = await pull(rawComponent(component), path, { ...options, checkpointEvery, keep: true })
  return { component: readingFrom(component, path), counts }
}

function rawComponent (component: Component): Component {
  const rejects = component.rejects === null ? null : join(component.rawDir!, `${component.name}.rejects.ndjson`)
  return { ...component, name: `${component.name} (pull)`, filters: [], expect: null, maxRecords: null, rejects }
}

function readingFrom (component: Component, path: string): Component {
  return { ...component, dataset: 'json', textColumn: 'text', dataFiles: path, sourceOptions: {}, hub: undefined }
}

/** All files that a component writes beside its shards: copies of its documents and rejects, where it asks for that, and what is there while it is under way. */
export function filesOf (component: Component): string[] {
  const raw = component.rawDir === null ? [] : writtenFiles(copyIn(component.rawDir, component.name), rawComponent(component).rejects)
  const beside = filesBeside(component)
  return [...raw, ...beside, ...workingFiles(checkpointIn(component.outputDir), beside)]
}

/** Files that a component writes, and others may write as well, one after the other. */
export function sharedFilesOf ({ rawDir, name }: Component): string[] {
  return rawDir === null ? [] : provenanceFiles(copyIn(rawDir, name))
}

/** @throws SluiceError `ERR_OUTPUT_EXISTS` when a file of a component would replace one of another kind */
export async function refuseForeignIn (component: Component): Promise<void> {
  if (component.rawDir !== null) await refuseForeignRejects(rawComponent(component).rejects)
  await refuseForeignRejects(component.rejects)
}

/** Those that are written together with the shards. */
function filesBeside ({ name, filteredDir, rejects }: Component): string[] {
  return [...(filteredDir === null ? [] : [copyIn(filteredDir, name)]), ...(rejects === null ? [] : [rejects])]
}
