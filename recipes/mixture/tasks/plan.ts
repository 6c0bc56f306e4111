import { existsSync } from 'node:fs'
import { readFile, rm, stat } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { z } from 'zod'
import { parseOptions, positive } from '../../../lib/options.ts'
import { SluiceError, allInOrder, reasonOf } from '../../../lib/errors.ts'
import { sha256 } from '../../../lib/hash.ts'
import { parseJson } from '../../../lib/json/json.ts'
import { isHubName } from '../../../lib/hub/address.ts'
import { jsonKind, writeOwn } from '../../../lib/output/own-file.ts'
import { makeFolder, writing } from '../../../lib/output/output.ts'
import { packageVersion } from '../../../lib/package.ts'
import { number } from '../../../lib/text/numbers.ts'
import { shellWord } from '../../../lib/text/shell-word.ts'
import { table } from '../../../lib/text/table.ts'
import { findingOnce } from '../../components/find.ts'
import { type ShardJob, type ShardOptions, shardJob } from '../../components/shard-job.ts'
import { checkpointIn } from '../../components/paths.ts'
import { takeoverOption } from '../../jobs/checkpoints.ts'
import { type JobStatus, canResume, runJob } from '../../jobs/job.ts'
import { refuseForeignNext } from '../../jobs/remake.ts'
import { filesWithShards } from '../../components/files.ts'
import { filtersInThreads } from '../../flow/workers/threaded-flow.ts'
import type { FindByName, FoundComponent } from '../../manifest/found.ts'
import { processMixtureOptions } from '../../process-mixture.ts'
import { filterName } from '../../stages.ts'
import {
  type MixtureRun, checkPlaces, loadTokenizerOf, mixtureKeysOf, statsPathOf, statusBeforeRun
} from '../mixture.ts'
import { readMixture } from '../read.ts'
import { readMarker } from './commit.ts'
import { deleteStored, finishMarker, planFile, stagingOf, storedFolders } from './places.ts'
import { PLAN_VERSION, type Plan, type PlannedComponent, type PlannedFile, planSchema } from './plan-schema.ts'
import { unitsOf } from './units.ts'

const OUTPUT_HELP = 'folder for the plan, and for what its tasks store until the end ' +
  '(default: next to the stats, STATS.plan)'
const UNIT_HELP = 'size of a unit of input in bytes: a task stores at least this much at a time'

/** Options of `process-mixture` that a plan keeps, so that every task has them. */
const kept = processMixtureOptions.omit({
  concurrency: true, workers: true, restart: true, takeover: true, checkpointEvery: true, verify: true
})

export const planOptions = kept.extend({
  output: z.string().min(1).optional().describe(OUTPUT_HELP),
  unitBytes: positive.default(64 * 2 ** 20).describe(UNIT_HELP),
  takeover: takeoverOption
}).describe('a manifest -> a plan, whose tasks run anywhere and make the shards that process-mixture makes')

/** Why a component that is finished is no task. */
const UP_TO_DATE = 'it is up to date'

const PLAN_FILE = jsonKind('a plan', 'sluice_plan')

/** The result of `plan`. */
export interface PlanReport {
  /** The path of the plan file. */
  readonly plan: string
  readonly units: number
  /** Bytes of input. */
  readonly bytes: number
  readonly components: readonly PlannedRow[]
}

/** A component of a plan that was made. */
export interface PlannedRow {
  readonly name: string
  readonly units: number
  /** Bytes of its input; 0 if one task makes it. */
  readonly bytes: number
  /** Why one task makes it; null if many tasks do. */
  readonly whole: string | null
}

/**
 * Plans the tasks of a manifest, and writes the plan.
 *
 * @throws SluiceError as `processMixture` before it writes; `ERR_OUTPUT_EXISTS` when the folder has another plan
 */
export async function plan (
  manifestPath: string, options: z.input<typeof planOptions> = {}, run: MixtureRun = {}
): Promise<PlanReport> {
  return await planParsed(manifestPath, parseOptions('plan', planOptions, options), run)
}

/** Like `plan`, with parsed options. */
export async function planParsed (
  manifestPath: string, options: z.output<typeof planOptions>, run: MixtureRun = {}
): Promise<PlanReport> {
  const { output, unitBytes, takeover, ...asked } = options
  const { find, found } = recordingFinds()
  const manifest = await readMixture(manifestPath, { ...asked, ...run, find })
  const { tokenizer, tokenizerPath } = await loadTokenizerOf(manifest, asked, run.tokenizer)
  const stats = statsPathOf(manifest, asked.stats)
  await checkPlaces({ manifest, tokenizerPath }, stats)
  const reading: ShardOptions & MixtureRun = { ...asked, ...run, takeover, tokenizer }
  if (mixtureKeysOf(manifest) !== null) throw new SluiceError('ERR_OPTION', `${manifestPath}: dedup: ${NOT_BY_TASKS}`)
  const datasets = manifest.datasets.map(component => withFormat(component, asked.format))
  const components: PlannedComponent[] = []
  for (const component of datasets) {
    const { shards } = await statusBeforeRun(component, reading)
    components.push(await plannedComponent(component, { is: shards.is, unitBytes }, reading))
  }
  const isDone = components.every(({ whole }) => whole === UP_TO_DATE)
  const folder = output ?? stats.replace(/\.json$/, '') + '.plan'
  const content: Plan = {
    sluice_plan: PLAN_VERSION,
    sluice: packageVersion(),
    node: process.version,
    root: process.cwd(),
    folder: relative(process.cwd(), resolve(folder)),
    manifest: { path: manifestPath, sha256: manifest.sha256 },
    tokenizer: { path: tokenizerPath, sha256: tokenizer.sha256 },
    stats,
    options: JSON.parse(JSON.stringify(asked)) as Record<string, unknown>,
    found: Object.fromEntries(found),
    unit_bytes: unitBytes,
    components
  }
  await writing(folder, () => makeFolder(folder))
  const kept = await earlierPlan(folder, content)
  const hasEnded = await readMarker(finishMarker(folder)) !== null
  if (!hasEnded) refuseOther(folder, kept)
  // What an ended plan has left must not be taken for what the new one has stored.
  if (hasEnded && !isDone) await deleteStored(folder)
  for (const [index, component] of datasets.entries()) {
    if (components[index]!.whole === null) await beginStaging(component, reading)
  }
  await writeOwn(planFile(folder), JSON.stringify(kept ?? content) + '\n', PLAN_FILE)
  if (hasEnded && !isDone) await rm(finishMarker(folder), { force: true })
  return reportOf(folder, kept ?? content)
}

const NOT_BY_TASKS = 'tasks don\'t compare components with each other; set scope: component, or run it without tasks'

/** The component with the format that an option names. */
export function withFormat (component: FoundComponent, format: FoundComponent['format'] | undefined): FoundComponent {
  return { ...component, format: format ?? component.format }
}

function reportOf (folder: string, { components }: Plan): PlanReport {
  const rows = components.map(({ name, units, whole, files }) => {
    const bytes = files.reduce((sum, { size }) => sum + size, 0)
    return { name, units: whole === null ? units.length : 1, bytes, whole }
  })
  return {
    plan: planFile(folder),
    units: rows.reduce((sum, { units }) => sum + units, 0),
    bytes: rows.reduce((sum, { bytes }) => sum + bytes, 0),
    components: rows
  }
}

/** Finds files by name, and records what was found: tasks must not list folders. */
function recordingFinds (): { readonly find: FindByName, readonly found: Map<string, Plan['found'][string]> } {
  const once = findingOnce()
  const found = new Map<string, Plan['found'][string]>()
  const find: FindByName = async name => {
    const files = await once(name)
    found.set(name, files.map(({ path, size }) => ({ path, size })))
    return files
  }
  return { find, found }
}

/** Marks the folder that tasks pack shards into as one of sluice. */
async function beginStaging (component: FoundComponent, options: ShardOptions): Promise<void> {
  const path = checkpointIn(stagingOf(component.outputDir))
  const { plan } = shardJob(component, component, null, options)
  await refuseForeignNext(component.outputDir)
  const startingOver = { ...options, startsOver: true }
  await runJob({ ...plan, path, alsoLocked: [] }, startingOver, () => Promise.resolve([]), job => job.begin())
}

async function plannedComponent (
  component: FoundComponent, { is, unitBytes }: { readonly is: JobStatus['is'], readonly unitBytes: number },
  options: ShardOptions
): Promise<PlannedComponent> {
  const { name } = component
  const job = shardJob(component, component, null, options)
  const whole = is === 'finished' ? UP_TO_DATE : await wholeReason(component)
  const files = whole === null ? await allInOrder(component.files.map(({ path }) => plannedFile(path))) : []
  const units = whole === null ? await unitsOf(component, files, unitBytes) : []
  return { name, whole, settings_sha256: settingsHash(job), files, units }
}

/** Why one task must make a whole component; null if its documents can be processed in units. */
async function wholeReason (component: FoundComponent): Promise<string | null> {
  const { rawDir, hub, files, filters, rejects } = component
  const inOrder = filters.find(({ module }) => module?.inOrder != null)?.module
  if (inOrder !== undefined) return `its stage ${inOrder.stageName} needs all documents in order`
  const inThreads = filtersInThreads(component, rejects !== null)
  if (inThreads < filters.length) {
    return `it keeps rejects, and its filter ${filterName(filters[inThreads]!)} comes after one that compares documents`
  }
  if (rawDir !== null) return 'its documents are copied to raw_dir first'
  if (hub !== null || files.some(({ path }) => isHubName(path))) return 'it is read from the Hub'
  return await canResume(files, filesWithShards(component)) ? null : 'its input can be read only once'
}

/** The SHA-256 of everything, besides its inputs, that the shards of a component depend on. */
export function settingsHash ({ plan: { settings } }: ShardJob): string {
  return sha256(JSON.stringify(settings))
}

/** A file as a plan has it. @throws SluiceError `ERR_FILES` */
export async function plannedFile (path: string): Promise<PlannedFile> {
  const { size, mtime } = await stat(path).catch((cause: unknown) => {
    throw new SluiceError('ERR_FILES', `${path}: cannot be read: ${reasonOf(cause)}`, { cause })
  })
  return { path, size, modified: mtime.toISOString() }
}

/**
 * The plan that is there, if it is the same; components that were finished since are still part of it.
 *
 * @returns null without a plan, undefined if it is another one
 */
async function earlierPlan (folder: string, content: Plan): Promise<Plan | null | undefined> {
  const text = await readFile(planFile(folder), 'utf8').catch(() => null)
  if (text === null) return null
  const there = parseJson(text) as Partial<Plan> | null | undefined
  const components = content.components.map((component, index): PlannedComponent => {
    const before = there?.components?.[index]
    const isBefore = before?.name === component.name && before.settings_sha256 === component.settings_sha256
    return component.whole === UP_TO_DATE && isBefore ? before : component
  })
  const same: Plan = { ...content, components }
  return JSON.stringify(same) + '\n' === text ? same : undefined
}

/** @throws SluiceError `ERR_OUTPUT_EXISTS` when a folder has another plan, or folders in which tasks would store */
function refuseOther (folder: string, earlier: Plan | null | undefined): void {
  const foreign = earlier === null ? storedFolders(folder).find(path => existsSync(path)) : undefined
  if (earlier !== undefined && foreign === undefined) return
  const mistake = earlier === null ? `has ${foreign!}, but no plan` : 'has another plan, whose tasks may be running'
  throw new SluiceError('ERR_OUTPUT_EXISTS', `${folder}: ${mistake}; delete the folder, or name another one (--output)`)
}

/**
 * Reads a plan.
 *
 * @param path of the plan file, or of its folder
 * @throws SluiceError `ERR_PLAN`
 */
export async function readPlan (path: string): Promise<Plan> {
  const file = filePath(path)
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    const advice = 'name the file or the folder that sluice plan has written'
    throw new SluiceError('ERR_PLAN', `${file}: cannot be read: ${reasonOf(cause)}; ${advice}`, { cause })
  })
  const content = parseJson(text)
  const { data, error } = planSchema.safeParse(content)
  if (data === undefined) {
    const [issue] = error.issues
    const what = `is not a plan of this version: ${issue!.path.join('.')}: ${issue!.message}`
    throw new SluiceError('ERR_PLAN', `${file}: ${what}; make it again (sluice plan)`)
  }
  if (data.sluice !== packageVersion()) {
    const versions = `is of sluice ${data.sluice}, this is ${packageVersion()}`
    throw new SluiceError('ERR_PLAN', `${file}: ${versions}; use that version, or plan again`)
  }
  return data
}

/**
 * Checks that a plan is the one at its place on this host.
 *
 * @param path where it was read @throws SluiceError `ERR_PLAN` when another one is there, or none
 */
export async function checkRoot ({ root, folder }: Plan, path: string): Promise<void> {
  const place = join(root, planFile(folder))
  const [there, own] = await Promise.all([place, filePath(path)].map(file => readFile(file, 'utf8').catch(() => null)))
  if (there === own) return
  const mistake = `the plan at ${place} is ${there === null ? 'missing' : 'another one'} on this host`
  throw new SluiceError('ERR_PLAN', `${path}: ${mistake}, expected the same file: paths must mean the same everywhere`)
}

function filePath (path: string): string {
  return path.endsWith('.json') ? path : planFile(path)
}

/** A plan as text: its components, and the commands that run its tasks. */
export function planText ({ plan, units, bytes, components }: PlanReport): string {
  const rows = components.map(({ name, units, bytes, whole }) =>
    [name, number(units), number(bytes), whole === null ? '' : `one task: ${whole}`])
  const task = `  sluice task ${shellWord(plan)} --phase`
  return [
    table([['component', 'units', 'bytes', ''], ...rows]),
    '',
    `Plan: ${plan} (${number(units)} units, ${number(bytes)} bytes). Its tasks, for R from 0 to N - 1:`,
    ...['map', 'decide', 'pack'].map(phase => `${task} ${phase} --rank R --world N`),
    `${task} finish`
  ].join('\n')
}
