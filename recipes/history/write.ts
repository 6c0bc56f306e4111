import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { type InputFile, STANDARD_STREAM } from '../../lib/bytes.ts'
import { allInOrder } from '../../lib/errors.ts'
import { isHubName } from '../../lib/hub/address.ts'
import { writeFileWhole } from '../../lib/output/open.ts'
import { makeFolder, removeLeftovers, writing } from '../../lib/output/output.ts'
import { packageVersion } from '../../lib/package.ts'
import { maskSecrets } from '../../lib/text/mask-secrets.ts'
import type { FoundComponent } from '../manifest/found.ts'
import type { Manifest } from '../manifest/schema.ts'
import type { MixStats } from '../mixture/mix/stats.ts'
import type { MixtureStats } from '../mixture/stats.ts'
import { type RunRecord, type RunSource, runHash, readRunsIn } from './read.ts'

/** The content of a run's record. */
export interface FinishedRun {
  readonly runsDir: string
  readonly name: string
  readonly manifest: Pick<Manifest, 'path' | 'text' | 'sha256'>
  readonly stats: MixtureStats
  /** The file that the stats were written to. */
  readonly statsPath: string
  readonly inputs: readonly RunSource[]
  /** The stats of the training set that was made of the shards. */
  readonly trainingSet?: MixStats | undefined
}

/**
 * Writes the record of a finished run, `<runsDir>/<name>/<utc>-<hash>.json`. None is written if the last record of that
 * name has the same hash, as it describes the same results. Existing records are never replaced.
 *
 * @param run its `inputs` are what `sourcesOf` returned when the run started
 * @returns the path of the record that describes this run
 * @throws SluiceError `ERR_OUTPUT`; `ERR_RUN` when the folder can't be read
 */
export async function writeRunRecord (run: FinishedRun): Promise<string> {
  const { runsDir, name, manifest: { path, text, sha256 }, stats, statsPath, inputs, trainingSet } = run
  const folder = join(runsDir, folderName(name))
  const { runs } = await readRunsIn(folder)
  const sameName = runs.filter(({ record }) => record.name === maskSecrets(name).text)
  const [last] = sameName.toSorted((a, b) => b.record.run - a.record.run)
  const now = new Date().toISOString()
  const record = withoutSecrets({
    format: 1,
    name,
    run: (last?.record.run ?? 0) + 1,
    finished_at_utc: now,
    sluice: packageVersion(),
    node: process.version,
    manifest: { path, sha256, text },
    masked: 0,
    stats_path: statsPath,
    tokenizer: stats.tokenizer,
    sources: inputs,
    stats,
    ...(trainingSet !== undefined && { training_set: trainingSet })
  })
  const hash = runHash(record)
  if (last?.hash === hash) return last.path
  await writing(folder, async () => {
    await makeFolder(folder)
    await removeLeftovers(folder, file => file.endsWith('.json'))
  })
  const written = freePath(join(folder, `${now.replace(/[-:]|\.\d+/g, '')}-${hash}`))
  await writeFileWhole(written, JSON.stringify(record, null, 2) + '\n')
  return written
}

/** The name of a manifest's runs: its `name`, otherwise its file name without extension. */
export function runName ({ name, path }: Pick<Manifest, 'name' | 'path'>): string {
  return name ?? parse(path).name
}

/**
 * The sources of components: their files with current sizes and dates, the modules of custom stages, and the models of
 * filters. Inputs that are not regular files have neither size nor date. Files on the Hub have no date, but are named
 * with their commit.
 */
export async function sourcesOf (components: readonly FoundComponent[]): Promise<RunSource[]> {
  return await allInOrder(components.map(sourceOf))
}

async function sourceOf (component: FoundComponent): Promise<RunSource> {
  const { name, dataset, subset, split, revision, filters } = component
  const files: SourceFile[] = []
  for (const file of component.files) files.push(await sourceFile(file))
  const stages = filters.flatMap(({ module }) => module ?? [])
  const modules = stages.map(({ module, sha256 }) => ({ module, sha256 }))
  const models = filters.flatMap(({ model }) => model ?? [])
  return {
    component: name,
    dataset,
    subset,
    split,
    revision,
    files,
    ...(modules.length > 0 && { modules }),
    ...(models.length > 0 && { models })
  }
}

type SourceFile = RunSource['files'][number]

async function sourceFile ({ path, size }: InputFile): Promise<SourceFile> {
  if (isHubName(path)) return { path, bytes: size, modified_at_utc: null }
  const status = path === STANDARD_STREAM ? null : await stat(path).catch(() => null)
  if (status?.isFile() !== true) return { path, bytes: null, modified_at_utc: null }
  return { path, bytes: status.size, modified_at_utc: status.mtime.toISOString() }
}

/** The record as plain JSON, with the secrets in its texts masked and counted. */
function withoutSecrets (record: RunRecord): RunRecord {
  let total = 0
  const safe = JSON.parse(JSON.stringify(record), (_key, value: unknown) => {
    if (typeof value !== 'string') return value
    const { text, masked } = maskSecrets(value)
    total += masked
    return text
  }) as RunRecord
  return { ...safe, masked: total }
}

/** A name as the name of a folder: without slashes, not hidden, and at most 255 bytes long. */
export function folderName (name: string): string {
  return maskSecrets(name).text.replace(/[/\\\p{Cc}]/gu, '_').replace(/^\./, '_').slice(0, 80).toWellFormed()
}

function freePath (stem: string): string {
  let path = `${stem}.json`
  for (let n = 2; existsSync(path); n++) path = `${stem}-${n}.json`
  return path
}
