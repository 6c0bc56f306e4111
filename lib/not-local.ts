import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { codeOf } from './errors.ts'
import { maskSecrets } from './text/mask-secrets.ts'
import { shellWord } from './text/shell-word.ts'

/** Programs that copy a file from a URL to standard output, by scheme. */
const PROGRAMS: Readonly<Record<string, string>> = {
  http: 'curl -L',
  https: 'curl -L',
  ftp: 'curl',
  s3: 'aws s3 cp',
  s3a: 'aws s3 cp',
  gs: 'gcloud storage cat',
  gcs: 'gcloud storage cat',
  hdfs: 'hdfs dfs -cat'
}

/**
 * What to do with the name of a file that isn't a path: a URL, or a name that a shell would have expanded. Null for a
 * path, and for names of files on the Hub.
 *
 * @param options.isPiped whether its content can also be piped in
 */
export function notLocal (name: string, { isPiped = true }: { readonly isPiped?: boolean } = {}): string | null {
  if (/^~[^/]*(?:\/|$)/.test(name)) {
    const own = name.startsWith('~/') || name === '~' ? `, such as ${join(homedir(), name.slice(1))}` : ''
    return `${name}: ~ means the home folder only in a shell, at the start of an unquoted word; ` +
      `write the path in full${own}`
  }
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(name.slice(0, 40)) ?? []
  if (scheme === undefined || scheme === 'hf') return null
  const shown = maskSecrets(name.slice(0, 1000)).text
  if (/^file$/i.test(scheme)) return `${shown}: is a URL, expected a path${pathOf(name)}`
  const [, dataset] = /^https?:\/\/huggingface\.co\/datasets\/([\w.-]+\/[\w.-]+)/i.exec(name) ?? []
  if (dataset !== undefined && isPiped) {
    return `${shown}: is a URL on the Hugging Face Hub; ` +
      `name the dataset (--dataset ${dataset}), or its files as hf://datasets/${dataset}/PATH`
  }
  const pipe = isPiped ? pipeOf(shown, PROGRAMS[scheme.toLowerCase()]) : ''
  return `${shown}: is a URL, expected a path; download the file first${pipe}`
}

/** How to pipe in a file from its URL; empty for parquet, which can't be read from a pipe. */
function pipeOf (address: string, program: string | undefined): string {
  const path = address.replace(/[?#].*/s, '')
  const [, format = '', compression] = /(?:\.(?!(?:gz|zst)$)(\w+))?(?:\.(gz|zst))?$/.exec(path)!
  if (program === undefined || format === 'parquet') return ''
  const copied = `${program} ${shellWord(address)}${program.endsWith(' cp') ? ' -' : ''}`
  const unpacked = compression === undefined ? '' : compression === 'gz' ? ' | gzip -dc' : ' | zstd -dc'
  const dataset = FORMATS[format.toLowerCase()]
  return `, or pipe it in: ${copied}${unpacked} | sluice read -${dataset === undefined ? '' : ` ${dataset}`}`
}

/** Flags for formats that follow from the name of a file, but not from standard input. */
const FORMATS: Readonly<Record<string, string>> = {
  txt: '--dataset text',
  csv: '--dataset csv',
  tsv: '--dataset csv --delimiter tab',
  arrow: '--dataset arrow',
  feather: '--dataset arrow'
}

/** Like `notLocal`, for a file that can't be piped in, and could not be opened because it doesn't exist. */
export function notLocalFile (name: string, cause: unknown): string | null {
  return ['ENOENT', 'ENOTDIR'].includes(codeOf(cause) ?? '') ? notLocal(name, { isPiped: false }) : null
}

/** What to do with the name of an output that isn't a path; null for a path. */
export function notLocalOutput (name: string): string | null {
  if (name.startsWith('~/')) return notLocal(name)
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(name.slice(0, 40)) ?? []
  if (scheme === undefined) return null
  if (/^file$/i.test(scheme)) return notLocal(name)
  return `${maskSecrets(name.slice(0, 1000)).text}: is a URL, expected a path; ` +
    'write to a file, and copy it there when it is complete'
}

function pathOf (address: string): string {
  try {
    return `: ${fileURLToPath(address)}`
  } catch { // a file on another host
    return ''
  }
}
