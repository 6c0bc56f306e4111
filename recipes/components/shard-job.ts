import { stat } from 'node:fs/promises'
import { relative } from 'node:path'
import { SluiceError } from '../../lib/errors.ts'
import type { Encoder } from '../../lib/tokenizer/tokenizer.ts'
import { boundariesOf } from '../../transforms/encode.ts'
import type { DocumentCounts } from '../flow/counts.ts'
import { type ReadOptions, documentSettings, idSettings } from '../flow/documents.ts'
import type { RunOptions } from '../flow/flow.ts'
import type { ComponentKeys } from '../flow/mixture-keys.ts'
import type { ThreadOptions } from '../flow/workers/threads.ts'
import type { Check, JobOptions, JobPlan } from '../jobs/job.ts'
import type { DocumentsJob, FoundComponent } from '../manifest/found.ts'
import type { ComponentStats } from './component-stats.ts'
import { filesWithShards, pullRejects } from './files.ts'
import { packingOf, packingSettings } from './packing.ts'
import { checkpointIn } from './paths.ts'
import { misfitOf, shardSettings } from './shard-output.ts'

export interface ShardOptions extends RunOptions, ReadOptions, JobOptions, ThreadOptions {
  readonly tokenizer: Encoder
  /** Delete the shards of another run in the output folder. @default false */
  readonly overwrite?: boolean
  /**
   * Whether finished shards of other settings or inputs are refused without `overwrite`, instead of made again.
   *
   * @default false
   */
  readonly keepOutdated?: boolean
  /** Maximum number of documents between two checkpoints. @default 10,000 */
  readonly checkpointEvery?: number
  /** Whether the shards of a finished component are hashed before it counts as up to date. @default false */
  readonly verify?: boolean
  /** The keys of documents, where they are compared with those of earlier components. */
  readonly keys?: ComponentKeys | undefined
}

/** How texts become ids. */
export interface EncodingSettings {
  readonly eos_id: number
  /** Where each document begins with a BOS token. */
  readonly bos_id?: number
  readonly tokenizer_sha256: string
  /** Of a SentencePiece model; 0.1.97 where there is none. */
  readonly sentencepiece_version?: string
  /** `text` where there is none. */
  readonly special_tokens?: string
}

/** The job that makes a component's shards, from its own files or from their raw copy. */
export interface ShardJob {
  readonly component: FoundComponent
  readonly read: DocumentsJob
  /** The counts from when the raw copy was made; null without a copy. */
  readonly pulled: DocumentCounts | null
  readonly plan: JobPlan
  /** Files that are written together with the shards. */
  readonly outputs: readonly string[]
}

/** @throws SluiceError `ERR_TOKENIZER` when a component can't be written with this tokenizer */
export function checkFit (component: FoundComponent, tokenizer: Encoder): void {
  boundariesOf(tokenizer, component)
  packingOf(component, tokenizer)
  const mistake = misfitOf(component, tokenizer)
  if (mistake !== null) throw new SluiceError('ERR_TOKENIZER', `component ${component.name}: ${mistake}`)
}

/** The copy of a component to its `raw_dir`: all documents, with a separate rejects file for bad records. */
export function pullJob (component: FoundComponent): DocumentsJob {
  const name = `${component.name} (pull)`
  return { ...component, name, filters: [], expect: null, maxRecords: null, rejects: pullRejects(component) }
}

/** The documents of a component, read from its raw copy, which must exist. */
export async function copiedJob (component: FoundComponent, path: string): Promise<DocumentsJob> {
  const { size } = await stat(path)
  return { ...component, dataset: 'json', textColumn: 'text', files: [{ path, size }], sourceOptions: {}, hub: null }
}

/** Plans the shards of a component. @param read the source of the documents: the component, or its raw copy */
export function shardJob (
  component: FoundComponent, read: DocumentsJob, pulled: DocumentCounts | null, options: ShardOptions
): ShardJob {
  const { name, outputDir, filteredDir, rejects } = component
  const { tokenizer, keys } = options
  const outputs = filesWithShards(component)
  const settings = {
    name,
    ...documentSettings(read, options),
    ...shardSettings(component, tokenizer),
    ...packingSettings(component, tokenizer),
    ...encodingSettings(component, tokenizer),
    ...(outputs.length > 0 ? idSettings(read) : {}),
    ...(component.dedup && { dedup: component.dedup.scope }),
    filtered_dir: filteredDir && relative(outputDir, filteredDir),
    rejects: rejects && relative(outputDir, rejects)
  }
  const basis = keys && { basis: keys }
  const plan = { name, path: checkpointIn(outputDir), settings, inputs: read.files, alsoLocked: outputs, ...basis }
  return { component, read, pulled, plan, outputs }
}

/** The settings that the ids of a text depend on, as checkpoints and stats have them. Those by default are left out. */
export function encodingSettings (component: FoundComponent, tokenizer: Encoder): EncodingSettings {
  const { eosId, bosId } = boundariesOf(tokenizer, component)
  const { version, specialTokens = 'text' } = tokenizer
  return {
    eos_id: eosId,
    ...(bosId !== -1 && { bos_id: bosId }),
    tokenizer_sha256: tokenizer.sha256,
    // Releases that had no setting encoded by the arithmetic of 0.1.97.
    ...(version != null && version !== '0.1.97' && { sentencepiece_version: version }),
    ...(specialTokens !== null && specialTokens !== 'text' && { special_tokens: specialTokens })
  }
}

/** Checks the shards of a finished job; other files in their folder are ignored. */
export function shardCheck (
  { component: { outputDir } }: ShardJob, { verify = false, keys, signal }: ShardOptions
): Check {
  return async result => {
    const { verifyShards } = await import('../../lib/verify/shards.ts')
    const stats = { ...result as ComponentStats, output_dir: outputDir }
    const findings = await verifyShards(stats, { statsPath: checkpointIn(outputDir), quick: !verify, signal })
    const damages = findings.filter(({ check }) => check !== 'unlisted')
    return [
      ...damages.map(({ file, found, expected }) => `${file}: ${found}, expected ${expected}`),
      ...(verify ? await keys?.damages() ?? [] : [])
    ]
  }
}
