import { join } from 'node:path'
import { z } from 'zod'
import { SluiceError, codeOf, messageOf } from '../lib/errors.ts'
import { readManifest } from '../lib/manifest/read.ts'
import type { Component, Manifest } from '../lib/manifest/schema.ts'
import { parseOptions, positive } from '../lib/options.ts'
import { checkOutputs, checkWritable, writeFileWhole } from '../lib/output.ts'
import { recordSourceOptions } from '../lib/source-options.ts'
import { refuseShards } from '../lib/shards.ts'
import { type Tokenizer, loadTokenizer } from '../lib/tokenizer.ts'
import { resumeOptions } from './checkpoints.ts'
import { type ComponentStats, type ShardOptions, checkFit, componentStatus, filesOf, shardComponent } from './component.ts'
import type { RunOptions } from './flow.ts'
import { PartialError } from './partial-error.ts'
import { runName, sourcesOf, writeRunRecord } from './run-record.ts'
import { runsDirOption } from './run-records.ts'
import { schedule } from './schedule.ts'
import { knownStages } from './stages.ts'

export const processMixtureOptions = z.strictObject({
  tokenizerPath: z.string().min(1).optional().describe('SentencePiece .model file (default: the one in the manifest\'s tokenizer_output_dir)'),
  logFile: z.string().min(1).optional().describe('where the stats go, as JSON (default: the manifest\'s stats, else data/mixtures/mixture_stats.json)'),
  concurrency: positive.default(1).describe('components processed at once'),
  runsDir: runsDirOption,
  overwrite: z.boolean().default(false).describe('delete the shards of another run in an output folder instead of refusing it'),
  verify: z.boolean().default(false).describe('hash the shards of finished components, to see whether they are still what they were'),
  ...resumeOptions,
  ...recordSourceOptions
}).describe('every component of a manifest -> shards, with their stats as JSON')

/** What a run leaves as its stats file. */
export interface MixtureStats {
  readonly manifest: string
  /** One for each component that was finished, in the manifest's order. */
  readonly stats: readonly ComponentStats[]
  readonly failed: ReadonlyArray<{ readonly name: string, readonly code: string | null, readonly error: string }>
  readonly manifest_sha256: string
  readonly tokenizer: { readonly path: string, readonly sha256: string, readonly vocab_size: number }
}

/** What a run gives: its stats, and the path of the record that tells what made its shards. */
export interface MixtureResult extends MixtureStats {
  readonly run_record: string
}

/** What the recipe can be told in code. */
export interface MixtureRun extends RunOptions {
  /** The tokenizer at `tokenizerPath`, where it is loaded already. */
  readonly tokenizer?: Tokenizer
}

/**
 * Makes shards of every component of a manifest, from where a run before has left off; what is finished is not done again. A component that fails doesn't stop the others. A run in which none
 * failed leaves its record, unless the last one tells of the same.
 *
 * @returns the stats, which are in the stats file too, and the record's path
 * @throws SluiceError `ERR_MANIFEST`, `ERR_TOKENIZER`, `ERR_CHECKSUM`, `ERR_OPTION` or `ERR_OUTPUT_EXISTS` before anything is written;
 *   `ERR_COMPONENT` when components failed, after the others were finished and the stats written; `ERR_ABORTED`
 */
export async function processMixture (manifestPath: string, given: z.input<typeof processMixtureOptions> = {}, run: MixtureRun = {}): Promise<MixtureResult> {
  const checked = parseOptions('process-mixture', processMixtureOptions, given)
  const { concurrency, runsDir } = checked
  const manifest = await readManifest(manifestPath, knownStages)
  const tokenizerPath = checked.tokenizerPath ?? manifest.tokenizerPath
  if (tokenizerPath === null) throw new SluiceError('ERR_MANIFEST', `${manifestPath}:1:1: the manifest names no tokenizer_output_dir; name one, or the model by --tokenizer-path`)
  const tokenizer = run.tokenizer ?? await loadTokenizer(tokenizerPath)
  checkHash(manifest, tokenizer, tokenizerPath)
  const logFile = checked.logFile ?? manifest.stats ?? 'data/mixtures/mixture_stats.json'
  await checkOutputs([logFile, ...manifest.datasets.flatMap(filesOf)], [manifestPath, tokenizerPath, ...manifest.datasets.map(({ dataFiles }) => dataFiles)])
  const options: ShardOptions = { ...run, ...checked, tokenizer }
  for (const component of manifest.datasets) await checkStanding(component, options)
  await checkWritable(logFile)
  await checkWritable(join(runsDir, 'record'))
  const inputs = await sourcesOf(manifest.datasets)

  const outcomes = await schedule(manifest.datasets.map(component => ({
    name: component.name,
    run: () => shardComponent(component, options)
  })), concurrency)
  if (run.signal?.aborted === true) throw new SluiceError('ERR_ABORTED', `${manifestPath}: stopped; the same command goes on from there`)

  const failures = outcomes.filter(outcome => 'error' in outcome)
  const stats: MixtureStats = {
    manifest: manifestPath,
    stats: outcomes.flatMap(outcome => 'result' in outcome ? [outcome.result] : []),
    failed: failures.map(({ name, error }) => ({ name, code: codeOf(error) ?? null, error: messageOf(error) })),
    manifest_sha256: manifest.sha256,
    tokenizer: { path: tokenizerPath, sha256: tokenizer.sha256, vocab_size: tokenizer.vocabSize }
  }
  await writeFileWhole(logFile, JSON.stringify(stats, null, 2) + '\n')
  if (failures.length > 0) throw new MixtureError(stats, failures[0]!.error)
  return { ...stats, run_record: await writeRunRecord({ runsDir, name: runName(manifest), manifest, stats, statsPath: logFile, inputs }) }
}

/** Components have failed; `stats` has what became of the others. */
export class MixtureError extends PartialError {
  readonly stats: MixtureStats

  constructor (stats: MixtureStats, cause: unknown) {
    const { failed } = stats
    super('ERR_COMPONENT', `${failed.length} of ${failed.length + stats.stats.length} components failed\n${failed.map(({ name, error }) => `${name}: ${error}`).join('\n')}`, stats, { isResult: stats.stats.length > 0, cause })
    this.stats = stats
  }
}

/** What is wrong before anything is written. */
async function checkStanding (component: Component, options: ShardOptions): Promise<void> {
  checkFit(component, options.tokenizer)
  if (options.restart === true) return
  const { shards } = await componentStatus(component, { ...options, verify: false })
  if (shards.is === 'new' && shards.why === undefined && options.overwrite !== true) await refuseShards(component.outputDir)
}

function checkHash ({ path, tokenizer: { sha256 } }: Manifest, tokenizer: Tokenizer, tokenizerPath: string): void {
  if (sha256 !== null && sha256.toLowerCase() !== tokenizer.sha256) {
    throw new SluiceError('ERR_CHECKSUM', `${tokenizerPath}: has SHA-256 ${tokenizer.sha256}, expected ${sha256.toLowerCase()} (tokenizer.sha256 in ${path})`)
  }
}
