/** Finds the files of a dataset's subset and split as `datasets` (5.2) does, without network access. */
import { SluiceError } from '../errors.ts'
import type { Card, CardConfig } from './card.ts'
import { convertedSplits } from './converted.ts'
import { type Format, baseName, isDataFile, isFormat, kindOf, mayHold, unreadable } from './formats.ts'
import { isGlob } from './glob.ts'
import { type SplitPatterns, dataFilesOf, findSplits, joinPath, sortFiles } from './patterns.ts'
import { chooseConfig, chooseSplit, chooseSubset, defaultConfig, describedSubset, listed, markedOf } from './subsets.ts'
import type { HubFile } from './types.ts'

/** A message lists at most this many paths. */
const MAX_PATHS = 10

/** The dataset, subset and split whose files are requested. */
export interface DataFilesRequest {
  /** `OWNER/NAME` */
  readonly dataset: string
  /** null: the only one, or the default. */
  readonly subset: string | null
  readonly split: string
  /** Paths and globs from the root of the repository, used instead of the card and of the names of files. */
  readonly dataFiles: string | readonly string[] | null
  /** The files of `refs/convert/parquet`, empty where there is no such branch; null: not listed yet. @default null */
  readonly converted?: readonly HubFile[] | null
}

/** The files to read, and how to read them. */
export interface ResolvedData {
  readonly format: Format
  /** null where the dataset has none */
  readonly subset: string | null
  readonly split: string
  /**
   * Each file once, in the order in which `datasets` streams them. Where `from` is `converted`, files of
   * `refs/convert/parquet`.
   */
  readonly files: readonly HubFile[]
  /** Reader options given by the card or the file extension, such as `sep`, unchanged. */
  readonly options: Readonly<Record<string, unknown>>
  /**
   * What selected the files: `card` the card's `data_files`, `patterns` the names of files and folders, `request` the
   * request's `dataFiles`, `converted` the converted parquet.
   */
  readonly from: 'card' | 'patterns' | 'request' | 'converted'
  readonly warnings: readonly string[]
}

/**
 * The dataset's own files can't be read: list the files of `refs/convert/parquet`, and call again with them as
 * `converted`.
 */
export interface NeedsConverted {
  readonly needsConverted: true
  /** Why they can't be read, for a message. */
  readonly reason: string
}

/** A subset of a dataset before its files are matched. */
interface Part {
  readonly subset: string | null
  readonly splits: readonly SplitPatterns[]
  readonly options: Readonly<Record<string, unknown>>
  readonly from: 'card' | 'patterns' | 'request'
  /** Whether to use only files of the most frequent kind. */
  readonly isFiltered: boolean
  readonly warnings: readonly string[]
}

/** Why a part can't be read. */
interface Unreadable {
  readonly reason: string
}

/**
 * Finds the files of a subset and split.
 *
 * Files are selected by the first of these that applies: the request's `dataFiles`; the card's `configs`; the names
 * of files and folders. If none of them selects readable files, the converted parquet is used. Unlike `datasets`,
 * only the requested subset and split are checked (mistakes in others don't matter), and a file that several globs of
 * a split match is read once.
 *
 * A dataset with a loading script and without `configs` is read by the names of its files, with a warning. The
 * converted parquet is used instead if a subset is requested, because only the script knows it, or if there are only
 * `.txt` files, which are often lists of addresses for the script.
 *
 * @param files all files of the repository, in any order
 * @returns `NeedsConverted` only where both `converted` and `dataFiles` are null
 * @throws SluiceError `ERR_DATASET`, naming what is available or what to do, for a missing subset, split or file, files
 *   of an unsupported kind or compression, and a dataset that needs its script to be run
 */
export function resolveDataFiles (
  files: readonly HubFile[],
  card: Card,
  request: DataFilesRequest
): ResolvedData | NeedsConverted {
  const sorted = sortFiles(files)
  if (request.dataFiles !== null) {
    const resolved = resolvePart(sorted, askedPart(card, request, request.dataFiles), request)
    if ('reason' in resolved) throw new SluiceError('ERR_DATASET', `${resolved.reason}; ${whatThereIs(sorted)}`)
    return resolved
  }
  const script = card.configs.length === 0 ? scriptOf(sorted, request.dataset) : null
  const resolved = script === null
    ? resolvePart(sorted, ownPart(sorted, card, request), request)
    : resolveBeside(script, sorted, card, request)
  if (!('reason' in resolved)) return resolved
  if (request.converted == null) return { needsConverted: true, reason: resolved.reason }
  const converted = fromConverted(card, request, request.converted, resolved.reason)
  if (converted !== null) return converted
  const needed = script === null
    ? ''
    : `; it needs its loading script (${script}) to be run, which sluice, like \`datasets\`, doesn't do`
  throw new SluiceError('ERR_DATASET', `${resolved.reason}${needed}; ` +
    'there is no converted parquet of it either (the branch refs/convert/parquet); ' +
    `name readable files with data_files, such as data/*.parquet; ${whatThereIs(sorted)}`)
}

/** The part that the request's `dataFiles` select. */
function askedPart (card: Card, request: DataFilesRequest, dataFiles: string | readonly string[]): Part {
  const warnings: string[] = []
  let config: CardConfig | null = null
  if (request.subset === null) config = defaultConfig(card)
  else if (card.configs.length > 0) config = chooseConfig(card, request.subset, request.dataset)
  else if (request.subset !== 'default') {
    warnings.push(`${request.dataset} has no subsets: ${JSON.stringify(request.subset)} is used only as a name`)
  }
  const paths = (typeof dataFiles === 'string' ? [dataFiles] : dataFiles).map(path => pathIn('', path, request.dataset))
  return {
    subset: config?.name ?? request.subset,
    splits: [{ split: 'train', paths }],
    options: config?.options ?? {},
    from: 'request',
    isFiltered: false,
    warnings
  }
}

/** The files of a dataset that can be read without running its loading script. */
function resolveBeside (
  script: string,
  files: readonly HubFile[],
  card: Card,
  request: DataFilesRequest
): ResolvedData | Unreadable {
  if (request.subset !== null) return { reason: `the subsets of ${request.dataset} are in a loading script, ${script}` }
  const resolved = resolvePart(files, ownPart(files, card, request), request)
  if ('reason' in resolved) return resolved
  if (resolved.format === 'text') {
    return {
      reason: `${request.dataset} has a loading script, ${script}, and no other data than .txt files, ` +
        'which may be lists that the script reads'
    }
  }
  const warning = `${request.dataset} has a loading script, ${script}, which isn't run: ` +
    'files are selected by name, and read without what the script would drop or change'
  return { ...resolved, warnings: [warning, ...resolved.warnings] }
}

/** The part that the card selects, or otherwise the names of files. */
function ownPart (files: readonly HubFile[], card: Card, request: DataFilesRequest): Part {
  if (card.configs.length === 0) {
    const described = describedSubset(card)
    if (request.subset !== null && request.subset !== described) {
      chooseSubset(['default'], [], request.subset, request.dataset)
    }
    return {
      subset: request.subset,
      splits: findSplits(files, ''),
      options: {},
      from: 'patterns',
      isFiltered: true,
      warnings: []
    }
  }
  const { name, dataFiles, dataDir, options } = chooseConfig(card, request.subset, request.dataset)
  const folder = pathIn('', dataDir, request.dataset)
  const inFolder = (paths: readonly string[]): string[] => paths.map(path => pathIn(folder, path, request.dataset))
  const splits = dataFiles?.map(({ split, paths }) => ({ split, paths: inFolder(paths) })) ?? findSplits(files, folder)
  return {
    subset: name,
    splits,
    options,
    from: dataFiles === null ? 'patterns' : 'card',
    isFiltered: false,
    warnings: []
  }
}

/** The files of the requested split of a part. */
function resolvePart (files: readonly HubFile[], part: Part, request: DataFilesRequest): ResolvedData | Unreadable {
  const of = part.subset === null ? request.dataset : `${request.dataset}, ${part.subset}`
  const nothing = { reason: `${of} has no data files` }
  if (part.splits.length === 0) return nothing
  const warnings = [...part.warnings]
  const split = chooseSplit(part.splits.map(({ split }) => split), request.split, of, warnings)
  const { paths } = part.splits.find(other => other.split === split)!
  const data = dataFilesOf(files, paths)
  if (part.from !== 'patterns') {
    for (const path of data.empty) {
      if (!isGlob(path)) throw new SluiceError('ERR_DATASET', `${of}: ${whyNot(files, path)}; ${whatThereIs(files)}`)
      warnings.push(`no data file of ${request.dataset} matches ${path}`)
    }
  }
  if (data.files.length === 0) {
    if (part.from === 'patterns') return nothing
    return { reason: `${of}, ${split}: no file with the extension of a data file matches ${listed(paths)}` }
  }
  const kind = kindOf(data.files.map(({ path }) => path))
  if (!isFormat(kind.name)) {
    const why = kind.name === null
      ? 'have no extension of a known kind'
      : `are ${kind.name} by their names, which isn't supported`
    return { reason: `${of}, ${split}: files such as ${data.files[0]!.path} ${why}` }
  }
  const format = kind.name
  let found = data.files
  // As in `datasets`: files that the request names are read whatever their extension.
  if (part.from === 'request') found = dataFilesOf(files, paths, () => true).files
  else if (part.isFiltered) found = found.filter(({ path }) => mayHold(format, path))
  const bad = found.find(({ path }) => unreadable(format, path) !== null)
  if (bad !== undefined) return { reason: `${of}, ${split}: ${bad.path} ${unreadable(format, bad.path)}` }
  return {
    format,
    subset: part.subset,
    split,
    files: found,
    options: { ...kind.options, ...part.options },
    from: part.from,
    warnings
  }
}

/** The parquet converted by the Hub; null if there is none. */
function fromConverted (
  card: Card,
  request: DataFilesRequest,
  files: readonly HubFile[],
  reason: string
): ResolvedData | null {
  const all = convertedSplits(files)
  if (all.length === 0) return null
  const subsets = [...new Set(all.map(({ subset }) => subset))]
  const subset = chooseSubset(subsets, markedOf(card), request.subset, request.dataset)
  const splits = all.filter(split => split.subset === subset)
  const warnings = [`${reason}: the parquet converted by the Hub is read instead (refs/convert/parquet)`]
  const names = [...new Set(splits.map(({ split }) => split))]
  const name = chooseSplit(names, request.split, `${request.dataset}, ${subset}`, warnings)
  // A complete split comes before a partial one.
  const { split, isPartial, files: found } = splits.find(({ split }) => split === name)!
  if (isPartial) {
    warnings.push(`the Hub converted only the beginning of ${request.dataset}, ${subset}, ${split}: ` +
      'the rest is not read')
  }
  return { format: 'parquet', subset, split, files: found, options: {}, from: 'converted', warnings }
}

/** The loading script of a dataset, which has the name of the dataset; null if there is none. */
function scriptOf (files: readonly HubFile[], dataset: string): string | null {
  const name = `${baseName(dataset)}.py`
  return files.some(({ path }) => path === name) ? name : null
}

/**
 * Resolves a path or glob of the card or the request against the root of the repository.
 *
 * @throws SluiceError `ERR_DATASET` for one that leads out of the repository
 */
function pathIn (folder: string, path: string, dataset: string): string {
  const own = `hf://datasets/${dataset}/`
  if (path.startsWith(own)) return joinPath('', path.slice(own.length))
  if (/^\/|^[a-z][a-z0-9+.-]*:\/\/|::/i.test(path) || path.split('/').includes('..')) {
    throw new SluiceError('ERR_DATASET', `data_files ${JSON.stringify(path)}: ` +
      'expected a path or glob in the dataset\'s repository, from its root, such as data/*.parquet')
  }
  return joinPath(folder, path)
}

/** Why a path selects no data file. */
function whyNot (files: readonly HubFile[], path: string): string {
  if (files.some(file => file.path === path)) return `${path} has no extension of a known format`
  if (files.some(file => file.path.startsWith(`${path}/`))) return `${path} is a folder: write ${path}/** for its files`
  return `${path} doesn't exist`
}

/** For a message: the data files of the repository. */
function whatThereIs (files: readonly HubFile[]): string {
  const paths = files.map(({ path }) => path).filter(isDataFile)
  if (paths.length === 0) return 'the repository has no data files'
  const more = paths.length > MAX_PATHS ? ` and ${paths.length - MAX_PATHS} more` : ''
  return `the repository has ${paths.slice(0, MAX_PATHS).join(', ')}${more}`
}
