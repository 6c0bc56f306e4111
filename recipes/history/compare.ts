import { join } from 'node:path'
import { type Difference, differenceText, differences } from '../jobs/difference.ts'
import { SluiceError, messageOf } from '../../lib/errors.ts'
import { hubAddress, isHubName, withoutRevision } from '../../lib/hub/address.ts'
import { number } from '../../lib/text/numbers.ts'
import type { RunRecord, RunSource, StoredRun } from './read.ts'
import { numbersOfSet } from './training-set.ts'

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
   * `web.modules["./my-stage.js"]`, `web.commit`. A file that only one run read is a single difference.
   */
  readonly sources: readonly Difference[]
  /** The differences of the licences by component. */
  readonly licenses: readonly Difference[]
  readonly versions: readonly Difference[]
  readonly numbers: readonly NumberDifference[]
  /**
   * The differences of the training sets, by side and by source: `train.tokens`, `validation.sequences`,
   * `sources.web.share_reached`, `sources.web.epochs`.
   */
  readonly training_set: readonly Difference[]
  /**
   * How many shards are the same, and the paths of those with another SHA-256 and of those that only one run made.
   * Shards are compared by component, or side of the training set, and name, wherever their folders are.
   */
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
    tokenizer: a.tokenizer.sha256 === b.tokenizer.sha256 ? [] : of(({ tokenizer }) => tokenizer),
    sources: of(({ sources }) => Object.fromEntries(sources.map(source => [source.component, comparable(source)]))),
    licenses: of(({ stats }) => Object.fromEntries(stats.stats.map(({ name, license = null }) => [name, license]))),
    versions: of(({ sluice, node }) => ({ sluice, node })),
    numbers: numbersOf(a, b),
    training_set: of(({ training_set: set }) => numbersOfSet(set)),
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
  const remote = files.find(({ path }) => isHubName(path))
  return {
    revision,
    commit: remote && hubAddress(remote.path).revision,
    files: Object.fromEntries(files.map(({ path, ...facts }) => [withoutRevision(path), facts])),
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

interface ShardAt {
  readonly path: string
  readonly sha256: string
}

/** The shards of a run, by component or side, and file name. */
function shardsOf ({ stats, training_set: set }: RunRecord): Map<string, ShardAt> {
  const parts = [{ of: 'component', all: stats.stats }, { of: 'side', all: set?.stats ?? [] }]
  return new Map(parts.flatMap(({ of, all }) => all.flatMap(({ name, output_dir: folder, shard_files: files }) =>
    files.map(({ file, sha256 }) => [JSON.stringify([of, name, file]), { path: join(folder, file), sha256 }] as const)
  )))
}

function compareShards (
  before: ReadonlyMap<string, ShardAt>, after: ReadonlyMap<string, ShardAt>
): RunDifference['shards'] {
  const both = [...before.keys()].filter(shard => after.has(shard))
  const other = both.filter(shard => before.get(shard)!.sha256 !== after.get(shard)!.sha256)
  const onlyIn = (shards: ReadonlyMap<string, ShardAt>, others: ReadonlyMap<string, ShardAt>): string[] =>
    [...shards].flatMap(([shard, { path }]) => others.has(shard) ? [] : [path])
  return {
    same: both.length - other.length,
    other: other.map(shard => after.get(shard)!.path),
    removed: onlyIn(before, after),
    added: onlyIn(after, before)
  }
}

/** The titles of sections; parts are named as fields of JSON. */
const TITLES = {
  settings: 'settings', tokenizer: 'tokenizer', sources: 'sources', licenses: 'licences', versions: 'versions'
} as const

/** Shards that are listed by name; further ones are only counted. */
const MAX_NAMES = 3

/** The differences as text. */
export function runDifferenceText (difference: RunDifference): string {
  const { before, after, numbers, training_set: set, shards, ...settings } = difference
  const { same, other, removed, added } = shards
  const parts = ['settings', 'tokenizer', 'sources', 'licenses', 'versions'] as const
  const sections: Array<readonly [string, readonly string[]]> = [
    ...parts.map(part => [TITLES[part], settings[part].map(differenceText)] as const),
    ['numbers', numbers.map(numberText)],
    ['training set', set.map(differenceText)],
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
