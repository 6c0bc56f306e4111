import { SluiceError } from '../../../lib/errors.ts'
import { isHubName } from '../../../lib/hub/address.ts'
import type { Tokenizer } from '../../../lib/tokenizer/tokenizer.ts'
import { type ShardJob, type ShardOptions, shardJob } from '../../components/shard-job.ts'
import type { FindByName, FoundComponent, Mixture } from '../../manifest/found.ts'
import { processMixtureOptions } from '../../process-mixture.ts'
import { type MixtureRun, loadTokenizerOf } from '../mixture.ts'
import { readMixture } from '../read.ts'
import { readMarker } from './commit.ts'
import { mapFolder, unitMarker } from './places.ts'
import { plannedFile, settingsHash, withFormat } from './plan.ts'
import type { Plan, PlannedComponent } from './plan-schema.ts'
import type { StoredUnit } from './unit-reader.ts'
import type { UnitMarker } from './unit-writer.ts'

/** A component of a plan, with its job. */
export interface TaskComponent {
  readonly index: number
  readonly planned: PlannedComponent
  readonly component: FoundComponent
  readonly job: ShardJob
}

/** A plan, with the manifest as it was planned. */
export interface Work {
  readonly plan: Plan
  /** The folder of the plan. */
  readonly folder: string
  readonly mixture: Mixture
  readonly tokenizer: Tokenizer
  readonly components: readonly TaskComponent[]
  readonly options: ShardOptions & MixtureRun
  /** The options of `process-mixture`. */
  readonly asked: ReturnType<typeof processMixtureOptions.parse>
}

/**
 * Reads what a task of a plan needs. Files are those of the plan; no folder is listed.
 *
 * @throws SluiceError `ERR_PLAN` when the manifest or the tokenizer has changed; as `readManifest`
 */
export async function openWork (
  plan: Plan, run: MixtureRun & { readonly workers?: number | undefined }
): Promise<Work> {
  const asked = processMixtureOptions.parse({ ...plan.options, workers: run.workers })
  const find: FindByName = name => Promise.resolve(plan.found[name] ?? [])
  const read = await readMixture(plan.manifest.path, { ...asked, ...run, find })
  if (read.sha256 !== plan.manifest.sha256) throw outdated(`the manifest ${read.path} has changed`)
  const { tokenizer, tokenizerPath } = await loadTokenizerOf(read, asked, run.tokenizer)
  if (tokenizer.sha256 !== plan.tokenizer.sha256) throw outdated(`the tokenizer ${tokenizerPath} has changed`)
  const mixture = { ...read, datasets: read.datasets.map(component => withFormat(component, asked.format)) }
  const options: Work['options'] = { ...asked, ...run, tokenizer }
  const components = mixture.datasets.map((component, index) => {
    const planned = plan.components[index]!
    const job = shardJob(component, component, null, options)
    if (planned.whole === null && settingsHash(job) !== planned.settings_sha256) {
      throw outdated(`the settings of component ${component.name}, such as a model or a module, have changed`)
    }
    return { index, planned, component, job }
  })
  return { plan, folder: plan.folder, mixture, tokenizer, components, options, asked }
}

function outdated (what: string): SluiceError {
  return new SluiceError('ERR_PLAN', `${what} since the plan was made; plan again (sluice plan)`)
}

/** @throws SluiceError `ERR_PLAN` when an input file has changed since the plan was made */
export async function checkInput ({ planned }: TaskComponent, file: number): Promise<void> {
  const { path, size, modified } = planned.files[file]!
  if (isHubName(path)) return
  const now = await plannedFile(path)
  // File systems of clusters round dates to seconds.
  const isSameTime = Math.abs(Date.parse(now.modified) - Date.parse(modified)) < 1000
  if (now.size === size && isSameTime) return
  const what = now.size === size ? `modified at ${now.modified}, was ${modified}` : `${now.size} bytes, was ${size}`
  throw outdated(`the input ${path} has changed (${what})`)
}

/** The marker of a unit; null if no task has completed it. */
export async function markerOf (folder: string, index: number, unit: number): Promise<UnitMarker | null> {
  return await readMarker<UnitMarker>(unitMarker(folder, index, unit))
}

/** The units of a component. @throws SluiceError `ERR_PLAN` when one is missing */
export async function storedUnits ({ folder }: Work, { index, planned }: TaskComponent): Promise<StoredUnit[]> {
  const units: StoredUnit[] = []
  for (const number of planned.units.keys()) {
    const marker = await markerOf(folder, index, number)
    if (marker === null) {
      const mistake = `${planned.name}: unit ${number} of ${planned.units.length} was not mapped`
      throw new SluiceError('ERR_PLAN', `${mistake}; run the map phase to its end first (sluice status ${folder})`)
    }
    units.push({ folder: mapFolder(folder, index), marker, number })
  }
  return units
}
