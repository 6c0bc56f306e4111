import type { FileNames } from '../bytes.ts'
import { SluiceError } from '../errors.ts'

/** The formats that the endings of names say, `.gz` and `.zst` behind them or not. */
const ENDINGS: Readonly<Record<string, string>> = { parquet: 'parquet', arrow: 'arrow', feather: 'arrow', csv: 'csv', tsv: 'csv', txt: 'text', jsonl: 'json', ndjson: 'json', json: 'json' }

/** Other words for the formats. */
const WORDS: Readonly<Record<string, string>> = { jsonl: 'json', ndjson: 'json', txt: 'text' }

/** The name that a format has in sluice: `json` for `jsonl` and `ndjson`. */
export function formatName (given: string): string {
  return Object.hasOwn(WORDS, given) ? WORDS[given]! : given
}

/** The format that the ending of a name tells; null where it tells none. */
export function formatOfName (name: string): string | null {
  const ending = /\.(\w+)(?:\.gz|\.zst)?$/.exec(name)?.[1]?.toLowerCase() ?? ''
  return Object.hasOwn(ENDINGS, ending) ? ENDINGS[ending]! : null
}

/**
 * The format that the names of files or globs say; `json` where they say none.
 *
 * @throws SluiceError `ERR_OPTION` where they say several
 */
export function formatByNames (names: FileNames): string {
  const said = new Map<string, string>()
  for (const name of [names].flat()) {
    const format = formatOfName(name)
    if (format !== null && !said.has(format)) said.set(format, name)
  }
  if (said.size <= 1) return [...said.keys()][0] ?? 'json'
  throw new SluiceError('ERR_OPTION', `dataset: the files are of several formats (${[...said].map(([format, name]) => `${name}: ${format}`).join(', ')}); read those of each by themselves, or name the one that all have (--dataset)`)
}
