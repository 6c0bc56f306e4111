import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Hub, theHub } from '../../lib/hub/hub.ts'
import { findingOnce } from '../components/find.ts'
import { readRun } from '../history/read.ts'
import { folderName, runName } from '../history/write.ts'
import { withLocks } from '../jobs/job.ts'
import { foldersAbove, realPlace } from '../jobs/places.ts'
import { SluiceError } from '../../lib/errors.ts'
import { type Mixture, inputsOf } from '../manifest/found.ts'
import { readManifest } from '../manifest/read.ts'
import type { Manifest } from '../manifest/schema.ts'
import { type MixtureRun, statsPathOf } from '../mixture/mixture.ts'
import { findMixture } from '../mixture/read.ts'
import { type RunMixtureOptions, type RunReport, tryMixture } from '../mixture/run-mixture.ts'
import type { RunStep } from '../mixture/steps.ts'
import { knownStages, readsHub } from '../stages.ts'
import { makeVersion } from './make.ts'
import { OWN_FILES, checkInside, inFolder } from './paths.ts'
import type { VersionReport } from './report.ts'
import { type Version, type Versions, createVersion, readVersions, removeIncomplete } from './store.ts'

/** The options of a run that makes versions. */
export interface IfChangedOptions extends RunMixtureOptions {
  readonly dryRun: boolean
  /** The folder of versions. */
  readonly versions?: string | undefined
  /** How many verified versions are kept; all by default. */
  readonly keep?: number | undefined
}

/**
 * Makes a new version of a mixture if anything that it depends on has changed since the current version. The new one
 * becomes current once it is verified.
 *
 * @throws SluiceError as `run`; `ERR_MANIFEST` for outputs that would not be in the folder of a version, and for inputs
 *   that are in the folder of versions; `ERR_OUTPUT_EXISTS` for a folder with versions of another mixture; `ERR_LOCKED`
 */
export async function runIfChanged (
  manifestPath: string, { dryRun, versions: named, keep, stats, ...options }: IfChangedOptions, context: MixtureRun
): Promise<RunReport> {
  const find = findingOnce()
  const read = await readManifest(manifestPath, knownStages, find)
  const manifest = { ...read, stats: statsPathOf(read, stats) }
  checkInside(manifest)
  const name = runName(manifest)
  const folder = named ?? join('data', 'versions', folderName(name))
  const work = async (): Promise<RunReport> => {
    if (!dryRun) await removeIncomplete(folder)
    const versions = await readVersions(folder, name)
    const { unfinished, current } = versions
    const client = await clientFor(manifest, unfinished, options)
    const earlier = [unfinished, current].flatMap(version => version === null ? [] : inFolder(manifest, version.path))
    const mixture = await findMixture(manifest, { ...options, ...context, client, find, latest: true }, earlier)
    refuseInputsIn(folder, mixture)
    const { plan, why } = await planVersion(mixture, versions, options, context)
    if (dryRun || why.length === 0) {
      const path = current?.path ?? null
      const version: VersionReport = { current: path, previous: path, why, changes: null, removed: [] }
      return { ...plan, dry_run: dryRun, version }
    }
    const version = unfinished ?? await createVersion(versions, name, await client?.commits() ?? {})
    context.tell?.(`${version.path}: is ${unfinished === null ? 'made' : 'resumed'}: ${why.join('; ')}`)
    return await makeVersion({ version, versions, why, mixture, keep }, options, context)
  }
  if (dryRun) return await work()
  const { takeover } = options
  return await withLocks([join(folder, 'current')], work, { ...context, takeover })
}

/** A client of the Hub, for which branches name the commits of an unfinished version; undefined if none is needed. */
async function clientFor (
  { datasets }: Manifest, unfinished: Version | null, { maxRetries, timeout }: RunMixtureOptions
): Promise<Hub | undefined> {
  if (!datasets.some(readsHub)) return undefined
  const client = await theHub({ maxRetries, timeout })
  client.useCommits(unfinished?.info.commits ?? {})
  return client
}

/** @throws SluiceError `ERR_MANIFEST` for inputs in the folder of versions: each new version would change them */
function refuseInputsIn (folder: string, mixture: Mixture): void {
  const place = realPlace(folder)
  for (const { path } of inputsOf(mixture.datasets)) {
    if (!existsSync(path) || !foldersAbove(realPlace(path)).includes(place)) continue
    throw new SluiceError('ERR_MANIFEST', `${mixture.path}:1:1: data_files names ${path}, which is in ${folder}, ` +
      'the folder of versions; name another folder with --versions, or other data_files')
  }
}

interface VersionPlan {
  readonly plan: RunReport
  /** Why a version is necessary; empty if nothing has changed. */
  readonly why: readonly string[]
}

/** What a run would do in the folder of the unfinished version, else of the current one. */
async function planVersion (
  mixture: Mixture, { folder, current, unfinished }: Versions, options: RunMixtureOptions, context: MixtureRun
): Promise<VersionPlan> {
  const next = inFolder(mixture, unfinished?.path ?? join(folder, 'VERSION'))
  const now = unfinished === null && current !== null ? inFolder(mixture, current.path) : next
  const report = await tryMixture(now, next, options, { ...context, startsOver: true })
  const plan = { ...report, steps: report.steps.map(startingOver) }
  if (unfinished !== null) return { plan, why: ['an earlier run has not finished it'] }
  if (current === null) return { plan, why: ['it is the first one'] }
  if (options.restart) return { plan, why: ['a restart was requested'] }
  const isSame = await readRun(join(current.path, OWN_FILES.record))
    .then(({ record }) => record.manifest.sha256 === mixture.sha256, () => false)
  return { plan, why: [...(isSame ? [] : ['the manifest has changed']), ...changesIn(plan.steps, options)] }
}

/** In a version, a step that would be refused starts over, or the run reports its error. */
function startingOver (step: RunStep): RunStep {
  return step.outcome === 'refused' ? { ...step, outcome: 'done again' } : step
}

/** Why steps are not up to date. */
function changesIn (steps: readonly RunStep[], { verify }: RunMixtureOptions): string[] {
  const changed = steps.filter(({ step, outcome }) => step !== 'check-tokenizer' && outcome !== 'up to date')
  const [training] = changed.filter(({ step }) => step === 'train-tokenizer')
  if (training !== undefined) return [reasonOf(training)] // it changes all components
  const work = changed.filter(({ step }) => step !== 'verify')
  const causes = work.filter(({ step }) => step !== 'mix') // it follows from them
  if (work.length > 0) return (causes.length > 0 ? causes : work).map(reasonOf)
  return verify ? [] : changed.map(() => 'its shards are not known to match their stats')
}

function reasonOf ({ component, step, why }: RunStep): string {
  return `${component ?? step}: ${why.replace(/^is done again: /, '')}`
}
