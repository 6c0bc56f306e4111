import { join } from 'node:path'
import { type Difference, differenceText, differences } from '../jobs/difference.ts'
import { SluiceError, messageOf } from '../../lib/errors.ts'
import { number } from '../../lib/text/numbers.ts'
import type { RunRecord, RunSource, StoredRun } from './read.ts'

/** The numbers of a component that are compared. */
const NUMBERS = ['records', 'kept', 'tokens', 'sequences'] as const

/** A number that differs between two runs. */
export interface NumberDifference {
  readonly component: string
  readonly number: typeof NUMBERS[number]
  /** Null if a run has no such component. */
  readonly before: number | null
  readonly after: number | null
  /** `after` minus `before`; a missing component counts as 0. */
  readonly difference: number
}

/** The differences between two runs; the lists are empty if nothing changed. */
export interface RunDifference {
  /** Paths of the two records. */
  readonly before: string
  readonly after: string
  /**
   * The differences of the manifests as they are written, without defaults. Components are compared by name, as in
   * `datasets.web.filters[1].length.min_chars`.
   */
  readonly settings: readonly Difference[]
  readonly tokenizer: readonly Difference[]
  /**
   * The differences of the sources by component: `web.revision`, `web.files["a.ndjson"].bytes`,
   * `web.modules["./my-stage.js"]`. A file that only one run read is a single difference.
   */
  readonly sources: readonly Difference[]
  readonly versions: readonly Difference[]
  readonly numbers: readonly NumberDifference[]
  /** How many shards are the same, and the paths of those with another SHA-256 and of those that only one run made. */
  readonly shards: {
    readonly same: number
    readonly other: readonly string[]
    readonly removed: readonly string[]
    readonly added: readonly string[]
  }
}

/** Compares two records. @throws SluiceError `ERR_RUN` when a record's text of the manifest can't be read as one */
export async function compareRuns (before: StoredRun, after: StoredRun): Promise<RunDifference> {
  const [a, b] = [before.record, after.record]
  const of = (part: (record: RunRecord) => unknown): Difference[] => differences(part(a), part(b))
  return {
    before: before.path,
    after: after.path,
    settings: differences(await settingsOf(before), await settingsOf(after)),
    tokenizer: of(({ tokenizer }) => tokenizer),
    sources: of(({ sources }) => Object.fromEntries(sources.map(source => [source.component, comparable(source)]))),
    versions: of(({ sluice, node }) => ({ sluice, node })),
    numbers: numbersOf(a, b),
    shards: compareShards(shardsOf(a), shardsOf(b))
  }
}

/** The content of a manifest with its components by name. A manifest may be a bare list of components. */
async function settingsOf ({ path, record }: StoredRun): Promise<unknown> {
  const { parse } = await import('yaml')
  try {
    const content = parse(record.manifest.text, { merge: true, logLevel: 'error' }) as unknown
    const { datasets, ...rest } = (Array.isArray(content) ? { datasets: content } : content) as RecordedManifest
    return { ...rest, datasets: Object.fromEntries(datasets.map(({ name, ...component }) => [name, component])) }
  } catch (cause) {
    const mistake = `the manifest in it can't be read: ${messageOf(cause)}; restore the record from a copy`
    throw new SluiceError('ERR_RUN', `${path}: ${mistake}`, { cause })
  }
}

interface RecordedManifest {
  readonly datasets: ReadonlyArray<{ readonly name: string }>
}

/** A source with its files, modules and models by name, so that their order does not matter. */
function comparable ({ revision, files, modules = [], models = [] }: RunSource): Readonly<Record<string, unknown>> {
  return {
    revision,
    files: Object.fromEntries(files.map(({ path, ...facts }) => [path, facts])),
    modules: Object.fromEntries(modules.map(({ module, sha256 }) => [module, sha256])),
    models: Object.fromEntries(models.map(({ path, sha256 }) => [path, sha256]))
  }
}

function numbersOf (first: RunRecord, second: RunRecord): NumberDifference[] {
  const components = new Set([...first.stats.stats, ...second.stats.stats].map(({ name }) => name))
  const numberIn = ({ stats }: RunRecord, component: string, key: typeof NUMBERS[number]): number | null =>
    stats.stats.find(({ name }) => name === component)?.[key] ?? null
  return [...components].flatMap(component => NUMBERS.map(number => {
    const before = numberIn(first, component, number)
    const after = numberIn(second, component, number)
    return { component, number, before, after, difference: (after ?? 0) - (before ?? 0) }
  })).filter(({ before, after }) => before !== after)
}

/** The SHA-256 of each shard, by path. */
function shardsOf ({ stats }: RunRecord): Map<string, string> {
  return new Map(stats.stats.flatMap(({ output_dir: folder, shard_files: files }) =>
    files.map(({ file, sha256 }) => [join(folder, file), sha256] as const)
  ))
}

function compareShards (
  before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>
): RunDifference['shards'] {
  const both = [...before.keys()].filter(path => after.has(path))
  const other = both.filter(path => before.get(path) !== after.get(path))
  return {
    same: both.length - other.length,
    other,
    removed: [...before.keys()].filter(path => !after.has(path)),
    added: [...after.keys()].filter(path => !before.has(path))
  }
}

/** Shards that are listed by name; further ones are only counted. */
const MAX_NAMES = 3

/** The differences as text. */
export function runDifferenceText ({ before, after, numbers, shards, ...settings }: RunDifference): string {
  const { same, other, removed, added } = shards
  const parts = ['settings', 'tokenizer', 'sources', 'versions'] as const
  const sections: Array<readonly [string, readonly string[]]> = [
    ...parts.map(part => [part, settings[part].map(differenceText)] as const),
    ['numbers', numbers.map(numberText)],
    ['shards', [...some('with another SHA-256', other), ...some('removed', removed), ...some('added', added)]]
  ]
  const changed = sections.filter(([, lines]) => lines.length > 0)
  const all = same + other.length + added.length
  return [
    `${before} -> ${after}`,
    ...changed.flatMap(([title, lines]) => ['', title, ...lines.map(line => `  ${line}`)]),
    '',
    changed.length === 0 ? 'Nothing changed.' : `${number(same)} of ${number(all)} shards are the same.`
  ].join('\n')
}

function numberText ({ component, number: name, before, after, difference }: NumberDifference): string {
  const sign = difference < 0 ? '' : '+'
  return `${component}.${name}: ${amount(before)} -> ${amount(after)} (${sign}${number(difference)})`
}

function some (what: string, paths: readonly string[]): string[] {
  if (paths.length === 0) return []
  const more = paths.length - MAX_NAMES
  const named = paths.slice(0, MAX_NAMES).join(', ')
  return [`${number(paths.length)} ${what}: ${named}${more > 0 ? ` and ${number(more)} more` : ''}`]
}

function amount (value: number | null): string {
  return value === null ? '(none)' : number(value)
}
