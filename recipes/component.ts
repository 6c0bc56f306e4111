import { join } from 'node:path'
import type { Component } from '../lib/manifest/schema.ts'
import { LineWriter } from '../lib/line-writer.ts'
import type { MaxBad } from '../lib/max-bad.ts'
import { maxId } from '../lib/npy.ts'
import { SluiceError } from '../lib/errors.ts'
import type { RecordSource } from '../lib/record-source.ts'
import type { ShardedStats } from '../lib/stats.ts'
import type { Tokenizer } from '../lib/tokenizer.ts'
import { ndjsonSink } from '../sinks/ndjson.ts'
import { npySink } from '../sinks/npy.ts'
import { encode, endOfSentence } from '../transforms/encode.ts'
import { pack } from '../transforms/pack.ts'
import { expecting } from './expect.ts'
import { type DocumentCounts, type RunOptions, countsOf, runFlow } from './flow.ts'
import { limit } from './limit.ts'
import { type Rejects, keepingRejects } from './rejects.ts'
import { type AnyStage, filters, makeSource } from './stages.ts'
import { tee } from './tee.ts'

/** How a component is read; the options that every source has. */
export interface ReadOptions {
  readonly maxBad?: string | number | MaxBad | undefined
  readonly maxLineBytes?: number | undefined
}

export interface ShardOptions extends RunOptions, ReadOptions {
  readonly tokenizer: Tokenizer
  /** Delete the shards of another run in the output folder. @default false */
  readonly overwrite?: boolean
}

/** What has come of a component, as stats files have it; its shards are told of as `verify` reads it. */
export interface ComponentStats extends DocumentCounts, ShardedStats {
  readonly dataset: string
  readonly subset: string | null
  readonly split: string
  readonly license: string | null
  readonly data_files: string | readonly string[]
  /** Documents encoded. */
  readonly records: number
  readonly eos_id: number
  readonly seconds: number
}

/** The flow of a component's documents: its source, the stages that they pass, and, behind these, what judges how many did. */
export interface DocumentFlow {
  readonly source: RecordSource
  readonly stages: AnyStage[]
  readonly judge: AnyStage
}

/** Documents that each stage holds on each side: of some megabytes each, Node's 16 would add up. */
const STREAM_OPTIONS = { highWaterMark: 4 } as const

/** A component's source and its filters, and, where it says so, the end after `maxRecords`. Nothing is read yet. */
export function documentsOf (component: Component, { maxBad, maxLineBytes }: ReadOptions, rejects: Rejects | null = null): DocumentFlow {
  const { dataset, dataFiles, textColumn, maxRecords, sourceOptions, expect } = component
  const source: RecordSource = makeSource(dataset, dataFiles, { textColumn, maxBad, maxLineBytes, ...sourceOptions }, { ...rejects?.forSource(), ...STREAM_OPTIONS })
  const filtering = component.filters.map(({ stage, options }) => filters[stage]!.make({ ...options, ...STREAM_OPTIONS, ...(rejects && { rejects: rejects.ofFilter(stage) }) }))
  const judge = expecting(filtering, component.filters.map(filter => filter.expect), expect)
  const limiting = maxRecords === null ? [] : [limit(maxRecords, () => { source.stop() })]
  return { source, stages: [...filtering, ...limiting], judge }
}

/** @throws SluiceError `ERR_TOKENIZER` when a component can't be written with this tokenizer */
export function checkFit ({ name, eosId, dtype }: Component, tokenizer: Tokenizer): void {
  endOfSentence(tokenizer, eosId)
  if (tokenizer.vocabSize - 1 > maxId(dtype)) throw new SluiceError('ERR_TOKENIZER', `component ${name}: ${dtype} holds ids up to ${maxId(dtype)}, the tokenizer has ${tokenizer.vocabSize} pieces; use uint32 or int32`)
}

/**
 * Reads, filters, encodes, packs and writes one component of a mixture.
 *
 * @throws SluiceError as its stages do; shards that were complete by then stay
 */
export async function shardComponent (component: Component, options: ShardOptions): Promise<ComponentStats> {
  return await keepingRejects(component.rejects, rejects => shardInto(component, options, rejects))
}

async function shardInto (component: Component, options: ShardOptions, rejects: Rejects | null): Promise<ComponentStats> {
  const { tokenizer, overwrite = false } = options
  const started = performance.now()
  checkFit(component, tokenizer)
  const { name, seqLen, sequencesPerShard, dtype, eosId } = component
  const pulled = component.rawDir === null ? null : await pullRaw(component, component.rawDir, options, rejects)
  const { source, stages, judge } = documentsOf(pulled?.component ?? component, options, rejects)
  const copy = component.filteredDir === null ? null : new LineWriter(copyIn(component.filteredDir, name))
  if (copy !== null) stages.push(tee(copy))
  const packing = pack({ seqLen })
  const sink = npySink(component.outputDir, { seqLen, sequencesPerShard, dtype, vocabSize: tokenizer.vocabSize, overwrite })
  const encoding = encode({ tokenizer, eosId })
  try {
    await runFlow({ name, source, tokens: () => packing.stats.tokens }, [...stages, judge, encoding, packing, sink], options)
    await copy?.commit()
  } catch (error) {
    await copy?.abandon()
    throw error
  }
  const { tokens, tail } = packing.stats
  const { shards } = sink.stats
  return {
    name,
    dataset: component.dataset,
    subset: component.subset,
    records: packing.stats.in,
    sequences: sink.stats.out,
    tokens,
    shards: shards.length,
    output_dir: component.outputDir,
    split: component.split,
    license: component.license,
    data_files: component.dataFiles,
    tail_tokens: tail,
    seq_len: seqLen,
    dtype,
    eos_id: endOfSentence(tokenizer, eosId),
    vocab_size: tokenizer.vocabSize,
    tokenizer_sha256: tokenizer.sha256,
    ...countsOf(pulled?.source ?? source, stages, [encoding, packing, sink]),
    shard_files: shards,
    seconds: secondsSince(started)
  }
}

/** Copies a component's documents, as they are, to a folder: the component that reads them from there, and the source that read them first, which knows of the bad ones. */
async function pullRaw (component: Component, folder: string, options: ShardOptions, rejects: Rejects | null): Promise<{ component: Component, source: RecordSource }> {
  const path = copyIn(folder, component.name)
  const { source } = documentsOf({ ...component, filters: [], expect: null, maxRecords: null }, options, rejects)
  await runFlow({ name: `${component.name} (pull)`, source }, [ndjsonSink(path)], options)
  return { component: { ...component, dataset: 'json', textColumn: 'text', dataFiles: path, sourceOptions: {} }, source }
}

/** The files that a component writes beside its shards, where it asks for that: copies of its documents, and rejects. */
export function filesOf ({ name, rawDir, filteredDir, rejects }: Component): string[] {
  return [...[rawDir, filteredDir].filter(folder => folder !== null).map(folder => copyIn(folder, name)), ...(rejects === null ? [] : [rejects])]
}

function copyIn (folder: string, name: string): string {
  return join(folder, `${name}.ndjson.gz`)
}

/** To milliseconds. */
export function secondsSince (started: number): number {
  return Math.round(performance.now() - started) / 1000
}
