import type { Document, Tokens } from '../../lib/document.ts'
import { LineWriter } from '../../lib/output/line-writer.ts'
import { Stage } from '../../lib/stage/stage.ts'
import { NpySink } from '../../sinks/npy.ts'
import { encodeWork } from '../../transforms/encode.ts'
import { type PackStage, packTokens } from '../../transforms/pack.ts'
import { countsOf } from '../flow/counts.ts'
import { type DocumentFlow, documentsOf, passedIn } from '../flow/documents.ts'
import { runFlow } from '../flow/flow.ts'
import { type Rejects, keepingRejects } from '../flow/rejects.ts'
import { tee } from '../flow/tee.ts'
import { type FlowPart, type ThreadedFlow, withThreadedFlow } from '../flow/workers/threaded-flow.ts'
import { CHECKPOINT_EVERY, Checkpoints } from '../jobs/checkpoints.ts'
import type { Job } from '../jobs/job.ts'
import { secondsSince } from '../../lib/text/numbers.ts'
import { type ComponentStats, countsWithPull, described } from './component-stats.ts'
import { copyIn } from './paths.ts'
import { type ShardJob, type ShardOptions, encodingSettings } from './shard-job.ts'

/** The folder of the shards, and the job that makes them; `job` is null for work that can't be resumed. */
export interface ShardTarget {
  readonly folder: string
  readonly job: Job | null
}

/** The parts of a flow to shards that it shares with other flows. */
interface FlowParts {
  readonly rejects: Rejects | null
  readonly threaded: ThreadedFlow | null
}

/** The flow of a component's documents to its shards. */
interface ShardFlow extends DocumentFlow, FlowParts {
  readonly checkpoints: Checkpoints
  /** The copy of the filtered documents; null if none is kept. */
  readonly copy: LineWriter | null
  readonly encoding: Stage<Document, Tokens> | ReturnType<ThreadedFlow['encoded']>
  readonly packing: PackStage | ReturnType<ThreadedFlow['packed']>
  readonly sink: NpySink
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
    const part: FlowPart = { component: read, keepsRejects: rejects !== null, wants, tokenizer }
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
  const { name, seqLen, sequencesPerShard, dtype, eosId, eos, bos, maxRecords, filteredDir } = component
  const resumable = job !== null
  const checkpoints = new Checkpoints({ every: checkpointEvery, save: job?.save ?? null, maxRecords })
  const documents = documentsOf(read, options, { ...parts, barriers: checkpoints })
  const copy = filteredDir === null ? null : new LineWriter(copyIn(filteredDir, name), { resumable })
  // The checkpoint that this writes lets a later run recognize the shards as its own.
  const beforeFirst = job?.begins === true ? job.begin : undefined
  const sink = new NpySink(folder, {
    seqLen,
    sequencesPerShard,
    dtype,
    vocabSize: tokenizer.vocabSize,
    overwrite: overwrite || job?.replaces === true
  }, { resumable, beforeFirst })
  const encodedFlow = parts.threaded?.encodes === true ? parts.threaded : null
  return {
    ...parts,
    ...documents,
    stages: [...documents.stages, ...(copy === null ? [] : [tee(copy)])],
    checkpoints,
    copy,
    packing: encodedFlow?.packed({ seqLen }) ?? packTokens({ seqLen }),
    sink,
    encoding: encodedFlow?.encoded() ?? new Stage(encodeWork({ eosId, bos, eos: eos ?? undefined }, tokenizer))
  }
}

async function runShardFlow (
  flow: ShardFlow, name: string, { job }: ShardTarget, options: ShardOptions
): Promise<void> {
  const { source, stages, check, encoding, packing, sink, copy, rejects, checkpoints } = flow
  try {
    checkpoints.begin({
      source,
      stages: [...stages, check, encoding, packing],
      outputs: [sink, copy, rejects].filter(output => output !== null),
      finished: () => sink.filled
    }, job?.flow ?? null, passedIn(stages))
    const watched = { name, source, tokens: () => packing.stats.tokens, checkpoints }
    await runFlow(watched, [...stages, check, encoding, packing, sink], options)
    await copy?.commit()
  } catch (error) {
    await copy?.abandon()
    throw error
  }
}

function statsOf (
  { component, pulled }: ShardJob,
  flow: ShardFlow,
  { folder, tokenizer }: Pick<ShardTarget, 'folder'> & Pick<ShardOptions, 'tokenizer'>,
  seconds: number
): ComponentStats {
  const { source, stages, encoding, packing, sink } = flow
  const { name, seqLen, dtype } = component
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
    output_dir: folder,
    tail_tokens: tail,
    seq_len: seqLen,
    dtype,
    ...encodingSettings(component, tokenizer),
    vocab_size: tokenizer.vocabSize,
    ...(tokenizer.path !== undefined && { tokenizer_path: tokenizer.path }),
    ...(pulled === null ? counts : countsWithPull(pulled, counts)),
    shard_files: shards,
    seconds
  }
}
