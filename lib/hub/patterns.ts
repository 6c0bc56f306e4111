/**
 * Which files a path or a glob selects, and which splits the names of files and folders imply, as in `datasets` (5.2).
 */
import { compileGlob, isGlob, matchingBudget } from './glob.ts'
import { baseName, isDataFile } from './formats.ts'
import type { HubFile } from './types.ts'
import { SluiceError } from '../errors.ts'

/** A split's name, and the paths and globs of its files. */
export interface SplitPatterns {
  readonly split: string
  readonly paths: readonly string[]
}

/** Metadata files, which a glob doesn't select; each can be selected by its name. */
const NO_DATA: ReadonlySet<string> = new Set([
  'README.md', 'config.json', 'dataset_info.json', 'dataset_infos.json', 'dummy_data.zip', 'dataset_dict.json'
])

/** Words by which the usual splits are recognized. */
const SPLIT_WORDS: Readonly<Record<string, readonly string[]>> = {
  train: ['train', 'training'],
  validation: ['validation', 'valid', 'dev', 'val'],
  test: ['test', 'testing', 'eval', 'evaluation']
}

/** The usual splits, which come before others, in this order. */
export const USUAL_SPLITS = Object.keys(SPLIT_WORDS)

/** Characters around the word of a split. */
const BOUND = '[-._ 0-9]'

const DIGITS = '[0-9]'.repeat(5)

/** Such as `data/train-00000-of-00005.parquet`; a hash may follow the numbers. */
function shardGlob (split: string): string {
  return `data/${split}-${DIGITS}-of-${DIGITS}*.*`
}

function bySplit (globsOf: (word: string) => readonly string[]): SplitPatterns[] {
  return Object.entries(SPLIT_WORDS).map(([split, words]) => ({ split, paths: words.flatMap(globsOf) }))
}

/** Naming schemes. The first scheme that matches any file is used; splits without files are left out. */
const NAMINGS: ReadonlyArray<readonly SplitPatterns[]> = [
  [{ split: 'logs', paths: ['**/*.eval'] }],
  [{ split: 'test', paths: ['**/task.toml', '**/instruction.md'] }],
  bySplit(word =>
    [`**/${word}/**`, `**/${word}${BOUND}*/**`, `**/*${BOUND}${word}/**`, `**/*${BOUND}${word}${BOUND}*/**`]),
  bySplit(word => [`**/${word}${BOUND}*`, `**/*${BOUND}${word}${BOUND}*`]),
  [{ split: 'train', paths: ['**'] }]
]

/** Whether a text is a valid name of a split: words of letters, digits and `_`, separated by dots. */
export function isSplitName (name: string): boolean {
  return /^[\p{L}\p{N}_]+(?:\.[\p{L}\p{N}_]+)*$/u.test(name)
}

/**
 * Sorts files by the code points of their paths, the order in which `datasets` streams the files of a glob. (JavaScript
 * sorts by UTF-16 code units, where 🚤 comes before ﬁ.)
 */
export function sortFiles (files: readonly HubFile[]): HubFile[] {
  return files
    .map(file => ({ file, bytes: Buffer.from(file.path) }))
    .sort((a, b) => a.bytes.compare(b.bytes))
    .map(({ file }) => file)
}

/** Joins a folder and a path, without `.` parts and repeated slashes. */
export function joinPath (folder: string, path: string): string {
  return `${folder}/${path}`.split('/').filter(part => part !== '' && part !== '.').join('/')
}

/**
 * The files that a path or a glob selects. Hidden files, files in folders whose names start with `__`, and metadata
 * files such as README.md are left out, unless the glob names them.
 *
 * @param files sorted by `sortFiles`
 * @param glob from the root of the repository
 * @param budget shared by all globs that are matched for one purpose
 * @throws SluiceError `ERR_DATASET` for an invalid glob, and when the budget is spent
 */
export function filesMatching (files: readonly HubFile[], glob: string, budget = matchingBudget()): HubFile[] {
  const matches = compileGlob(glob, budget)
  const name = baseName(glob)
  const hidden = hiddenParts(glob)
  const special = specialFolders(glob)
  return files.filter(({ path }) => matches(path) &&
    (baseName(path) === name || !NO_DATA.has(baseName(path))) &&
    specialFolders(path) === special && hiddenParts(path) === hidden)
}

function hiddenParts (path: string): number {
  return path.split('/').filter(part => part.startsWith('.') && !/^\.+$/.test(part)).length
}

function specialFolders (path: string): number {
  return path.split('/').slice(0, -1).filter(part => part.startsWith('__')).length
}

/**
 * Finds splits by the names of files and folders below a folder. The usual splits come first; none are found where
 * there is no file. Their globs are relative to the root of the repository.
 *
 * @param files sorted by `sortFiles`
 * @param folder '' for the root
 * @throws SluiceError `ERR_DATASET` for files named as shards of a split whose name is not valid
 */
export function findSplits (files: readonly HubFile[], folder: string): SplitPatterns[] {
  const budget = matchingBudget()
  const shards = filesMatching(files, joinPath(folder, shardGlob('*')), budget)
  if (shards.length > 0) return shardedSplits(shards, folder)
  for (const naming of NAMINGS) {
    const found = naming
      .map(({ split, paths }) => ({ split, paths: paths.map(path => joinPath(folder, path)) }))
      .filter(({ paths }) => paths.some(path => filesMatching(files, path, budget).length > 0))
    if (found.length > 0) return found
  }
  return []
}

function shardedSplits (shards: readonly HubFile[], folder: string): SplitPatterns[] {
  const names = new Set(shards.map(({ path }) => /^(.+)-\d{5}-of-\d{5}/s.exec(baseName(path))![1]!))
  const wrong = [...names].find(name => !isSplitName(name))
  if (wrong !== undefined) {
    throw new SluiceError('ERR_DATASET', `the files in ${joinPath(folder, 'data')} are named as shards of the split ` +
      `${JSON.stringify(wrong)}, which is not a valid name of a split (letters, digits, _ and dots); ` +
      `name the files with data_files, such as ${joinPath(folder, shardGlob(wrong))}`)
  }
  const sorted = [
    ...USUAL_SPLITS.filter(split => names.has(split)),
    ...[...names].filter(name => !USUAL_SPLITS.includes(name)).sort()
  ]
  return sorted.map(split => ({ split, paths: [joinPath(folder, shardGlob(split))] }))
}

/**
 * The data files that the paths and globs of a split select; each file once, at its first match. `empty` has the paths
 * and globs that select none.
 */
export function dataFilesOf (
  files: readonly HubFile[],
  paths: readonly string[],
  isWanted: (path: string) => boolean = isDataFile
): { readonly files: HubFile[], readonly empty: string[] } {
  const found = new Set<HubFile>()
  const empty: string[] = []
  const budget = matchingBudget()
  const byPath = paths.every(isGlob) ? null : new Map(files.map(file => [file.path, file])) // a card may name each file
  for (const path of paths) {
    const named = byPath === null || isGlob(path) ? undefined : byPath.get(path)
    const all = isGlob(path) ? filesMatching(files, path, budget) : named === undefined ? [] : [named]
    const matching = all.filter(file => isWanted(file.path))
    if (matching.length === 0) empty.push(path)
    for (const file of matching) found.add(file)
  }
  return { files: [...found], empty }
}
