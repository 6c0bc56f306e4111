import { existsSync } from 'node:fs'
import { SluiceError } from '../../lib/errors.ts'
import { refuseForeign } from '../../lib/output/own-file.ts'
import { STATS } from '../../lib/shards/stats.ts'
import { refuseShards } from '../../lib/shards/shard-folder.ts'
import { TOKENIZER_FILES } from '../../lib/tokenizer/files.ts'
import { type LoadOptions, tokenizerOptionsOf } from '../../lib/tokenizer/options.ts'
import { type Tokenizer, loadTokenizer } from '../../lib/tokenizer/tokenizer.ts'
import { type ComponentStatus, componentStatus } from '../components/component.ts'
import { filesOf, refuseForeignIn, sharedFilesOf } from '../components/files.ts'
import type { FindOptions } from '../components/find.ts'
import type { LicenseOf } from '../components/licenses.ts'
import { type ShardOptions, checkFit } from '../components/shard-job.ts'
import type { RunOptions } from '../flow/flow.ts'
import { MixtureKeys } from '../flow/mixture-keys.ts'
import { checkOutputs } from '../jobs/places.ts'
import { refuseForeignNext } from '../jobs/remake.ts'
import { type FoundComponent, type Mixture, inputsOf } from '../manifest/found.ts'
import type { Filter } from '../manifest/schema.ts'
import { readMixture } from './read.ts'

/** Options of the recipe that exist only in code. */
export interface MixtureRun extends RunOptions {
  /** The tokenizer at `tokenizerPath`, if it is loaded already. */
  readonly tokenizer?: Tokenizer
  /** Returns the licence on a dataset's card. @default cards are not read */
  readonly licenseOf?: LicenseOf | undefined
  /**
   * Whether a component that was started with other settings or inputs starts over, instead of being refused.
   *
   * @default false
   */
  readonly startsOver?: boolean | undefined
}

/** A tokenizer that is used in place of the manifest's, or how that one is loaded. */
export interface AskedTokenizer extends LoadOptions {
  readonly tokenizerPath?: string | undefined
}

/** A manifest, and the tokenizer that encodes its components. */
export interface MixtureJob {
  readonly manifest: Mixture
  readonly tokenizerPath: string
  readonly tokenizer: Tokenizer
}

/**
 * Reads a manifest and loads its tokenizer.
 *
 * @param asked another tokenizer, or how the manifest's is loaded
 * @throws SluiceError `ERR_MANIFEST`, `ERR_TOKENIZER`, `ERR_CHECKSUM`
 */
export async function loadMixture (
  manifestPath: string, asked: AskedTokenizer = {}, loaded?: Tokenizer, finding: FindOptions = {}
): Promise<MixtureJob> {
  return await loadTokenizerOf(await readMixture(manifestPath, finding), asked, loaded)
}

/**
 * The status of a component before anything is written.
 *
 * @throws SluiceError `ERR_TOKENIZER`, `ERR_CHECKPOINT` or `ERR_OUTPUT_EXISTS` when the run would refuse it
 */
export async function statusBeforeRun (component: FoundComponent, options: ShardOptions): Promise<ComponentStatus> {
  const { rawDir, outputDir } = component
  checkFit(component, options.tokenizer)
  if (options.restart === true) return { pull: rawDir === null ? null : { is: 'new' }, shards: { is: 'new' } }
  const status = await componentStatus(component, options)
  const { shards } = status
  if (shards.is === 'outdated') await refuseForeignNext(outputDir)
  if (shards.is === 'new' && shards.why === undefined && options.overwrite !== true) await refuseShards(outputDir)
  return status
}

/**
 * Loads the tokenizer of a manifest.
 *
 * @throws SluiceError `ERR_MANIFEST`, `ERR_TOKENIZER`, `ERR_CHECKSUM`
 */
export async function loadTokenizerOf (
  manifest: Mixture, asked: AskedTokenizer, loaded?: Tokenizer
): Promise<MixtureJob> {
  const { path, tokenizer: settings } = manifest
  const tokenizerPath = asked.tokenizerPath ?? manifest.tokenizerPath
  if (tokenizerPath === null) {
    const mistake = 'the manifest names no tokenizer; set tokenizer.path, tokenizer_output_dir, or --tokenizer-path'
    throw new SluiceError('ERR_MANIFEST', `${path}:1:1: ${mistake}`)
  }
  if (loaded === undefined && tokenizerPath !== asked.tokenizerPath && !existsSync(tokenizerPath)) {
    const advice = settings.path === null ? `; train-tokenizer --manifest ${path} trains it, and so does run` : ''
    const mistake = `no such file, expected ${TOKENIZER_FILES}${advice}`
    throw new SluiceError('ERR_TOKENIZER', `${tokenizerPath}: ${mistake}`)
  }
  const tokenizer = loaded ?? await loadTokenizer(tokenizerPath, tokenizerOptionsOf(asked, settings))
  checkHash(manifest, tokenizer, tokenizerPath)
  return { manifest, tokenizerPath, tokenizer }
}

/**
 * Checks all files that a mixture will write.
 *
 * @throws SluiceError `ERR_OPTION` for one that would be written twice or has the path of a shard, `ERR_OUTPUT_EXISTS`
 *   for one that is an input or would replace a file of another kind
 */
export async function checkPlaces (
  { manifest, tokenizerPath }: Pick<MixtureJob, 'manifest'> & { readonly tokenizerPath: string | null },
  logFile: string
): Promise<void> {
  const { datasets } = manifest
  const inputs = [
    manifest.path,
    ...(tokenizerPath === null ? [] : [tokenizerPath]),
    ...inputsOf(datasets).map(({ path }) => path),
    ...datasets.flatMap(({ filters }) => filters.flatMap(filesOfFilter))
  ]
  checkOutputs([logFile, ...datasets.flatMap(filesOf)], inputs, {
    shards: datasets.map(({ outputDir }) => outputDir),
    shared: datasets.flatMap(sharedFilesOf)
  })
  await refuseForeign(logFile, STATS)
  for (const component of datasets) await refuseForeignIn(component)
}

/** The keys of a mixture whose components are compared with each other; null for another mixture. */
export function mixtureKeysOf ({ datasets }: Mixture): MixtureKeys | null {
  const dedup = datasets[0]?.dedup
  return dedup?.scope === 'mixture' ? new MixtureKeys(dedup.memory) : null
}

/** The files that a filter reads: its module, and its model. */
function filesOfFilter ({ module, model }: Filter): string[] {
  return [module, model].flatMap(file => file === undefined ? [] : [file.path])
}

/** The path of the stats file. */
export function statsPathOf (manifest: Pick<Mixture, 'stats'>, asked: string | undefined): string {
  return asked ?? manifest.stats ?? 'data/mixtures/mixture_stats.json'
}

function checkHash ({ path, tokenizer: { sha256 } }: Mixture, tokenizer: Tokenizer, tokenizerPath: string): void {
  const expected = sha256?.toLowerCase()
  if (expected !== undefined && expected !== tokenizer.sha256) {
    const mistake = `has SHA-256 ${tokenizer.sha256}, expected ${expected} (tokenizer.sha256 in ${path})`
    throw new SluiceError('ERR_CHECKSUM', `${tokenizerPath}: ${mistake}`)
  }
}
