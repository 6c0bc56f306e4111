/**
 * Which files make up a dataset's subset and split, found as `datasets` (5.2) finds them; without a look at the
 * network.
 */
import { SluiceError } from '../errors.ts'
import type { Card, CardConfig } from './card.ts'
import { convertedSplits } from './converted.ts'
import { type Format, baseName, isDataFile, isFormat, kindOf, mayHold, unreadable } from './formats.ts'
import { isGlob } from './glob.ts'
import { type SplitPatterns, dataFilesOf, findSplits, joinPath, sortFiles } from './patterns.ts'
import { chooseConfig, chooseSplit, chooseSubset, defaultConfig, describedSubset, listed, markedOf } from './subsets.ts'
import type { HubFile } from './types.ts'

/** Paths in a message are no more than these. */
const MOST_PATHS = 10

/** What is asked for. */
export interface DataFilesRequest {
  /** `OWNER/NAME` */
  readonly dataset: string
  /** null: the only one, or the default. */
  readonly subset: string | null
  readonly split: string
  /** Paths and globs from the root of the repository, in place of what card and names tell. */
  readonly dataFiles: string | readonly string[] | null
  /** The files of `refs/convert/parquet`, none where there is no such branch; null: not listed yet. @default null */
  readonly converted?: readonly HubFile[] | null
}

/** Files to read, and how. */
export interface ResolvedData {
  readonly format: Format
  /** null where the dataset has none */
  readonly subset: string | null
  readonly split: string
  /**
   * Each once, in the order in which `datasets` streams them. Where `from` is `converted`, those of
   * `refs/convert/parquet`.
   */
  readonly files: readonly HubFile[]
  /** What the card or a name's ending says of how to read them, such as `sep`, as it stands there. */
  readonly options: Readonly<Record<string, unknown>>
  /**
   * What told which files: the card's `data_files`, the names of files and folders, the request's, the converted
   * parquet.
   */
  readonly from: 'card' | 'patterns' | 'request' | 'converted'
  readonly warnings: readonly string[]
}

/**
 * The dataset's own files can't be read: list those of `refs/convert/parquet`, and ask again with them as `converted`.
 */
export interface NeedsConverted {
  readonly needsConverted: true
  /** Why, in words. */
  readonly reason: string
}

/** A part of a dataset before its files are looked at. */
interface Part {
  readonly subset: string | null
  readonly splits: readonly SplitPatterns[]
  readonly options: Readonly<Record<string, unknown>>
  readonly from: 'card' | 'patterns' | 'request'
  /** Whether only files of the kind that most are of are meant. */
  readonly isFiltered: boolean
  readonly warnings: readonly string[]
}

/** Why a part can't be read. */
interface Unreadable {
  readonly reason: string
}

/**
 * Finds the files.
 *
 * What counts, in this order: the request's `dataFiles`; the card's `configs`; the names of files and folders; and
 * where those give nothing that can be read, the converted parquet. Other than `datasets`, it looks at the subset and
 * split that are asked for alone (what is wrong with another one is no hindrance), and a file that several globs of a
 * split match is read once, not once for each of them.
 *
 * A dataset with a loading script and without `configs` is read by its files' names, with a warning; where a subset is
 * asked for, which only the script knows, or there is nothing to read, from the converted parquet. Its `.txt` files are
 * nothing to read: they are lists of addresses as often as not.
 *
 * @param files all files of the repository, in any order
 * @returns `NeedsConverted` only where `converted` is null and `dataFiles` too
 * @throws SluiceError `ERR_DATASET` that names what there is instead, or what to do: a subset, split or file that isn't
 *   there, files of a kind, or compressed in a way, that isn't read, a dataset that needs a script to be run
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
    : `; it needs that script (${script}) to be run, which sluice, like \`datasets\`, doesn't do`
  throw new SluiceError('ERR_DATASET', `${resolved.reason}${needed}; ` +
    'there is no converted parquet of it either (the branch refs/convert/parquet); ' +
    `files that can be read can be named with data_files, such as data/*.parquet; ${whatThereIs(sorted)}`)
}

/** What the request's own globs make. */
function askedPart (card: Card, request: DataFilesRequest, dataFiles: string | readonly string[]): Part {
  const warnings: string[] = []
  let config: CardConfig | null = null
  if (request.subset === null) config = defaultConfig(card)
  else if (card.configs.length > 0) config = chooseConfig(card, request.subset, request.dataset)
  else if (request.subset !== 'default') {
    warnings.push(`${request.dataset} has no subsets: ${JSON.stringify(request.subset)} is a name here, and no more`)
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

/** What can be read of a dataset that has a script, without it. */
function resolveBeside (
  script: string,
  files: readonly HubFile[],
  card: Card,
  request: DataFilesRequest
): ResolvedData | Unreadable {
  if (request.subset !== null) return { reason: `${request.dataset} has its subsets from a loading script, ${script}` }
  const resolved = resolvePart(files, ownPart(files, card, request), request)
  if ('reason' in resolved) return resolved
  if (resolved.format === 'text') {
    return {
      reason: `${request.dataset} has a loading script, ${script}, and no data beside it but .txt files, ` +
        'which may be lists that the script reads'
    }
  }
  const warning = `${request.dataset} has a loading script, ${script}, which isn't run: ` +
    'files are taken by their names, whatever the script would leave out or change'
  return { ...resolved, warnings: [warning, ...resolved.warnings] }
}

/** What card and names make. */
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

/** The files of a part's split. */
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
      warnings.push(`nothing in ${request.dataset} matches ${path}`)
    }
  }
  if (data.files.length === 0) {
    if (part.from === 'patterns') return nothing
    return { reason: `${of}, ${split}: nothing that has an ending of data matches ${listed(paths)}` }
  }
  const kind = kindOf(data.files.map(({ path }) => path))
  if (!isFormat(kind.name)) {
    return {
      reason: `${of}, ${split}: ${data.files[0]!.path} and its like are ${kind.name ?? 'nothing'} by their names, ` +
        'which isn\'t read'
    }
  }
  const format = kind.name
  let found = data.files
  // As in `datasets`: files without an ending of data are read too where the request names them.
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

/** What the Hub converted; null where it converted nothing. */
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
  const warnings = [`${reason}: the parquet that the Hub made of it is read instead (refs/convert/parquet)`]
  const names = [...new Set(splits.map(({ split }) => split))]
  const name = chooseSplit(names, request.split, `${request.dataset}, ${subset}`, warnings)
  // Where there are both, the whole one stands before the partial one.
  const { split, isPartial, files: found } = splits.find(({ split }) => split === name)!
  if (isPartial) {
    warnings.push(`the Hub converted only the beginning of ${request.dataset}, ${subset}, ${split}: ` +
      'what is read is not all of it')
  }
  return { format: 'parquet', subset, split, files: found, options: {}, from: 'converted', warnings }
}

/** A script that makes a dataset bears its name. */
function scriptOf (files: readonly HubFile[], dataset: string): string | null {
  const name = `${baseName(dataset)}.py`
  return files.some(({ path }) => path === name) ? name : null
}

/**
 * A path or glob of the card's or the request's as one from the repository's root.
 *
 * @throws SluiceError `ERR_DATASET` for one that leads elsewhere
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

/** Why a path stands for no file. */
function whyNot (files: readonly HubFile[], path: string): string {
  if (files.some(file => file.path === path)) return `${path} has no ending that tells what is in it`
  if (files.some(file => file.path.startsWith(path + '/'))) return `${path} is a folder; its files are ${path}/**`
  return `${path} isn't there`
}

/** For a message: files with an ending of data. */
function whatThereIs (files: readonly HubFile[]): string {
  const paths = files.map(({ path }) => path).filter(isDataFile)
  if (paths.length === 0) return 'the repository has no data files'
  const more = paths.length > MOST_PATHS ? ` and ${paths.length - MOST_PATHS} more` : ''
  return `the repository has ${paths.slice(0, MOST_PATHS).join(', ')}${more}`
}
