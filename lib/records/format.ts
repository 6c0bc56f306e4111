import type { FileNames } from '../bytes.ts'
import { SluiceError } from '../errors.ts'

/** Formats by file extension; `.gz` or `.zst` may follow it. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  parquet: 'parquet',
  arrow: 'arrow',
  feather: 'arrow',
  csv: 'csv',
  tsv: 'csv',
  txt: 'text',
  jsonl: 'json',
  ndjson: 'json',
  json: 'json'
}

/** Aliases of formats. */
const ALIASES: Readonly<Record<string, string>> = { jsonl: 'json', ndjson: 'json', txt: 'text' }

/** The name of a format in sluice: `json` for `jsonl` and `ndjson`. */
export function formatName (given: string): string {
  return Object.hasOwn(ALIASES, given) ? ALIASES[given]! : given
}

/** The format of a file by its extension; null for an unknown one. */
export function formatOfName (name: string): string | null {
  const extension = /\.(\w+)(?:\.gz|\.zst)?$/.exec(name)?.[1]?.toLowerCase() ?? ''
  return Object.hasOwn(EXTENSIONS, extension) ? EXTENSIONS[extension]! : null
}

/**
 * The format of files or globs by their extensions; `json` if these are unknown.
 *
 * @throws SluiceError `ERR_OPTION` for files of several formats
 */
export function formatByNames (names: FileNames): string {
  const found = new Map<string, string>()
  for (const name of [names].flat()) {
    const format = formatOfName(name)
    if (format !== null && !found.has(format)) found.set(format, name)
  }
  if (found.size <= 1) return [...found.keys()][0] ?? 'json'
  const examples = [...found].map(([format, name]) => `${name}: ${format}`).join(', ')
  throw new SluiceError('ERR_OPTION', `dataset: the files have several formats (${examples}); ` +
    'read each format separately, or name the format of all of them (--dataset)')
}
