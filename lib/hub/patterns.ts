/**
 * Which files a path or a glob stands for, and which splits the names of files and folders tell, as `datasets` has it
 * (5.2).
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

/** Tell of the data rather than being data; each is taken where it is asked for by its name. */
const NO_DATA: ReadonlySet<string> = new Set([
  'README.md', 'config.json', 'dataset_info.json', 'dataset_infos.json', 'dummy_data.zip', 'dataset_dict.json'
])

/** Words for the splits that everyone has. */
const SPLIT_WORDS: Readonly<Record<string, readonly string[]>> = {
  train: ['train', 'training'],
  validation: ['validation', 'valid', 'dev', 'val'],
  test: ['test', 'testing', 'eval', 'evaluation']
}

/** These first, in this order. */
export const USUAL_SPLITS = Object.keys(SPLIT_WORDS)

/** What stands around a split's word. */
const BOUND = '[-._ 0-9]'

const DIGITS = '[0-9]'.repeat(5)

/** `data/train-00000-of-00005.parquet`, and a hash behind the numbers. */
function shardGlob (split: string): string {
  return `data/${split}-${DIGITS}-of-${DIGITS}*.*`
}

function bySplit (globsOf: (word: string) => readonly string[]): SplitPatterns[] {
  return Object.entries(SPLIT_WORDS).map(([split, words]) => ({ split, paths: words.flatMap(globsOf) }))
}

/**
 * Sets of splits: the first of them of which there is a file is taken, and of it the splits of which there are files.
 */
const NAMINGS: ReadonlyArray<readonly SplitPatterns[]> = [
  [{ split: 'logs', paths: ['**/*.eval'] }],
  [{ split: 'test', paths: ['**/task.toml', '**/instruction.md'] }],
  bySplit(word =>
    [`**/${word}/**`, `**/${word}${BOUND}*/**`, `**/*${BOUND}${word}/**`, `**/*${BOUND}${word}${BOUND}*/**`]),
  bySplit(word => [`**/${word}${BOUND}*`, `**/*${BOUND}${word}${BOUND}*`]),
  [{ split: 'train', paths: ['**'] }]
]

/** Whether a split can have that name: words of letters, digits and `_`, with dots between them. */
export function isSplitName (name: string): boolean {
  return /^[\p{L}\p{N}_]+(?:\.[\p{L}\p{N}_]+)*$/u.test(name)
}

/**
 * Files in the order of their paths' code points, in which `datasets` streams those of a glob. (JavaScript's own order
 * is that of UTF-16, where 🚤 comes before ﬁ.)
 */
export function sortFiles (files: readonly HubFile[]): HubFile[] {
  return files
    .map(file => ({ file, bytes: Buffer.from(file.path) }))
    .sort((a, b) => a.bytes.compare(b.bytes))
    .map(({ file }) => file)
}

/** A path below a folder, without `.` parts and doubled slashes. */
export function joinPath (folder: string, path: string): string {
  return `${folder}/${path}`.split('/').filter(part => part !== '' && part !== '.').join('/')
}

/**
 * The files that a path or a glob stands for. Left out, unless the glob names them: hidden ones, those in folders whose
 * names begin with `__`, and files such as README.md.
 *
 * @param files in their order (see `sortFiles`)
 * @param glob from the root of the repository
 * @param budget of all globs that are matched for one purpose
 * @throws SluiceError `ERR_DATASET` for a glob that can't be read, and when the budget is spent
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
 * The splits that the names below a folder tell, and the globs of each, from the root of the repository; the usual ones
 * first. None where there is no file.
 *
 * @param files in their order
 * @param folder '' for the root
 * @throws SluiceError `ERR_DATASET` where files are named as shards of a split that can't have that name
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
    throw new SluiceError('ERR_DATASET', `${JSON.stringify(wrong)}, the split that the names of the files in ` +
      `${joinPath(folder, 'data')} tell, is no name of a split (letters, digits, _ and dots); ` +
      `name the files with data_files, such as ${joinPath(folder, shardGlob(wrong))}`)
  }
  const sorted = [
    ...USUAL_SPLITS.filter(split => names.has(split)),
    ...[...names].filter(name => !USUAL_SPLITS.includes(name)).sort()
  ]
  return sorted.map(split => ({ split, paths: [joinPath(folder, shardGlob(split))] }))
}

/**
 * Of the files that a split's paths and globs stand for, those that have an ending of data; each once, where it comes
 * first.
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
