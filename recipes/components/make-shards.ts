import type { Document, Tokens } from '../../lib/document.ts'
import { LineWriter } from '../../lib/output/line-writer.ts'
import { isFlat } from '../../lib/shards/formats/formats.ts'
import { Stage } from '../../lib/stage/stage.ts'
import { encodeWork } from '../../transforms/encode.ts'
import { type PackStage, packTokens } from '../../transforms/pack.ts'
import { countsOf } from '../flow/counts.ts'
import { type DocumentFlow, documentsOf, passedIn } from '../flow/documents.ts'
import { runFlow } from '../flow/flow.ts'
import { GlobalDedup } from '../flow/global-dedup.ts'
import { type Rejects, keepingRejects } from '../flow/rejects.ts'
import { tee } from '../flow/tee.ts'
import { type FlowPart, type ThreadedFlow, withThreadedFlow } from '../flow/workers/threaded-flow.ts'
import { CHECKPOINT_EVERY, Checkpoints } from '../jobs/checkpoints.ts'
import type { Job } from '../jobs/job.ts'
import { secondsSince } from '../../lib/text/numbers.ts'
import { type ComponentStats, countsWithPull, described } from './component-stats.ts'
import { packingOf, packingSettings } from './packing.ts'
import { copyIn, keptKeysOf, keysIn } from './paths.ts'
import { type ShardJob, type ShardOptions, encodingSettings } from './shard-job.ts'
import { type CountedSink, dtypeOf, formatSetting, sinkOf } from './shard-output.ts'

/** The folder of the shards, and the job that makes them; `job` is null for work that can't be resumed. */
export interface ShardTarget {
  readonly folder: string
  readonly job: Job | null
}

/** The parts of a flow to shards that it shares with other flows. */
export interface FlowParts {
  readonly rejects: Rejects | null
  readonly threaded: ThreadedFlow | null
}

/** The flow of a component's documents to its shards. */
export interface ShardFlow extends DocumentFlow, FlowParts {
  readonly checkpoints: Checkpoints
  /** Null if documents are not compared with all earlier ones. */
  readonly dedup: GlobalDedup | null
  /** The copy of the filtered documents; null if none is kept. */
  readonly copy: LineWriter | null
  readonly encoding: Stage<Document, Tokens> | ReturnType<ThreadedFlow['encoded' | 'tokens']>
  /** Null for a flat format, whose reader cuts sequences itself. */
  readonly packing: PackStage | ReturnType<ThreadedFlow['packed']> | null
  readonly sink: CountedSink
}

/** Reads, filters, encodes, packs and writes, from where the job resumes. */
export async function makeShards (
  shards: ShardJob, target: ShardTarget, options: ShardOptions
): Promise<ComponentStats> {
  const { component, read } = shards
  const { folder, job } = target
  const { tokenizer } = options
  return await keepingRejects(component.rejects, async rejects => {
    const wants = component.filteredDir === null ? 'nothing' : 'documents'
    const comparesAll = component.dedup !== null
    const part: FlowPart = { component: read, keepsRejects: rejects !== null, wants, comparesAll, tokenizer }
    return await withThreadedFlow(part, options, async threaded => {
      const started = performance.now()
      const flow = shardFlow(shards, target, { rejects, threaded }, options)
      await runShardFlow(flow, component.name, target, options)
      return statsOf(shards, flow, { folder, tokenizer }, job?.seconds ?? secondsSince(started))
    })
  }, { resumable: job !== null })
}

/** Creates the stages; nothing is read yet. */
function shardFlow (
  { component, read }: ShardJob, { folder, job }: ShardTarget, parts: FlowParts, options: ShardOptions
): ShardFlow {
  const { tokenizer, overwrite = false, checkpointEvery = CHECKPOINT_EVERY } = options
  const { name, eosId, eos, bos, maxRecords, filteredDir } = component
  const resumable = job !== null
  const checkpoints = new Checkpoints({ every: checkpointEvery, save: job?.save ?? null, maxRecords })
  const dedup = component.dedup && new GlobalDedup({
    memory: component.dedup.memory,
    path: options.keys === undefined ? keysIn(folder) : keptKeysOf(component),
    resumable,
    most: maxRecords,
    earlier: options.keys
  })
  const documents = documentsOf(read, options, { ...parts, barriers: checkpoints, dedup })
  const copy = filteredDir === null ? null : new LineWriter(copyIn(filteredDir, name), { resumable })
  // The checkpoint that this writes lets a later run recognize the shards as its own.
  const beforeFirst = job?.begins === true ? job.begin : undefined
  const sink = sinkOf(folder, component, tokenizer, {
    overwrite: overwrite || job?.replaces === true, resumable, beforeFirst
  })
  const flat = isFlat(component.format)
  const packing = flat ? null : packingOf(component, tokenizer)
  const encodedFlow = parts.threaded?.encodes === true ? parts.threaded : null
  return {
    ...parts,
    ...documents,
    stages: [...documents.stages, ...(copy === null ? [] : [tee(copy)])],
    checkpoints,
    dedup,
    copy,
    packing: packing === null ? null : encodedFlow?.packed(packing) ?? packTokens(packing),
    sink,
    encoding: (flat ? encodedFlow?.tokens() : encodedFlow?.encoded()) ??
      new Stage(encodeWork({ eosId, bos, eos: eos ?? undefined }, tokenizer))
  }
}

/** Runs a flow from where its job resumes. */
export async function runShardFlow (
  flow: ShardFlow, name: string, { job }: ShardTarget, options: ShardOptions
): Promise<void> {
  const { source, stages, check, encoding, packing, sink, copy, rejects, dedup, checkpoints } = flow
  const shaping = [encoding, ...(packing === null ? [] : [packing])]
  try {
    checkpoints.begin({
      source,
      stages: [...stages, check, ...shaping],
      outputs: [sink, copy, rejects, dedup].filter(output => output !== null),
      finished: () => sink.filled
    }, job?.flow ?? null, passedIn(stages))
    const watched = { name, source, tokens: () => tokenCounts(flow).tokens, checkpoints }
    await runFlow(watched, [...stages, check, ...shaping, sink], options)
    await copy?.commit()
    await dedup?.commit()
  } catch (error) {
    await copy?.abandon()
    throw error
  } finally {
    await dedup?.close()
  }
}

/** The stats of a flow that has ended. */
export function statsOf (
  { component, pulled }: ShardJob,
  flow: ShardFlow,
  { folder, tokenizer }: Pick<ShardTarget, 'folder'> & Pick<ShardOptions, 'tokenizer'>,
  seconds: number
): ComponentStats {
  const { source, stages, encoding, packing, sink } = flow
  const { name, format, seqLen } = component
  const { records, tokens, tail, padding } = tokenCounts(flow)
  const { shards } = sink.stats
  const counts = countsOf(source, stages, [encoding, ...(packing === null ? [] : [packing]), sink])
  return {
    name,
    ...described(component),
    ...formatSetting(format),
    records,
    sequences: packing === null ? 0 : sink.stats.out,
    tokens,
    shards: shards.length,
    output_dir: folder,
    tail_tokens: tail,
    seq_len: seqLen,
    dtype: dtypeOf(component, tokenizer.vocabSize),
    ...packingSettings(component, tokenizer),
    ...(padding > 0 && { padding_tokens: padding }),
    ...encodingSettings(component, tokenizer),
    vocab_size: tokenizer.vocabSize,
    ...(tokenizer.path !== undefined && { tokenizer_path: tokenizer.path }),
    ...(pulled === null ? counts : countsWithPull(pulled, counts)),
    shard_files: shards,
    ...(sink.stats.list != null && { index: sink.stats.list }),
    seconds
  }
}

interface TokenCounts {
  readonly records: number
  readonly tokens: number
  readonly tail: number
  readonly padding: number
}

/** Documents, their ids, and the ids that fill no sequence. */
function tokenCounts ({ packing, sink }: ShardFlow): TokenCounts {
  if (packing === null) return { records: sink.stats.in, tokens: sink.stats.tokens ?? 0, tail: 0, padding: 0 }
  const { in: records, tokens, tail, padding = 0 } = packing.stats
  return { records, tokens, tail, padding }
}
